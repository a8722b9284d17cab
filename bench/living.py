"""What a search takes after a start, after changes and without a threshold, in large galleries.

    python -m bench.living [FACES...] > living.json

Galleries of drawn faces on SQLite, 128 values each, four faces a person, the last fifth without a
user; then the same without any users. Each line is a whole use case with its record in the ledger.
A start is a new index, with and without its file. Times are in milliseconds, medians where a line
is done more than once.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.gallery import (
    COLLECTION,
    SPACE,
    Drawer,
    DrawnPack,
    Filled,
    enrolled_at,
    face_id,
    filled,
    owned,
)
from bench.pixels import decode_image
from sqlalchemy import update

from reknown.biometrics.among import Among
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.cli.demo_images import EILEEN, jpeg
from reknown.cli.session import open_engine
from reknown.gallery import schema
from reknown.gallery.cache import IndexCache
from reknown.gallery.snapshots import Snapshots
from reknown.objects.allow import NoObjects
from reknown.services.context import Actor, Context, Platform
from reknown.services.galleries.collections import describe_collection
from reknown.services.galleries.enrolment import GroupImage, enrol_group
from reknown.services.galleries.faces import delete_faces, list_faces
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import UserRequest, associate_faces
from reknown.services.searches.search import Query, Unit
from reknown.services.searches.stored import search_by_face
from reknown.vision.engines import Engines

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZES = (100_000, 1_000_000)
_ROUNDS = 15
_STRICT = ThresholdChoice(similarity=80)
_ANY = ThresholdChoice(score=-1.0)


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or _SIZES
    engine = open_engine(None)
    picture = decode_image(jpeg(EILEEN.crop()))
    executor = Drawer(engine.detect(picture.pixels)[0])
    report: dict[str, Any] = {"milliseconds": {}}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name, filled(Path(name), size) as gallery:
            snapshots = Snapshots(gallery.database, Path(name) / "index")
            platform = Platform(
                gallery.database,
                Engines(DrawnPack(), SPACE.pack),
                executor,
                IndexCache(2**32),
                NoObjects(),
            )
            context = Context(platform, Actor("bench"))
            spent = _starts(context, snapshots)
            spent |= _beside(context, lambda: engine.detect(picture.pixels))
            spent |= _steps(context, gallery)
            spent |= _limited(context, gallery)
            with gallery.database.begin() as connection:
                connection.execute(update(schema.faces).values(user_id=None))
                connection.execute(
                    update(schema.collections).values(replaced=schema.collections.c.revision)
                )
            spent["search users, nobody is one, no threshold"] = _of_nobody(_cold(context))
            report["milliseconds"][size] = {step: round(ms, 2) for step, ms in spent.items()}
            report["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            snapshots.close()
    print(json.dumps(report, indent=1))


def _cold(context: Context) -> Context:
    """The same in a process that has just begun."""
    return replace(context, platform=replace(context.platform, indexes=IndexCache(2**32)))


def _starts(context: Context, snapshots: Snapshots) -> dict[str, float]:
    fresh = _timed(lambda: _search(_cold(context)))
    written = _timed(snapshots.close)
    kept = [_timed(lambda: _search(_cold(context))) for _ in range(3)]
    return {
        "first search, no file": fresh,
        "the file is written in": written,
        "first search, with the file": statistics.median(kept),
        "search": _median(lambda: _search(context)),
    }


def _beside(context: Context, detect: Callable[[], object]) -> dict[str, float]:
    """Detections while others open the gallery for the first time, all the time."""
    alone = _median(detect)
    done = threading.Event()

    def open_again() -> None:
        while not done.is_set():
            _search(_cold(context))

    opener = threading.Thread(target=open_again)
    opener.start()
    beside = _median(detect)
    done.set()
    opener.join()
    return {"detection, alone": alone, "detection, beside first searches": beside}


def _steps(context: Context, gallery: Filled) -> dict[str, float]:
    made: list[str] = []

    def insert() -> None:
        found = enrol_group(context, COLLECTION, GroupImage(gallery.random.bytes(32)))
        made.extend(face.face_id for face in found.stored)

    def remove() -> None:
        delete_faces(context, COLLECTION, [made.pop()], of_users=False)

    def associate() -> None:
        chosen = face_id(int(gallery.random.integers(owned(gallery.size), gallery.size)))
        request = UserRequest(COLLECTION, gallery.user())
        associate_faces(context, request, [chosen], _ANY)

    found = {}
    for name, change in (
        ("an insertion", insert),
        ("a deletion", remove),
        ("a new user", associate),
    ):
        changed, searched = [], []
        for _ in range(_ROUNDS):
            changed.append(_timed(change))
            searched.append(_timed(lambda: _search(context)))
        found[name], found[f"search after {name}"] = map(statistics.median, (changed, searched))
    page = PageRequest(limit=1000)
    return found | {
        "search, no threshold": _median(lambda: _search(context, choice=_ANY)),
        "search, 4096 of no threshold": _median(lambda: _search(context, choice=_ANY, limit=4096)),
        "search users, no threshold": _median(lambda: _search(context, Unit.USERS, _ANY, 500)),
        "a page of 1000 faces": _median(lambda: list_faces(context, COLLECTION, page)),
        "describe the collection": _median(lambda: describe_collection(context, COLLECTION)),
    }


def _limited(context: Context, gallery: Filled) -> dict[str, float]:
    """Searches of a part of the gallery."""
    size = gallery.size
    limits = {
        "a user": Among(users=[gallery.user()]),
        "100 users": Among(users=[f"user {number}" for number in range(100)]),
        "1,000 faces": Among(face_ids=gallery.ids(1000)),
        "10,000 faces": Among(face_ids=gallery.ids(10_000)),
        "the last percent": Among(since=enrolled_at(size - size // 100)),
        "the last half": Among(since=enrolled_at(size // 2)),
        "all but the first": Among(since=enrolled_at(1)),
    }
    return {
        f"search among {name}": _median(lambda among=among: _search(context, among=among))  # type: ignore[misc]
        for name, among in limits.items()
    }


def _of_nobody(context: Context) -> float:
    _search(context)
    return _median(lambda: _search(context, Unit.USERS, _ANY, 500))


def _search(
    context: Context,
    unit: Unit = Unit.REFERENCES,
    choice: ThresholdChoice = _STRICT,
    limit: int = 10,
    among: Among | None = None,
) -> None:
    found = search_by_face(context, Query(COLLECTION, choice, limit, unit, among), face_id(0))
    assert len(found.rows) == 1


def _median(work: Callable[[], object]) -> float:
    return statistics.median(_timed(work) for _ in range(_ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
