"""What it costs that templates and names are sealed: import, load, search, pages, enrolment.

    python -m bench.sealing [--faces 1000000] [--single 200] > sealing.json

One gallery with a keyring and one without, on SQLite, in one run, turn by turn, in one thread.
Import and loads are seconds of the processor, and of the clock beside them; the others milliseconds
of the processor, the least and the median; only an enrolment, which waits for the disk, is of the
clock. A search is the fetching of forty templates and the names of ten candidates, which is all
that sealing changes of it. Five faces have a user. With the `src` of another release before this
one in PYTHONPATH the same is measured of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import numpy as np

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.moved import MovedFaces, MovedImages
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery import living
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import add_faces, faces_of_keys, list_faces
from reknown.gallery.restoring import restore_faces
from reknown.gallery.snapshots import open_snapshots
from reknown.gallery.templates import StoredTemplates
from reknown.gallery.users import get_user, list_users
from reknown.services.sealing import opened_keyring
from reknown.storage.database import close_database, open_database, reading
from reknown.storage.rows import roomy_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reknown.storage.database import Database

_SPACE = TemplateSpace("drawn", "0" * 64, 128)
_NAME = "people"
_PORTION = 100_000
_OF_A_USER = 5
_WAYS = ("plain", "sealed")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--single", type=int, default=200)
    options = parser.parse_args()
    with ExitStack() as opened, tempfile.TemporaryDirectory() as name:
        folders = {way: Path(name) / way for way in _WAYS}
        galleries = {way: opened.enter_context(_gallery(folders[way], way)) for way in _WAYS}
        report: dict[str, Any] = {"faces": options.faces, "single": options.single}
        works = {
            "import_s": lambda it: _import(it, options.faces),
            # what has no keyring has no files of its index either
            "cold_load_s": _load,
            "fetch_40_ms": lambda it: _fetch(it, options.faces),
            "ten_candidates_ms": lambda it: _candidates(it, options.faces),
            "page_of_1000_faces_ms": lambda it: _pages(it, list_faces, 1000),
            "page_of_500_users_ms": lambda it: _pages(it, list_users, 500),
            "user_by_name_ms": lambda it: _by_name(it, options.faces),
            "enrol_one_ms": lambda it: _enrol(it, options.single),
        }
        for what, work in works.items():
            report[what] = _each(galleries, work)
        of_file = _from_file(galleries["sealed"], folders["sealed"])
        report["first_search_from_a_file_s"] = of_file
        report["bytes"] = {
            way: {path.name: path.stat().st_size for path in folders[way].glob("*.db")}
            for way in _WAYS
        }
    print(json.dumps(report, indent=1))


def _each(galleries: dict[str, Database], work: Any) -> dict[str, Any]:
    found = {way: work(database) for way, database in galleries.items()}
    plain, sealed = (its[0] if isinstance(its, tuple) else its for its in found.values())
    return found | {"ratio": round(sealed / plain, 2)}


@contextmanager
def _gallery(folder: Path, way: str) -> Iterator[Database]:
    database = open_database(folder)
    with ExitStack() as opened:
        opened.callback(close_database, database)
        if way == "sealed":
            opened.enter_context(opened_keyring(database, folder)).unlock(bytes(32))
        with database.begin() as connection:
            create_collection(connection, _NAME, _SPACE)
        yield database


def _import(database: Database, faces: int) -> tuple[float, float]:
    used = spent = 0.0
    for start in range(0, faces, _PORTION):
        moved = _drawn(start, min(_PORTION, faces - start))
        began, began_cpu = time.perf_counter(), time.process_time()
        with roomy_transaction(database) as connection:
            restore_faces(connection, _NAME, moved)
        used += time.process_time() - began_cpu
        spent += time.perf_counter() - began
    return round(used, 2), round(spent, 2)


def _drawn(start: int, count: int) -> MovedFaces:
    drawn = np.random.default_rng(start)
    vectors = drawn.normal(size=(count, _SPACE.dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [str(UUID(bytes=drawn.bytes(16), version=4)) for _ in range(count)]
    names = [f"{start + number}.jpg" for number in range(count)]
    images = MovedImages(
        [f"{start + number:064x}" for number in range(count)], names, np.full((count, 2), 640)
    )
    boxes = np.tile([0.1, 0.1, 0.2, 0.2], (count, 1))
    ones = np.ones(count)
    called = [f"external {start + number}" for number in range(count)]
    owners = [f"user {(start + number) // _OF_A_USER}" for number in range(count)]
    quality = np.full(count, 60, np.int64)
    return MovedFaces(_SPACE, ids, vectors, boxes, ones, quality, ones, called, owners, images, {})


def _load(database: Database) -> tuple[float, float]:
    began, began_cpu = time.perf_counter(), time.process_time()
    with reading(database) as connection:
        IndexCache(2**31).current(connection, _NAME)
    return round(time.process_time() - began_cpu, 2), round(time.perf_counter() - began, 2)


def _fetch(database: Database, faces: int) -> tuple[float, float]:
    """Of a thousand."""
    drawn = np.random.default_rng(1)
    with reading(database) as connection:
        stored = StoredTemplates(connection, _SPACE.dimension)
        keys = [np.sort(drawn.integers(1, faces + 1, 40)) for _ in range(1000)]
        return _timed(stored.fetch, keys)


def _candidates(database: Database, faces: int) -> tuple[float, float]:
    """Of a thousand."""
    drawn = np.random.default_rng(2)
    with reading(database) as connection:
        keys = [drawn.integers(1, faces + 1, 10).tolist() for _ in range(1000)]
        return _timed(lambda its: faces_of_keys(connection, its), keys)


def _pages(database: Database, ask: Any, limit: int) -> tuple[float, float]:
    """Of thirty, one after the other and from the start again."""
    after: str | None = None

    def next_page(_: int) -> None:
        nonlocal after
        with reading(database) as connection:
            after = ask(connection, _NAME, after=after, limit=limit).next

    return _timed(next_page, range(30))


def _by_name(database: Database, faces: int) -> tuple[float, float]:
    """Of a thousand."""
    drawn = np.random.default_rng(3)

    def find(number: int) -> None:
        with reading(database) as connection:
            get_user(connection, _NAME, f"user {number}")

    return _timed(find, drawn.integers(0, faces // _OF_A_USER, 1000).tolist())


def _timed(work: Callable[[Any], object], given: Iterable[Any]) -> tuple[float, float]:
    times = []
    for each in given:
        began = time.process_time()
        work(each)
        times.append(time.process_time() - began)
    return round(1000 * min(times), 3), round(1000 * statistics.median(times), 3)


def _enrol(database: Database, count: int) -> float:
    """The median of so many faces of an image each, by the clock."""
    times = []
    for number in range(count):
        vector = np.random.default_rng(number).normal(size=_SPACE.dimension).astype(np.float32)
        template = Template(vector / np.linalg.norm(vector), _SPACE)
        face = NewFace(template, BoundingBox(0, 0, 1, 1), 1.0, 60)
        image = ImageRecord(uuid4().hex * 2, "new.jpg", 640, 480)
        began = time.perf_counter()
        with database.begin() as connection:
            add_faces(connection, _NAME, image, [face])
        times.append(time.perf_counter() - began)
    return round(1000 * statistics.median(times), 3)


def _from_file(database: Database, folder: Path) -> tuple[float, float]:
    """What a process that begins reads before its first search, once there is a file."""
    living._WORTH, living._MOST_BEHIND = 0, 0
    snapshots = open_snapshots(database, folder)
    _load(database)
    snapshots.close()
    found = _load(database)
    snapshots.close()
    return found


if __name__ == "__main__":
    main()
