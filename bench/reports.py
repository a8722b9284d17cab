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
from typing import TYPE_CHECKING
from uuid import UUID

from bench.ledger_rows import fill_ledger

from reknown.ledger import records
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from reknown.ledger.codec import Entry

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
        fill_ledger(database, rows, _entry)
        database.dispose()
        found = {name: _measure(folder, words) for name, words in _COMMANDS.items()}
    print(json.dumps({"rows": rows, "commands": found}, indent=2))


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
