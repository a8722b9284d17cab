"""What pages of the console take in a large gallery, and searches beside people who click.

    python -m bench.console [FACES] > console.json

A gallery of 100,000 drawn faces of 25,000 people and 10,000 groups of unknown people, on SQLite.
Each page is asked for over loopback, 30 times in a row, and shown by Chromium where there is one.
Then eight clients search for stored faces
(`SearchFaces`): alone, beside twenty people who ask for a page and two of its pictures
every three seconds, and beside eight strangers who try passwords as fast as they are answered.
Clients share the machine with the server.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
import urllib3
from bench import serving
from bench.gallery import face_id, fill, units
from playwright.sync_api import sync_playwright
from sqlalchemy import insert

from reknown.cli.session import open_engine
from reknown.gallery import schema
from reknown.gallery.collections import create_collection, require
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.synchronize import Event

    from bench.serving import Access

    from reknown.storage.database import Connection

_FACES = 100_000
_GROUPS = 10_000
_LARGEST = 2_000
_COLLECTION = "people"
_WHEN = "2026-01-01T00:00:00.000000+00:00"
_ROUNDS = 30
_SEARCHERS, _PEOPLE, _STRANGERS = 8, 20, 8
_START, _SECONDS = 3.0, 30.0
_PAUSE = 3.0
_PAINTS = 10
_FIRST_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
  for (const each of list.getEntriesByName("first-contentful-paint")) done(each.startTime);
}).observe({type: "paint", buffered: true}))"""
_PROCESSES = multiprocessing.get_context("spawn")
_AT_ONCE = 5_000
_PICTURE = re.compile(r'src="(/console/pictures/[^"]+)"')


def main() -> None:
    size = int(sys.argv[1]) if sys.argv[1:] else _FACES
    with _filled(size) as data, serving.running(data) as server:
        access = serving.make_key(data, server.address)
        visitor = Visitor.of(access)
        report = {
            "machine": serving.machine(),
            "faces": size,
            "groups": _GROUPS,
            "pages": {path: _page(visitor, path) for path in _paths()},
            "first_paint_ms": _painted(visitor),
            "search_ms": {
                name: _searched(access, size, busy, count)
                for name, busy, count in (
                    ("alone", None, 0),
                    (f"beside {_PEOPLE} people", _click, _PEOPLE),
                    (f"beside {_STRANGERS} strangers", _guess, _STRANGERS),
                )
            },
        }
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


@dataclass(slots=True)
class Visitor:
    """A browser of somebody who is signed in; for one thread."""

    address: str
    cookie: str
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    @classmethod
    def of(cls, access: Access) -> Visitor:
        fields = {"name": access.key_id, "password": access.secret}
        answer = _sign_in(urllib3.PoolManager(), access.address, fields)
        assert answer.status == 303, answer.data
        return cls(access.address, answer.headers["set-cookie"].partition(";")[0])

    def get(self, path: str) -> bytes:
        answer = self.pool.request("GET", self.address + path, headers={"cookie": self.cookie})
        assert answer.status == 200, (path, answer.status, answer.data)
        return answer.data


def _sign_in(pool: urllib3.PoolManager, address: str, fields: dict[str, str]) -> Any:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    where = f"{address}/console/sign-in"
    return pool.request("POST", where, body=urlencode(fields), headers=kind, redirect=False)


