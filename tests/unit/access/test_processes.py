from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from reknown.access.keys import list_keys
from reknown.storage.database import open_database, reading

SCRIPT = Path(__file__).with_name("processes.py")


def test_servers_that_start_at_once_share_a_master_key_and_make_one_key(
    location: str, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    command = [sys.executable, str(SCRIPT), str(folder), location, "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    masters, made = zip(*(line.split() for line in done.stdout.splitlines()), strict=True)
    assert (len(masters), len(set(masters))) == (8, 1)
    (key_id,) = set(made) - {"none"}
    assert made.count(key_id) == 1
    assert [path.name for path in folder.iterdir()] == ["master.key"]
    engine = open_database(location)
    with reading(engine) as connection:
        assert [key.key_id for key in list_keys(connection)] == [key_id]
    engine.dispose()
