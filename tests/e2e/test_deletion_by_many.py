"""Several processes enrol, search and delete: what each has deleted is gone when it says so."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reknown.gallery.collections import create_collection
from reknown.storage.database import close_database, open_database
from remains import SPACE, remains, traces

_EACH, _THREADS = 5, 2
_PROCESS = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from reknown.gallery.faces import delete_faces
from reknown.gallery.templates import load_templates
from reknown.gallery.users import delete_user
from reknown.storage.database import close_database, open_database, reading
from remains import enrol

database = open_database(sys.argv[1])

def work(first):
    faces = {{number: enrol(database, number) for number in range(first, first + {_EACH})}}
    for number, face in faces.items():
        with reading(database) as connection:
            load_templates(connection, "friends")
        with database.begin() as connection:
            delete_faces(connection, "friends", [face])
            delete_user(connection, "friends", f"person-{{number:06d}}")
        sys.stdout.write(f"{{number}}\\n")
        sys.stdout.flush()

with ThreadPoolExecutor({_THREADS}) as threads:
    start = int(sys.argv[2])
    list(threads.map(work, range(start, start + {_THREADS * _EACH}, {_EACH})))
close_database(database)
"""


def test_what_several_processes_delete_is_gone_when_they_say_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    database = open_database(data)
    with database.begin() as connection:
        create_collection(connection, "friends", SPACE)
    close_database(database)

    def watch(first: int) -> int:
        command = [sys.executable, "-c", _PROCESS, str(data), str(first)]
        folder = str(Path(__file__).parents[1])
        environment = os.environ | {"PYTHONPATH": folder}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            # here no database is open: who closes its file drops the locks that SQLite has on it
            said = [(number, remains(data, *traces(int(number)))) for number in process.stdout]
        assert process.returncode == 0
        assert [found for found in said if found[1]] == []
        return len(said)

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(watch, (100, 200, 300))) == [_THREADS * _EACH] * 3
    assert [path.name for path in data.iterdir()] == ["reknown.db"]
