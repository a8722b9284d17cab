"""Whether a ledger that was tampered with at random is always found to be, and where.

    .venv/bin/python bench/tampering.py [--times 1000] [--seed 0]

A real database is copied, something is done to the copy with SQL, and it is verified. Writes JSON:
for each kind how often it was done, found and named. Ends with 1 if anything was not found.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from tamperings import make_ledger, tampered, verify


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw = random.Random(given.seed)
    done, found, named = Counter[str](), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        original, copy = Path(place) / "original", Path(place) / "copy"
        make_ledger(original)
        false_alarms = verify(original).fault_count
        for _ in range(given.times):
            tampering, verdict = tampered(original, copy, draw)
            done[tampering.kind] += 1
            found[tampering.kind] += bool(verdict.fault_count)
            named[tampering.kind] += tampering.is_named(verdict)
            shutil.rmtree(copy)
    kinds = {
        kind: {"done": done[kind], "found": found[kind], "named": named[kind]}
        for kind in sorted(done)
    }
    totals = {"done": done.total(), "found": found.total(), "named": named.total()}
    document = {"seed": given.seed, "false_alarms": false_alarms, **totals, "kinds": kinds}
    print(json.dumps(document, indent=2))
    return 0 if false_alarms == 0 and found.total() == named.total() == done.total() else 1


if __name__ == "__main__":
    sys.exit(main())