@contextmanager
def _filled(size: int) -> Iterator[Path]:
    """A data folder whose templates are not sealed, as before there was a keyring."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder))
        with database.begin() as connection:
            create_collection(connection, _COLLECTION, open_engine(None).space)
            fill(connection, size)
            _unknown(connection)
        database.dispose()
        serving.say("filled")
        yield Path(folder)


def _unknown(connection: Connection) -> None:
    """Groups of two sightings each, and the first of many."""
    made = {"collection_id": require(connection, _COLLECTION).id}
    groups = [{**made, "ignored": False, "created_at": _WHEN}] * _GROUPS
    connection.execute(insert(schema.sighting_groups), groups)
    numbers = [1] * _LARGEST + [1 + number % _GROUPS for number in range(2 * _GROUPS)]
    files = {**made, "kind": "image", "fingerprint": "0" * 64, "seen_at": _WHEN}
    for start in range(0, len(numbers), _AT_ONCE):
        rows = range(start, min(start + _AT_ONCE, len(numbers)))
        media = [{**files, "sha256": f"{row:064x}", "name": f"{row}.jpg"} for row in rows]
        connection.execute(insert(schema.media), media)
        seen = [_sighting(row) | made | {"group_id": numbers[row]} for row in rows]
        connection.execute(insert(schema.sightings), seen)


def _sighting(row: int) -> dict[str, Any]:
    return {
        "sighting_id": face_id(-1 - row),
        "medium_id": row + 1,
        "start_ms": 0,
        "end_ms": 0,
        "best_ms": 0,
        "box_left": 0.2,
        "box_top": 0.2,
        "box_width": 0.5,
        "box_height": 0.5,
        "confidence": 0.99,
        "quality": 1 + row % 90,
        "fit": True,
        "shots": 1,
        "template": units(np.ones((1, 128))).tobytes(),
        "created_at": _WHEN,
        "pack": "drawn",
        "fingerprint": "0" * 64,
        "dimension": 128,
        "compared": True,
    }


def _paths() -> Sequence[str]:
    return (
        "/console",
        f"/console/people/{_COLLECTION}",
        f"/console/people/{_COLLECTION}/{face_id(7)}",
        f"/console/unknown/{_COLLECTION}",
        f"/console/unknown/{_COLLECTION}?everybody=yes",
        f"/console/unknown/{_COLLECTION}/1",
        f"/console/unknown/{_COLLECTION}/9",
        f"/console/identify/{_COLLECTION}",
        f"/console/reviews/{_COLLECTION}",
        "/console/compare",
        "/console/ledger",
        "/console/ledger?actor=nobody",
        "/console/ledger/1",
        f"/console/pictures/{_COLLECTION}/person/{face_id(7)}",
        f"/console/pictures/{_COLLECTION}/group/1",
    )


def _painted(visitor: Visitor) -> dict[str, dict[str, float]] | None:
    """From asking for a page to its first paint in Chromium; None where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        return None
    name, _, value = visitor.cookie.partition("=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{"name": name, "value": value, "url": f"{visitor.address}/console"}])
        page = context.new_page()
        found = {}
        for path in _paths()[:-2]:
            spent = []
            for _ in range(_PAINTS):
                page.goto(visitor.address + path)
                spent.append(page.evaluate(_FIRST_PAINT))
            found[path] = {"p50": round(statistics.median(spent), 1), "max": round(max(spent), 1)}
        browser.close()
    return found


def _page(visitor: Visitor, path: str) -> dict[str, float]:
    spent, size = [], 0
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        size = len(visitor.get(path))
        spent.append(1000 * (time.perf_counter() - started))
    return {"bytes": size, **_quantiles(spent)}


def _quantiles(spent: Sequence[float]) -> dict[str, float]:
    parts = statistics.quantiles(spent, n=100)
    return {"count": len(spent), "p50": round(parts[49], 1), "p99": round(parts[98], 1)}


def _searched(
    access: Access, size: int, busy: Callable[[Access, Event], int] | None, count: int
) -> dict[str, Any]:
    """How long searches took while `count` others did that, and how often they did."""
    stop, spent = _PROCESSES.Event(), []
    done: Any = _PROCESSES.Queue()

    def search(number: int) -> None:
        client, draw = serving.RawClient(access), random.Random(number)
        while not stop.is_set():
            body = {"CollectionId": _COLLECTION, "FaceId": face_id(draw.randrange(size))}
            started = time.perf_counter()
            client.must("SearchFaces", body)
            spent.append(1000 * (time.perf_counter() - started))

    others = _PROCESSES.Process(target=_others, args=(access, busy, count, stop, done))
    others.start()
    time.sleep(_START)
    threads = [threading.Thread(target=search, args=(each,)) for each in range(_SEARCHERS)]
    for thread in threads:
        thread.start()
    time.sleep(_SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    beside = done.get()
    others.join()
    return {**_quantiles(spent), "beside": beside}


def _others(
    access: Access,
    busy: Callable[[Access, Event], int] | None,
    count: int,
    stop: Event,
    done: Any,
) -> None:
    """In a process of their own: what they compute does not hold up the threads that search."""
    if busy is None:
        done.put(0)
        return
    with ThreadPoolExecutor(count) as pool:
        done.put(sum(pool.map(lambda _: busy(access, stop), range(count))))


def _click(access: Access, stop: Event) -> int:
    visitor, clicks = Visitor.of(access), 0
    while not stop.wait(_PAUSE * random.uniform(0.5, 1.5)):
        shown = visitor.get(random.choice(_paths()[:-2]))
        for picture in _PICTURE.findall(shown.decode())[:2]:
            visitor.get(picture)
        clicks += 1
    return clicks


def _guess(access: Access, stop: Event) -> int:
    pool, guesses = urllib3.PoolManager(), 0
    while not stop.is_set():
        _sign_in(pool, access.address, {"name": "ada", "password": "not the password"})
        guesses += 1
    return guesses


if __name__ == "__main__":
    main()
