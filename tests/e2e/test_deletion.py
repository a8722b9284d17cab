"""What has been deleted is in no file of the data folder, and what has ended is all in one."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import portraits
from servers import serving

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = (b"external-ada", b"user-ada", b"https://example.com/ada")
# Another process that has the database open, as a worker or a command has.
_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM faces").fetchone(), flush=True)
sys.stdin.read()
"""


def _found(folder: Path, pieces: list[bytes]) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        f"{piece[:20]!r} in {file.name}"
        for file in files
        for data in [file.read_bytes()]
        for piece in pieces
        if piece in data
    }


def _sealed(folder: Path) -> list[bytes]:
    """Templates, and what faces and users are called, as they are stored."""
    stored = "SELECT template FROM faces UNION ALL SELECT sealed_names FROM faces"
    with closing(sqlite3.connect(folder / "reknown.db")) as connection:
        rows = connection.execute(f"{stored} UNION ALL SELECT sealed_names FROM users")
        return [bytes(row[0]) for row in rows]


def test_deleted_means_gone_and_ended_means_complete(tmp_path: Path, cache_folder: Path) -> None:
    data = tmp_path / "data"
    with serving(data, REKNOWN_CACHE=str(cache_folder)) as server:
        client = server.client()
        client.create_collection(CollectionId="people")
        client.create_collection(CollectionId="others")
        image = {"Bytes": portraits.pair()}
        faces = [
            record["Face"]["FaceId"]
            for record in client.index_faces(
                CollectionId="people", Image=image, ExternalImageId="external-ada"
            )["FaceRecords"]
        ]
        client.create_user(CollectionId="people", UserId="user-ada")
        client.associate_faces(CollectionId="people", UserId="user-ada", FaceIds=faces)
        server.reknown("users", "describe", "user-ada", "-c", "people", "--url", _NAMES[2].decode())
        pieces = _sealed(data)
        assert len(pieces) == 5
        assert len({entry.split(" in ")[0] for entry in _found(data, pieces)}) == 5
        assert not _found(data, [*_NAMES])
        holder = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, str(data / "reknown.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdout is not None
        holder.stdout.readline()
        client.delete_user(CollectionId="people", UserId="user-ada")
        assert not _found(data, pieces[-1:])
        client.delete_faces(CollectionId="people", FaceIds=faces)
        assert not _found(data, pieces)
        holder.communicate()

        client.index_faces(CollectionId="others", Image=image, ExternalImageId="external-ada")
        pieces = _sealed(data)
        client.delete_collection(CollectionId="others")
        assert not _found(data, pieces)

        client.index_faces(CollectionId="people", Image=image, ExternalImageId="kept")
        kept = _sealed(data)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
    left = sorted(path.name for path in data.iterdir())
    assert left == ["keys.db", "ledger.checkpoints", "master.key", "reknown.db"]
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(data / "reknown.db", alone)
    assert _sealed(alone) == kept
    assert [line for line in server.log if '"stopped"' in line]
