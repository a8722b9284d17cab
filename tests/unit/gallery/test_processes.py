from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from reknown.gallery.collections import get_collection
from reknown.gallery.faces import find_faces, known_images
from reknown.gallery.templates import load_templates
from reknown.storage.database import open_database, reading

SCRIPT = Path(__file__).with_name("processes.py")


def run(*arguments: object) -> list[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_what_several_processes_add_at_once_is_neither_doubled_nor_lost(location: str) -> None:
    lines = run("together", location, 4, 25)
    assert len(lines) == 4 * 25
    acknowledged = [face_id for line in lines if line != "exists" for face_id in line.split()]
    assert len(acknowledged) == 2 * 25
    engine = open_database(location)
    with reading(engine) as connection:
        assert sorted(load_templates(connection, "friends").face_ids) == sorted(acknowledged)
        assert get_collection(connection, "friends").users == 1
        numbers = [str(number) for number in range(26)]
        assert known_images(connection, "friends", numbers) == set(numbers[:25])
    engine.dispose()


def test_several_processes_may_be_the_first(tmp_path: Path) -> None:
    assert len(run("together", tmp_path / "data", 8, 1)) == 8


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    lines = run("killed", tmp_path, 10)
    acknowledged = {face_id for line in lines for face_id in line.split()}
    engine = open_database(tmp_path)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        found = find_faces(connection, "friends", acknowledged)
        stored = get_collection(connection, "friends").faces
    engine.dispose()
    assert len(acknowledged) > 20
    assert set(found) == acknowledged
    # each kill may leave one image that was stored but not yet acknowledged, never half of one
    assert len(acknowledged) <= stored <= len(acknowledged) + 2 * 10
    assert stored % 2 == 0
