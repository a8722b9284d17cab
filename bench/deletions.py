"""What deletions cost, and what they cost others, on SQLite.

    python -m bench.deletions [RATE] > deletions.json

Galleries of 1,000 (small: rewritten at every deletion), 20,000 and 100,000 drawn faces. Eight
clients search (`SearchFaces` without HTTP, each a record in the ledger) for some seconds without
and with RATE deletions a second beside them, turn about, each deletion a transaction with its
record. `plain` are the same deletions without cleaning up behind them, as before there was any.
Milliseconds, from when a deletion was due.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bench import gallery

from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.cache import IndexCache
from reknown.objects.allow import NoObjects
from reknown.services.context import Actor, Context, Platform
from reknown.services.galleries.faces import delete_faces
from reknown.services.searches.search import Query, Unit
from reknown.services.searches.stored import search_by_face
from reknown.storage.file_cleaning import FileCleaner
from reknown.vision.engines import Engines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIZES = (1_000, 20_000, 100_000)
_SEARCHERS, _DELETERS = 8, 16
_SECONDS = 2.0
_TURNS = 2
_QUERY = Query(gallery.COLLECTION, ThresholdChoice(similarity=80), 10, Unit.REFERENCES)


def main() -> None:
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 100.0
    print(json.dumps({size: _measured(size, rate) for size in _SIZES}, indent=1))


def _measured(size: int, rate: float) -> dict[str, Any]:
    # the last ones are deleted, the first ones searched for
    doomed = (gallery.face_id(number) for number in reversed(range(1, size)))
    spent: dict[str, list[list[float]]] = {"none": [], "plain": [], "clean": []}
    with tempfile.TemporaryDirectory() as folder, gallery.filled(Path(folder), size) as filled:
        platform = Platform(
            filled.database,
            Engines(gallery.DrawnPack(), gallery.SPACE.pack),
            cast("Any", None),  # nothing is extracted
            IndexCache(2**30),
            NoObjects(),
        )
        context = Context(platform, Actor("bench"))
        search_by_face(context, _QUERY, gallery.face_id(0))
        for _, how in itertools.product(range(_TURNS), spent):
            with _plain(how == "plain"):
                spent[how].append(_turn(context, doomed if how != "none" else iter(()), rate))
    return {how: _summary(turns) for how, turns in spent.items()}


def _turn(context: Context, doomed: Iterator[str], rate: float) -> list[float]:
    """The seconds of each search, then as negative numbers those of each deletion."""
    end = time.perf_counter() + _SECONDS
    lock, due = threading.Lock(), itertools.count()
    start = time.perf_counter()

    def search(_: int) -> list[float]:
        spent: list[float] = []
        while (began := time.perf_counter()) < end:
            search_by_face(context, _QUERY, gallery.face_id(0))
            spent.append(time.perf_counter() - began)
        return spent

    def delete(_: int) -> list[float]:
        spent: list[float] = []
        while True:
            with lock:
                face_id, moment = next(doomed, None), start + next(due) / rate
            if face_id is None or moment > end:
                return spent
            time.sleep(max(0, moment - time.perf_counter()))
            delete_faces(context, gallery.COLLECTION, [face_id], of_users=True)
            spent.append(moment - time.perf_counter())

    with ThreadPoolExecutor(_SEARCHERS + _DELETERS) as threads:
        jobs: list[Callable[[int], list[float]]] = [*[search] * _SEARCHERS, *[delete] * _DELETERS]
        return [x for done in [threads.submit(job, 0) for job in jobs] for x in done.result()]


@contextmanager
def _plain(yes: bool) -> Iterator[None]:
    """Without cleaning up."""
    clean = FileCleaner.clean
    if yes:
        FileCleaner.clean = lambda *_: True  # type: ignore[method-assign]
    try:
        yield
    finally:
        FileCleaner.clean = clean  # type: ignore[method-assign]


def _summary(turns: list[list[float]]) -> dict[str, Any]:
    both = [x for turn in turns for x in turn]
    return {
        what: {
            "done": len(times),
            "p50": round(1000 * statistics.median(times), 1),
            "p99": round(1000 * statistics.quantiles(times, n=100)[98], 1),
            "max": round(1000 * max(times), 1),
        }
        for what, times in (
            ("searches", [x for x in both if x > 0]),
            ("deletions", [-x for x in both if x < 0]),
        )
        if len(times) > 1
    }


if __name__ == "__main__":
    main()
