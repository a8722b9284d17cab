"""Many short rounds of writing that end with `kill -9`, and a look at everything after each.

    python -m bench.kills > kills.json
    python -m bench.kills --rounds 10 --folder-rounds 5

Two clients that write, one that deletes, and `reknown enroll` work on one SQLite folder. At a
random moment the server and the enrolment are killed, in either order and up to a fifth of a
second apart; in half of the rounds once the enrolment is at work. The server is started again, and
what was acknowledged by then has to be there, what was deleted gone, the ledger in agreement with
the store, and the database sound. Where `server_crash` has many faces and looks once at the end,
this has few and looks every time; every `--folder-rounds` rounds it begins with an empty folder.
Status 1 for any fault.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import checking, serving
from bench.mixed import Client, Known, Record
from bench.server_load import fill

_ENROLLED = "enrolled"
_PEOPLE = 12
_APART = 0.2
_WRITING = {
    "ReknownImportTemplates": 8.0,
    "CreateUser": 8.0,
    "AssociateFaces": 8.0,
    "TagResource": 4.0,
    "SearchFaces": 4.0,
    "DisassociateFaces": 3.0,
    "DeleteFaces": 3.0,
    "UntagResource": 2.0,
    "CreateCollection": 2.0,
    "DeleteUser": 2.0,
    "IndexFaces": 1.0,
    "DeleteCollection": 1.0,
}
_DELETING = {
    "DeleteFaces": 8.0,
    "ReknownImportTemplates": 4.0,
    "CreateUser": 2.0,
    "AssociateFaces": 2.0,
    "DeleteUser": 2.0,
    "DeleteCollection": 1.0,
    "CreateCollection": 1.0,
}


@dataclass(slots=True)
class Found:
    """What all rounds came to."""

    ready: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[Any] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    enrolled: int = 0


@dataclass(slots=True)
class Enrolment:
    """`reknown enroll` into a collection of its own; every line it prints is an acknowledgement."""

    data: Path
    images: list[bytes]
    record: Record = field(default_factory=lambda: Record({}))
    rounds: int = 0

    def start(self) -> subprocess.Popen[bytes]:
        """With people whom nobody has enrolled before."""
        self.rounds += 1
        people = self.data.parent / f"people-{self.rounds}"
        for number in range(_PEOPLE):
            person = people / f"person-{self.rounds}-{number}"
            person.mkdir(parents=True)
            image = serving.fresh(self.images[number % len(self.images)])
            (person / "image.jpg").write_bytes(image)
        command = [str(serving.REKNOWN), "enroll", str(people), "--data", str(self.data)]
        command += ["--collection", _ENROLLED, "--any-quality", "--json"]
        with self._lines.open("wb") as lines:
            environment = os.environ | {"PYTHONUNBUFFERED": "1"}
            return subprocess.Popen(command, stdout=lines, stderr=lines, env=environment)

    def read(self) -> int:
        """Takes in what the last one has acknowledged; how many."""
        count = 0
        for line in self._lines.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            told = json.loads(line)
            if told["face_id"] is not None:
                known = self.record.known.setdefault(_ENROLLED, Known())
                known.faces[told["face_id"]] = told["subject"]
                known.users.add(told["subject"])
                count += 1
        return count

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until it has acknowledged something, or has ended."""
        while process.poll() is None and not self._lines.stat().st_size:
            time.sleep(0.01)

    @property
    def _lines(self) -> Path:
        return self.data.parent / "enrolment.jsonl"


def main() -> None:
    arguments = _parse()
    chance, found = random.Random(arguments.seed), Found()
    started = time.monotonic()
    left = arguments.rounds
    while left > 0:
        with tempfile.TemporaryDirectory() as folder:
            _folder(Path(folder) / "data", min(left, arguments.folder_rounds), chance, found)
        left -= arguments.folder_rounds
    report = _report(found, time.monotonic() - started)
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.exit(int(bool(found.unsound or found.faults.total())))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--folder-rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _folder(data: Path, rounds: int, chance: random.Random, found: Found) -> None:
    port = serving.free_port()
    server = serving.start(data, port)
    try:
        access = serving.make_key(data, server.address)
        size = argparse.Namespace(clients=3, collections=3, faces=90)
        plans, _ = fill(access, size)
        images = serving.variants(4, chance.randrange(1000))
        for plan, shares in zip(plans, (_WRITING, _WRITING, _DELETING), strict=True):
            plan.shares = shares
        clients = [Client(access, plan, images, b"", crashes=True) for plan in plans]
        enrolment = Enrolment(data, images)
        records = [*(client.record for client in clients), enrolment.record]
        for _ in range(rounds):
            started = time.monotonic()
            _work_and_kill(server, clients, enrolment, chance)
            server = serving.start(data, port)
            found.ready.append(server.ready_seconds)
            found.enrolled += enrolment.read()
            verdict = checking.verdict(serving.RawClient(access), data, records)
            _look(verdict, data, found)
            found.rounds.append(time.monotonic() - started)
            serving.say(
                f"round {len(found.rounds)}: {found.rounds[-1]:.1f} s, "
                f"ready after {server.ready_seconds:.1f} s, enrolled so far: {found.enrolled}"
            )
        found.checked.update(verdict["checked"])
    finally:
        server.process.kill()
        server.process.wait()


def _work_and_kill(
    server: serving.Server, clients: list[Client], enrolment: Enrolment, chance: random.Random
) -> None:
    stop = server.data.parent / "stop"
    threads = [threading.Thread(target=client.work, args=(stop,)) for client in clients]
    enrolling = enrolment.start()
    for thread in threads:
        thread.start()
    if chance.random() < 0.5:
        enrolment.wait(enrolling)
        time.sleep(chance.uniform(0, 1))
    else:
        time.sleep(chance.uniform(0.1, 3))
    victims = [server.process, enrolling]
    chance.shuffle(victims)
    for victim in victims:
        victim.kill()
        time.sleep(chance.uniform(0, _APART))
    stop.touch()
    for thread in threads:
        thread.join()
    for victim in victims:
        victim.wait()
    stop.unlink()


def _look(verdict: dict[str, Any], data: Path, found: Found) -> None:
    faults = {name: verdict[name] for name in checking.FAULTS if verdict[name]}
    if faults:
        found.faults.update(faults)
        found.examples.append(verdict["examples"])
        serving.say(f"faults: {verdict['examples']}")
    with closing(sqlite3.connect(f"file:{data / 'reknown.db'}?mode=ro", uri=True)) as database:
        (sound,) = database.execute("PRAGMA integrity_check").fetchone()
    if sound != "ok":
        found.unsound.append(sound)
        serving.say(sound)


def _report(found: Found, seconds: float) -> dict[str, Any]:
    return {
        "machine": serving.machine(),
        "rounds": len(found.rounds),
        "kills": {"servers": len(found.rounds), "enrolments": len(found.rounds)},
        "seconds": round(seconds),
        "seconds_a_round": round(statistics.median(found.rounds), 1),
        "seconds_to_ready": {
            "median": round(statistics.median(found.ready), 2),
            "max": round(max(found.ready), 2),
        },
        "checked": dict(found.checked) | {"acknowledged_by_enroll": found.enrolled},
        "integrity_check": "ok" if not found.unsound else found.unsound,
        "faults": {name: found.faults[name] for name in checking.FAULTS},
        "examples": found.examples[:10],
    }


if __name__ == "__main__":
    main()
