"""Run by test_processes: forks processes that use one database at the same time.

    processes.py together LOCATION PROCESSES IMAGES   all add the same images
    processes.py killed LOCATION KILLS                each adds images until it is killed

Prints a line for each face that was acknowledged, or `exists` for an image that was there.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING

import alembic.command  # noqa: F401  once, so that the forked processes start together
import numpy as np

from reknown.biometrics.errors import AlreadyExistsError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import add_faces
from reknown.storage.database import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SPACE = TemplateSpace("tiny", "ab" * 32, 128)
VECTOR = np.eye(1, 128, dtype=np.float32)[0]
FACE = NewFace(Template(VECTOR, SPACE), BoundingBox(0, 0, 1, 1), 1.0, 50)


def fork(work: Callable[[], None]) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


def enrol(database: Database, names: Iterable[str]) -> None:
    try:
        with database.begin() as connection:
            create_collection(connection, "friends", SPACE)
    except AlreadyExistsError:
        pass
    for name in names:
        try:
            with database.begin() as connection:
                image = ImageRecord(name, name, 1, 1)
                records = add_faces(connection, "friends", image, [FACE, FACE], "Ada")
            acknowledged = " ".join(record.face_id for record in records)
        except AlreadyExistsError:
            acknowledged = "exists"
        os.write(1, f"{acknowledged}\n".encode())


def together(location: str, processes: int, images: int) -> int:
    start = time.monotonic() + 0.1

    def work() -> None:
        time.sleep(max(0.0, start - time.monotonic()))
        engine = open_database(location)
        enrol(engine, (str(number) for number in range(images)))
        engine.dispose()

    children = [fork(work) for _ in range(processes)]
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


def killed(location: str, kills: int) -> int:
    def work() -> None:
        engine = open_database(location)
        enrol(engine, (f"{os.getpid()} {number}" for number in range(1_000_000)))

    open_database(location).dispose()
    for _ in range(kills):
        child = fork(work)
        time.sleep(random.uniform(0.02, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return 0


if __name__ == "__main__":
    mode, where, *numbers = sys.argv[1:]
    counts = [int(number) for number in numbers]
    sys.exit(together(where, *counts) if mode == "together" else killed(where, *counts))
