"""How long reports of a long ledger take, and in how much memory.

    python -m bench.reports [--rows 1000000] > reports.json

A fifth of the records enrol a face each, a fiftieth refuse a search, and the rest are searches
with a candidate. Writes JSON: seconds and seconds of processor time of each command, the start of
Python included, and the peak of its memory in MiB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import insert

from reknown.ledger import records
from reknown.ledger.codec import encode
from reknown.ledger.schema import events
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from reknown.ledger.codec import Entry
    from reknown.storage.database import Database

_START = datetime(2026, 1, 1, tzinfo=UTC)
_PORTION = 10_000
_DIGEST = "ab" * 32
_SPACE = records.SpaceRecord("opencv", _DIGEST)
_COMMANDS = {
    "transparency": ("report", "transparency", "--since", "2026-01-01", "--until", "2026-12-31"),
    "usage": ("usage", "--month", "2026-01"),
}
# Not getrusage: that counts the memory of the process that started this one too.
_CHILD = """
import sys
from reknown.cli.main import app
try:
    app()
finally:
    status = open("/proc/self/status").read().splitlines()
    sys.stderr.write(chr(10) + next(line.split()[1] for line in status if "VmHWM" in line))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(folder)
        _fill(database, rows)
        database.dispose()
        found = {name: _measure(folder, words) for name, words in _COMMANDS.items()}
    print(json.dumps({"rows": rows, "commands": found}, indent=2))


def _fill(database: Database, rows: int) -> None:
    for first in range(0, rows, _PORTION):
        portion = range(first, min(first + _PORTION, rows))
        with database.begin() as connection:
            connection.execute(insert(events), [_row(number) for number in portion])


def _row(number: int) -> dict[str, Any]:
    row = encode(_entry(number))
    return {
        "at": (_START + timedelta(seconds=number)).isoformat(timespec="microseconds"),
        "actor": f"key:{number % 100}",
        "operation": row.operation,
        "collection": "people",
        "kind": row.kind,
        "version": row.version,
        "detail": row.detail,
        "request_id": f"request {number}",
    }


def _entry(number: int) -> Entry:
    face = str(UUID(int=number))
    if number % 5 == 0:
        return records.EnrolRecord(_DIGEST, _SPACE, (face,), None)
    if number % 50 == 1:
        return records.RefuseSearchRecord("PurposeMissing")
    return records.IdentifyRecord(
        probe=records.ProbeRecord("image", sha256=f"{number:064x}"),
        space=_SPACE,
        threshold=records.ThresholdRecord(0.36, 80.0, 1e-4),
        searched="subjects",
        gallery_size=number,
        references=number,
        candidates=((records.CandidateRecord(face, face, 0.61, 98.2),),),
    )


def _measure(folder: str, words: tuple[str, ...]) -> dict[str, float]:
    before = _processor()
    began = time.perf_counter()
    command = [sys.executable, "-c", _CHILD, *words, "--json", "--data", folder]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(_processor() - before, 1),
        "peak_mib": round(int(done.stderr.split()[-1]) / 1024, 1),
    }


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
