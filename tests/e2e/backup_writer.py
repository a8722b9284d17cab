"""Run by test_backup: adds and deletes faces until it is told to stop, through the use cases.

    backup_writer.py FOLDER COLLECTION

Prints a line for each change once it is acknowledged: when it was asked for and when acknowledged
(nanoseconds of the clock that all processes share), `add` or `delete`, and the face's id. Ends
when its input does.
"""

from __future__ import annotations

import random
import select
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from contexts import make_context
from reknown.access.vault import read_vault
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.moved import MovedFaces
from reknown.biometrics.records import ImageRecord, MovedFace, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.services.galleries.faces import delete_faces
from reknown.services.galleries.transfer import import_templates
from reknown.services.proofs.signing import sign_as
from reknown.services.sealing import opened_keyring, unlock
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from reknown.services.context import Context

SPACE = TemplateSpace("tiny", "ab" * 32, 128)
VECTOR = np.eye(1, 128, dtype=np.float32)[0]


def add(context: Context, collection: str) -> str:
    face_id = str(uuid4())
    face = NewFace(Template(VECTOR, SPACE), BoundingBox(0, 0, 1, 1), 1.0, 50, face_id=face_id)
    moved = MovedFace(ImageRecord(uuid4().hex * 2, "image", 1, 1), face, f"person {face_id[:2]}")
    assert import_templates(context, collection, MovedFaces.of(SPACE, [moved])) == 1
    return face_id


def main(folder: Path, collection: str) -> None:
    database = open_database(folder)
    with opened_keyring(database, folder) as keyring:
        context = make_context(database)
        unlock(context, keyring, folder, None)
        sign_as(database, read_vault(folder, None))
        _write(context, collection)
    database.dispose()


def _write(context: Context, collection: str) -> None:
    database, chance, there = context.database, random.Random(collection), list[str]()
    with database.begin() as connection:
        create_collection(connection, collection, SPACE)
    while not select.select([sys.stdin], [], [], 0)[0]:
        deletes = len(there) > 3 and chance.random() < 0.4
        asked = time.monotonic_ns()
        if deletes:
            face_id = there.pop(chance.randrange(len(there)))
            delete_faces(context, collection, [face_id], of_users=True)
        else:
            face_id = add(context, collection)
            there.append(face_id)
        word = "delete" if deletes else "add"
        sys.stdout.write(f"{asked} {time.monotonic_ns()} {word} {face_id}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
