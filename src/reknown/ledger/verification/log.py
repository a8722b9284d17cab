"""The whole log, or what is new since a size that was verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError
from reknown.ledger.expiry import expired_records
from reknown.ledger.tree import read_head, root_at
from reknown.ledger.verification.faults import Faults
from reknown.ledger.verification.heads import (
    HEAD,
    Claims,
    compare_events,
    compare_head,
    compare_nodes,
    count_leaves,
    kept_checkpoints,
)
from reknown.ledger.verification.rows import PORTION, SPAN, Rows
from reknown.proofs.merkle import Frontier
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from reknown.ledger.tree import Head
    from reknown.ledger.verification.heads import Claim
    from reknown.proofs.reknown_check import VerifyingKey
    from reknown.storage.database import Database


@dataclass(frozen=True, slots=True)
class VerifiedBefore:
    """What was verified before: the tree, the greatest id of its records, and how many expired."""

    tree: Frontier
    last_record: int
    expired: int


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """What to verify with: the keys of the ledger, checkpoints from elsewhere.

    `expired_until` is where records end that may be gone, as the log says.
    """

    keys: Sequence[VerifyingKey]
    claims: Sequence[Claim] = ()
    broken_lines: Sequence[str] = ()
    expired_until: int = 0


@dataclass(frozen=True, slots=True)
class LogFindings:
    """What there is: `checked` records read, `signed` of them under a checkpoint, and faults.

    `checkpoints` were compared. `end` is where the next verification can go on.
    """

    origin: str
    size: int
    root: bytes
    checked: int
    expired: int
    signed: int
    checkpoints: int
    faults: Faults
    end: VerifiedBefore


def verify_log(
    database: Database,
    start: VerifiedBefore | None,
    asked: LogEvidence,
    watch: Callable[[int, int], None] = lambda _done, _of: None,
) -> LogFindings:
    """Reads every row that is new since `start`, each portion in a transaction of its own.

    What is added meanwhile is left for the next time. `watch` is told how many are done, of how
    many. Raises `DatabaseError` for a database that cannot be read.
    """
    faults = Faults()
    begin = start or VerifiedBefore(Frontier(), 0, 0)
    with reading(database) as connection:
        head, count = read_head(connection), count_leaves(connection)
        claims = _claims(head, asked, faults)
        for size, note in kept_checkpoints(connection, begin.tree.size):
            claims.add(f"the kept checkpoint {size}", note, size)
        if start is not None and not _goes_on(connection, head, start):
            faults.add(
                "fork",
                f"the first {start.tree.size} records are not those that were verified before: "
                "run reknown ledger verify --full",
                0,
            )
        compare_nodes(connection, count, faults)
        compare_events(connection, begin.last_record, faults)
        claims.skipped(connection, begin.tree.size)
    tree = Frontier(begin.tree.size, begin.tree.hashes)
    claims.passed(tree)
    rows = Rows(tree, faults, asked.expired_until, lambda: claims.passed(tree))
    rows.expired, rows.last_record = begin.expired, begin.last_record
    while tree.size < count:
        end = min(count, (tree.size + PORTION) // SPAN * SPAN)
        with reading(database) as connection:
            rows.read(connection, end)
        watch(tree.size - begin.tree.size, count - begin.tree.size)
    rows.moved()
    if start is None:
        _compare_expired(database, rows.expired, faults)
    compare_head(head, tree, faults)
    claims.finish(tree.size)
    _judge_signature(head, tree, claims, faults)
    return LogFindings(
        head.origin,
        tree.size,
        tree.root(),
        tree.size - begin.tree.size,
        rows.expired,
        claims.signed,
        claims.compared,
        faults,
        VerifiedBefore(tree, rows.last_record, rows.expired),
    )


def _compare_expired(database: Database, gone: int, faults: Faults) -> None:
    """No more records are gone than the log says: it is asked again, as some may expire now."""
    with reading(database) as connection:
        expired = expired_records(connection)
    if gone > expired.count:
        message = (
            f"{gone - expired.count} more records are gone before index {expired.until} than the "
            "log says have expired"
        )
        faults.add("removed", message)


def _goes_on(connection: Connection, head: Head, start: VerifiedBefore) -> bool:
    """Whether the log begins with what was verified before."""
    try:
        known = start.tree.size <= head.size
        return known and root_at(connection, start.tree.size) == start.tree.root()
    except DatabaseError:
        return False


def _claims(head: Head, asked: LogEvidence, faults: Faults) -> Claims:
    claims = Claims(head.origin, asked.keys, faults)
    for line in asked.broken_lines:
        faults.add("checkpoint", line)
    for claim in asked.claims:
        claims.claim(claim)
    if head.note is not None:
        claims.add(HEAD, head.note)
    return claims


def _judge_signature(head: Head, tree: Frontier, claims: Claims, faults: Faults) -> None:
    """A log that was signed once is signed to its end."""
    if head.note is None and claims.signed:
        faults.add("signature", "the signature of the head was removed", claims.signed)
    elif head.note is not None and claims.sizes.get(HEAD, 0) < claims.signed:
        message = f"{HEAD} has an older checkpoint than the newest one, of size {claims.signed}"
        faults.add("signature", message, claims.signed)
    elif head.note is not None and claims.signed < tree.size:
        faults.add(
            "signature",
            f"records from index {claims.signed} on are not signed: if a program without the "
            "master key wrote them, run reknown ledger checkpoint where the key is",
            claims.signed,
        )
