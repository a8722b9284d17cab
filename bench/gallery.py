"""What the gallery takes for one face, one image, one user, and for searches side by side.

    python -m bench.gallery [FACES...] > gallery.json

Galleries of 10,000 and 100,000 drawn faces on SQLite, 128 values each, four faces a person; the
last fifth belongs to no user. Times are medians in milliseconds, each of a whole use case with
its commit, or of one call where it says so; what would change the gallery is rolled back.

The searches (`SearchFaces` without HTTP) run in the largest gallery, on as many threads as the
server would have, for one client and for eight, with BLAS on one thread and on all cores, turn
about.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bench.pixels import decode_image
from sqlalchemy import insert
from threadpoolctl import threadpool_limits

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.cli.demo_images import EILEEN, jpeg
from reknown.cli.session import open_engine
from reknown.gallery import faces, schema, templates, users
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection, require
from reknown.objects.allow import NoObjects
from reknown.services.context import Actor, Context, Platform
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import GroupImage, enrol_group, enrol_subjects
from reknown.services.searches.search import Query, Unit
from reknown.services.searches.stored import search_by_face
from reknown.storage.clock import as_text
from reknown.storage.database import open_database, reading
from reknown.vision.batch import available_cores
from reknown.vision.engines import Engines
from reknown.vision.extraction import ExtractedFace, Extraction, ExtractionPolicy, ImageInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.biometrics.words import VideoReading
    from reknown.storage.database import Connection, Database
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage
    from reknown.vision.packs.store import PackSummary
    from reknown.vision.text.reader import TextReader
    from reknown.vision.text.reading import Reading

_SIZES = (10_000, 100_000)
_DIMENSION = 128
_PER_PERSON = 4
_SPREAD = 0.4
SPACE = TemplateSpace("drawn", "0" * 64, _DIMENSION)
# Strangers of 128 random values never get as far as people's own faces.
_SCALE = Calibration((0.0, 0.5, 0.6), (1.0, 1e-4, 1e-6), "drawn", 10**7)
COLLECTION = "people"
_COUNTS = (1, 3, 10, 500)
_ASSOCIATED = (1, 3, 10, 100)
_AT_ONCE = 5_000
_IMAGES = 20
_MOST_ROUNDS = 30
_SECONDS = 1.0
_SEARCH_SECONDS = 4.0
_CLIENTS = (1, 8)
_TURNS = 2


class DrawnPack:
    """A pack without networks."""

    def load(self, pack: str) -> Engine:
        raise NotImplementedError

    def load_reader(self, pack: str) -> TextReader:
        raise NotImplementedError

    def space(self, pack: str) -> TemplateSpace:
        return SPACE

    def calibration_mark(self, pack: str) -> object:
        return None

    def calibration(self, pack: str) -> Calibration:
        return _SCALE

    def digests(self, pack: str) -> dict[str, str]:
        return {}

    def summaries(self) -> list[PackSummary]:
        return []


@dataclass(slots=True)
class Drawer:
    """The executor without networks: always the same face, always a new template."""

    face: DetectedFace
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(9))
    capacity: int = field(default_factory=available_cores)

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        vector = units(self.random.normal(size=(1, _DIMENSION)))[0]
        image = ImageInfo(sha256(data).hexdigest(), 300, 300)
        return Extraction(image, SPACE, (ExtractedFace(self.face, Template(vector, SPACE)),))

    def abandon(self) -> None:
        """Nothing is elsewhere."""

    def analyse(self, *_: object, **__: object) -> VideoAnalysis:
        raise NotImplementedError

    def decode(self, _: bytes) -> DecodedImage:
        raise NotImplementedError

    def read(self, *_: object) -> Reading:
        raise NotImplementedError

    def read_video(self, *_: object) -> VideoReading:
        raise NotImplementedError


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or _SIZES
    executor = Drawer(open_engine(None).detect(decode_image(jpeg(EILEEN.crop())).pixels)[0])
    report: dict[str, Any] = {"cores": available_cores(), "sqlite": sqlite3.sqlite_version}
    report["milliseconds"] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, filled(Path(folder), size) as gallery:
            platform = Platform(
                gallery.database,
                Engines(DrawnPack(), SPACE.pack),
                executor,
                IndexCache(2**30),
                NoObjects(),
            )
            context = Context(platform, Actor("bench"))
            if size == max(sizes):
                report["searches"] = _searches(context, size)
            spent = _calls(gallery)
            spent["IndexFaces, after the networks"] = _indexed(context)
            spent["enroll, an image, after the networks"] = _enrolled(context)
            report["milliseconds"][size] = {step: round(ms, 2) for step, ms in spent.items()}
    print(json.dumps(report, indent=1))


@dataclass(frozen=True, slots=True)
class Filled:
    """A gallery of `size` faces, and what to ask it for."""

    database: Database
    size: int
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))

    def ids(self, count: int, *, free: bool = False) -> list[str]:
        """Of some faces, or of some without a user."""
        first = owned(self.size) if free else 0
        return [face_id(int(n)) for n in self.random.integers(first, self.size, count)]

    def image(self) -> str:
        return _digest(int(self.random.integers(self.size)))

    def user(self) -> str:
        return f"user {self.random.integers(owned(self.size) // _PER_PERSON)}"

    def read(self, work: Callable[[Connection], object]) -> float:
        def once() -> None:
            with reading(self.database) as connection:
                work(connection)

        return _median(once)

    def write(self, work: Callable[[Connection], object]) -> float:
        def once() -> None:
            with self.database.connect() as connection:
                work(connection)
                connection.rollback()

        return _median(once)


@contextmanager
def filled(folder: Path, size: int) -> Iterator[Filled]:
    database = open_database(folder / "data")
    try:
        with database.begin() as connection:
            create_collection(connection, COLLECTION, SPACE)
            fill(connection, size)
        yield Filled(database, size)
    finally:
        database.dispose()


def fill(connection: Connection, size: int) -> None:
    """Draws so many faces into the collection, four a person, the last fifth without a user."""
    random = np.random.default_rng(1)
    owner = require(connection, COLLECTION).id
    made = {"collection_id": owner, "created_at": "2026-01-01T00:00:00.000000+00:00"}
    people = [
        {**made, "name_key": f"user {number}", "subject_id": face_id(number)}
        for number in range(size // _PER_PERSON)
    ]
    connection.execute(insert(schema.users), people)
    box = {"box_left": 0.2, "box_top": 0.2, "box_width": 0.5, "box_height": 0.5}
    seen = {**made, **box, "confidence": 0.99, "quality": 60}
    image = {"collection_id": owner, "name": "1.jpg", "width": 250, "height": 250}
    for start in range(0, size, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, size))
        centres = np.repeat(
            units(random.normal(size=(len(numbers) // _PER_PERSON, _DIMENSION))), _PER_PERSON, 0
        )
        noise = units(random.normal(size=centres.shape))
        vectors = units(centres + _SPREAD * noise)
        images = [{**image, "sha256": _digest(number)} for number in numbers]
        connection.execute(insert(schema.images), images)
        rows = [
            {
                **seen,
                "face_id": face_id(number),
                "created_at": as_text(enrolled_at(number)),
                "image_id": number + 1,
                "user_id": number // _PER_PERSON + 1 if number < owned(size) else None,
                "template": vector.tobytes(),
            }
            for number, vector in zip(numbers, vectors, strict=True)
        ]
        connection.execute(insert(schema.faces), rows)


def enrolled_at(number: int) -> datetime:
    """A face a second."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)


