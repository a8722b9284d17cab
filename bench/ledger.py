"""How fast, and in how much memory, `reknown ledger` goes through a long ledger.

    python -m bench.ledger [--rows 1000000]

Writes JSON: for each command rows a second, the peak of its memory in MiB, and the seconds to
its first line, the start of Python included; and how many records a second are written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING
from uuid import UUID

from bench.ledger_rows import fill_ledger
from sqlalchemy import insert

from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.collections import create_collection, require
from reknown.gallery.schema import users
from reknown.ledger.actor import Actor
from reknown.ledger.log import append
from reknown.ledger.records import (
    CandidateRecord,
    IdentifyRecord,
    ProbeRecord,
    SpaceRecord,
    ThresholdRecord,
)
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from reknown.storage.database import Database

_PEOPLE = 10_000
_APPENDED = 1000
_SPACE = TemplateSpace("opencv", "ab" * 32, 128)
# Not getrusage: that counts the memory of the process that started this one too.
_CHILD = """
import sys
from reknown.cli.main import app
try:
    app()
finally:
    status = open("/proc/self/status").read().splitlines()
    sys.stderr.write(next(line.split()[1] for line in status if "VmHWM" in line))
"""
_COMMANDS = {
    "text": (),
    "json": ("--json",),
    "one actor of 100": ("--json", "--actor", "key:7"),
    "an hour": ("--json", "--since", "2026-01-01T03:00", "--until", "2026-01-01T04:00"),
    "the newest 10": ("--json", "--limit", "10"),
    "one request": ("--json", "--request", "request 500"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(folder)
        _fill(database, rows)
        written = _append(database)
        database.dispose()
        found = {name: _measure(folder, words) for name, words in _COMMANDS.items()}
    print(json.dumps({"rows": rows, "appended_per_second": written, "commands": found}, indent=2))


def _fill(database: Database, rows: int) -> None:
    """Searches of a gallery of 10,000 people, a second apart, each with one candidate."""
    with database.begin() as connection:
        create_collection(connection, "people", _SPACE, {})
        made = {"collection_id": require(connection, "people").id, "created_at": ""}
        people = [
            {**made, "name_key": f"person {number}", "subject_id": str(UUID(int=number))}
            for number in range(_PEOPLE)
        ]
        connection.execute(insert(users), people)
    fill_ledger(database, rows, _search)


def _search(number: int) -> IdentifyRecord:
    subject = str(UUID(int=number % _PEOPLE))
    return IdentifyRecord(
        probe=ProbeRecord("image", sha256=f"{number:064x}"),
        space=SpaceRecord(_SPACE.pack, _SPACE.fingerprint),
        threshold=ThresholdRecord(0.36, 80.0, 1e-4),
        searched="subjects",
        gallery_size=_PEOPLE,
        references=_PEOPLE,
        candidates=((CandidateRecord(subject, subject, 0.61, 98.2),),),
    )


def _append(database: Database) -> float:
    """Records a second, each in a transaction of its own."""
    began = time.perf_counter()
    for number in range(_APPENDED):
        with database.begin() as connection:
            append(connection, Actor("key:7", f"late {number}"), "people", _search(number))
    return round(_APPENDED / (time.perf_counter() - began), 1)


def _measure(folder: str, words: tuple[str, ...]) -> dict[str, float]:
    command = [sys.executable, "-c", _CHILD, "ledger", "--data", folder, *words]
    first: float | None = None
    count = 0
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in process.stdout:
            first = first or time.perf_counter() - began
            count += 1
        seconds = time.perf_counter() - began
        peak = int(process.stderr.read())
    assert process.returncode == 0
    assert first is not None
    return {
        "lines": count,
        "seconds": round(seconds, 2),
        "rows_per_second": round(count / seconds),
        "first_line_seconds": round(first, 3),
        "peak_mib": round(peak / 1024, 1),
    }


if __name__ == "__main__":
    main()
