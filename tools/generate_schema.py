"""Writes src/reknown/storage/migrations/new_file.sql: what all migrations make of an empty file.

    .venv/bin/python tools/generate_schema.py [--check]

`--check` writes nothing and ends with 1 when the file is not up to date.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from reknown.storage import migrating
from reknown.storage.database import connect_to
from reknown.storage.modes import DATABASE

_FILE = Path(migrating.__file__).with_name("migrations") / migrating.NEW_FILE
# Where a table is made anew, these come in any order.
_LINKS = re.compile(r"\tFOREIGN KEY.*(\n\tFOREIGN KEY.*)+")
# The ledger of each database has a name of its own.
_DRAWN = re.compile(r"(?<=reknown\.local/)[0-9a-f]{32}(?=')")
_DRAW = "' || lower(hex(randomblob(16))) || '"
_OF_ITS_OWN = ("BEGIN TRANSACTION;", "COMMIT;", 'DELETE FROM "sqlite_sequence";')


def main(*, check: bool) -> int:
    """Writes the file, or tells whether it is as it would be written."""
    text = _dumped()
    if not check:
        _FILE.write_text(text)
        return 0
    current = _FILE.exists() and _FILE.read_text() == text
    if not current:
        sys.stderr.write(f"{_FILE} is not up to date\n")
    return 0 if current else 1


def _dumped() -> str:
    with tempfile.TemporaryDirectory() as folder:
        opened = connect_to(Path(folder))
        migrating.migrate(opened)
        opened.dispose()
        with closing(sqlite3.connect(Path(folder) / DATABASE)) as connection:
            kept = [each for each in connection.iterdump() if each not in _OF_ITS_OWN]
    return _DRAWN.sub(_DRAW, _LINKS.sub(_sorted, "\n".join([*kept, ""])))


def _sorted(links: re.Match[str]) -> str:
    lines = (line.strip().removesuffix(",") for line in links[0].splitlines())
    return "\t" + ", \n\t".join(sorted(lines))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
