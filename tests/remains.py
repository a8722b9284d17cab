"""Faces and names that can be recognised in files, and what of them is still there."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.faces import add_faces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.storage.database import Database

SPACE = TemplateSpace("tiny", "ab" * 32, 128)
_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM faces").fetchone(), flush=True)
sys.stdin.read()
"""


def remains(folder: Path, *pieces: bytes) -> dict[str, list[bytes]]:
    """What of the pieces is in which file below the folder."""
    contents: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):  # a log may go meanwhile
            contents[str(path.relative_to(folder))] = path.read_bytes()
    found = {name: [piece for piece in pieces if piece in data] for name, data in contents.items()}
    return {name: pieces for name, pieces in found.items() if pieces}


def unit(seed: int, dimension: int = 128) -> NDArray[np.float32]:
    """A unit vector, for each seed another."""
    vector = np.random.default_rng(seed).normal(size=dimension).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def enrol(database: Database, number: int, collection: str = "friends") -> str:
    """A face with an image and a user of its own; its id."""
    face = NewFace(
        Template(unit(number), SPACE), BoundingBox(0, 0, 1, 1), 1.0, 90, f"external-{number:06d}"
    )
    image = ImageRecord(f"{number:064x}", f"picture-{number:06d}.jpg", 640, 480)
    with database.begin() as connection:
        (stored,) = add_faces(connection, collection, image, [face], f"person-{number:06d}")
    return stored.face_id


def traces(number: int) -> tuple[bytes, ...]:
    """What of such a face, its image and its user could be read in a file."""
    names = (f"external-{number:06d}", f"picture-{number:06d}.jpg", f"person-{number:06d}")
    return (unit(number).astype("<f4").tobytes(), *(name.encode() for name in names))


@contextmanager
def held_open(folder: Path) -> Iterator[None]:
    """Another process has the database of the data folder open, as a worker has."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder / "reknown.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        yield
    finally:
        holder.communicate()