def owned(size: int) -> int:
    """So many faces, the first ones, have users."""
    return size * 4 // 5


def units(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths, "<f4")


def face_id(number: int) -> str:
    digits = sha256(f"face {number}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _digest(number: int) -> str:
    return sha256(f"image {number}".encode()).hexdigest()


def _calls(gallery: Filled) -> dict[str, float]:
    name = COLLECTION
    found = {
        "find_image": gallery.read(lambda c: faces.find_image(c, name, gallery.image())),
        "list_faces of a user": gallery.read(
            lambda c: faces.list_faces(c, name, user=gallery.user())
        ),
        "templates_of_user": gallery.read(
            lambda c: templates.templates_of_user(c, name, gallery.user())
        ),
    }
    for count in _COUNTS:
        found |= _by_ids(gallery, count)
    for count in _ASSOCIATED:
        found[f"associate_faces, {count}"] = _associated(gallery, count)
    return found


def _by_ids(gallery: Filled, count: int) -> dict[str, float]:
    name, ids = COLLECTION, gallery.ids
    return {
        f"find_faces, {count}": gallery.read(lambda c: faces.find_faces(c, name, ids(count))),
        f"pick_templates, {count}": gallery.read(
            lambda c: templates.pick_templates(c, name, ids(count))
        ),
        f"delete_faces, {count}": gallery.write(lambda c: faces.delete_faces(c, name, ids(count))),
    }


def _associated(gallery: Filled, count: int) -> float:
    def work(connection: Connection) -> None:
        chosen = gallery.ids(count, free=True)
        users.associate_faces(connection, COLLECTION, gallery.user(), chosen)

    return gallery.write(work)


def _median(work: Callable[[], object]) -> float:
    """Milliseconds, of as many rounds as fit into a second or so."""
    work()
    spent: list[float] = []
    while sum(spent) < _SECONDS and len(spent) < _MOST_ROUNDS:
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return 1000 * statistics.median(spent)


def _indexed(context: Context) -> float:
    random = np.random.default_rng(4)
    return _median(lambda: enrol_group(context, COLLECTION, GroupImage(random.bytes(32))))


def _enrolled(context: Context) -> float:
    """An image's share of some, which are looked up side by side and stored one by one."""
    plan = [Enrolee(bytes([number]), f"new {number}") for number in range(_IMAGES)]
    started = time.perf_counter()
    results = list(enrol_subjects(context, COLLECTION, plan))
    spent = time.perf_counter() - started
    assert all(result.face is not None for result in results), results[0].reason
    return 1000 * spent / _IMAGES


def _searches(context: Context, size: int) -> list[dict[str, Any]]:
    query = Query(COLLECTION, ThresholdChoice(similarity=80), 10, Unit.REFERENCES)
    search_by_face(context, query, face_id(0))
    settings = [
        (clients, threads) for clients in _CLIENTS for threads in sorted({1, available_cores()})
    ]
    spent: dict[tuple[int, int], list[float]] = {setting: [] for setting in settings}
    seconds = dict.fromkeys(settings, 0.0)
    for _ in range(_TURNS):
        for clients, threads in settings:
            with threadpool_limits(threads, user_api="blas"):
                started = time.perf_counter()
                spent[clients, threads] += _side_by_side(context, query, size, clients)
                seconds[clients, threads] += time.perf_counter() - started
    return [
        {
            "clients": clients,
            "blas_threads": threads,
            "searches": len(times),
            "searches_per_s": round(len(times) / seconds[clients, threads], 1),
            "p50_ms": round(1000 * float(np.percentile(times, 50)), 1),
            "p99_ms": round(1000 * float(np.percentile(times, 99)), 1),
        }
        for (clients, threads), times in spent.items()
    ]


def _side_by_side(context: Context, query: Query, size: int, clients: int) -> list[float]:
    """Seconds of each search as clients see it that wait for one of the server's threads."""
    end = time.perf_counter() + _SEARCH_SECONDS
    with ThreadPoolExecutor(available_cores()) as server, ThreadPoolExecutor(clients) as crowd:

        def client(seed: int) -> list[float]:
            random, spent = np.random.default_rng(seed), []
            while (started := time.perf_counter()) < end:
                chosen = face_id(int(random.integers(size)))
                found = server.submit(search_by_face, context, query, chosen).result()
                assert len(found.rows[0]) == _PER_PERSON - 1
                spent.append(time.perf_counter() - started)
            return spent

        return [seconds for times in crowd.map(client, range(clients)) for seconds in times]


if __name__ == "__main__":
    main()
