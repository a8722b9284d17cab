"""What somebody who can write to a SQLite database may do to its ledger, drawn at random."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from contexts import make_context
from reknown.access.rights import Rights
from reknown.access.vault import FILE, Vault, write_key
from reknown.biometrics.policy import Policy
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery import collections
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.records import (
    CandidateRecord,
    IdentifyRecord,
    ListUsersRecord,
    ProbeRecord,
    SpaceRecord,
    ThresholdRecord,
)
from reknown.proofs.merkle import Frontier, packed
from reknown.review.reviewers import Reviewer
from reknown.services import access
from reknown.services.policies.consents import consent_to, give_consent, withdraw_consent
from reknown.services.policies.rules import set_policy
from reknown.services.policies.stops import stop_searches
from reknown.services.proofs.checkpoints import make_checkpoint
from reknown.services.proofs.signing import sign_with, signing_for
from reknown.services.proofs.verification import LedgerEvidence, verify_ledger
from reknown.services.reviews.reviewers import add_reviewer, remove_reviewer
from reknown.storage.database import close_database, open_database
from reknown.storage.modes import DATABASE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.proofs.verification import Verified

SIGNED = consent_to(b"I agree.", "signed on paper")
_VAULT = Vault(bytes(range(32)))
_EVENT = "SELECT id, at, actor, operation, detail FROM events ORDER BY random() LIMIT 1"


@dataclass(frozen=True)
class Tampering:
    """What was done, and where: an index of the log, a record's id, or a word in a message."""

    kind: str
    index: int | None = None
    record: int | None = None
    word: str | None = None

    def is_named(self, found: Verified) -> bool:
        """Whether a fault says so."""
        return any(
            (self.index is None or fault.index == self.index)
            and (self.record is None or fault.record == self.record)
            and (self.word is None or self.word in fault.message)
            for fault in found.faults
        )


def make_ledger(folder: Path, records: int = 600) -> None:
    """A data folder with searches, access keys and everything else that proofs are about."""
    database = open_database(folder)
    write_key(folder / FILE, _VAULT)
    signing = signing_for(folder, lambda: None)
    sign_with(database, signing)
    context = make_context(database)
    for name in ("one", "two", "three"):
        made, _ = access.create_key(
            context, _VAULT, name, Rights((f"{name}*", "Search*"), ("people",))
        )
    access.revoke_key(context, made.key_id)
    _make_rules(context)
    portion = 0
    for number in range(records):
        with database.begin() as connection:
            actor = Actor(f"key:{number % 7}", f"request {number}")
            log.append(connection, actor, "people", _record(number))
        portion += 1
        if portion == 150:
            make_checkpoint(context, _VAULT, folder)
            portion = 0
    signing.close(database)
    close_database(database)


def _make_rules(context: Context) -> None:
    """Whatever else says what is allowed: what is in tables beside the ledger."""
    for name in ("people", "guests"):
        with context.database.begin() as connection:
            collections.create_collection(connection, name, TemplateSpace("opencv", "ab" * 32, 128))
        set_policy(context, name, Policy(purposes=("missing-person",), consent_required=True))
        stop_searches(context, name, "looked into")
        for each in ("Ada", "Grace"):
            give_consent(context, name, each, SIGNED)
    withdraw_consent(context, "people", "Grace")
    for actor in ("cli:ann", "cli:ben"):
        add_reviewer(context, Reviewer(actor, date(2026, 12, 31), ("people",)))
    remove_reviewer(context, "cli:ben")


def _record(number: int) -> IdentifyRecord | ListUsersRecord:
    if number % 3 == 0:
        return ListUsersRecord(number)
    subject = f"{number:08x}-0000-4000-8000-000000000000"
    return IdentifyRecord(
        probe=ProbeRecord("image", sha256=f"{number:064x}"),
        space=SpaceRecord("opencv", "ab" * 32),
        threshold=ThresholdRecord(0.36, 80.0, 1e-4),
        searched="subjects",
        gallery_size=number,
        references=number,
        candidates=((CandidateRecord(subject, subject, 0.61, 98.2),),),
    )


def verify(folder: Path, *, full: bool = True) -> Verified:
    database = open_database(folder)
    try:
        return verify_ledger(make_context(database), LedgerEvidence(folder, _VAULT), full=full)
    finally:
        database.dispose()


def tampered(original: Path, folder: Path, draw: random.Random) -> tuple[Tampering, Verified]:
    """A copy of the ledger with something done to it, and what verification says."""
    shutil.copytree(original, folder)
    kind = draw.choice(sorted(KINDS))
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        done = KINDS[kind](connection, draw)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return done, verify(folder)


def _any(connection: sqlite3.Connection, draw: random.Random, table: str = "events") -> int:
    key = {"events": "id"}.get(table, "rowid")
    ids = [row[0] for row in connection.execute(f"SELECT {key} FROM {table} ORDER BY {key}")]
    return int(draw.choice(ids))


def _index(connection: sqlite3.Connection, record: int) -> int:
    query = "SELECT position FROM ledger_leaves WHERE event_id = ?"
    return int(connection.execute(query, (record,)).fetchone()[0])


def _flip(column: str) -> Callable[[sqlite3.Connection, random.Random], Tampering]:
    def flip(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
        record = _any(connection, draw)
        query = f"SELECT CAST({column} AS BLOB) FROM events WHERE id = ?"
        value = bytearray(connection.execute(query, (record,)).fetchone()[0])
        value[draw.randrange(len(value))] ^= draw.randrange(1, 256)
        statement = f"UPDATE events SET {column} = CAST(? AS TEXT) WHERE id = ?"
        connection.execute(statement, (bytes(value), record))
        return Tampering(f"flip {column}", _index(connection, record), record)

    return flip


def _delete(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    record = _any(connection, draw)
    connection.execute("DELETE FROM events WHERE id = ?", (record,))
    return Tampering("delete", _index(connection, record), record)


def _insert(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    other = _any(connection, draw)
    record = 10_000 + draw.randrange(1000)
    connection.execute(
        "INSERT INTO events SELECT ?, at, actor, operation, collection, detail, request_id, kind, "
        "version, purpose FROM events WHERE id = ?",
        (record, other),
    )
    return Tampering("insert", None, record)


def _swap(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    one = _any(connection, draw)
    other = one % 500 + 5
    if one == other:
        other += 1
    for before, after in ((one, -1), (other, one), (-1, other)):
        connection.execute("UPDATE events SET id = ? WHERE id = ?", (after, before))
    return Tampering("swap", _index(connection, one), one)


def _swap_leaves(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    """Two records change their places in the log."""
    one = draw.randrange(600)
    other = (one + 1 + draw.randrange(598)) % 600
    for before, after in ((one, -1), (other, one), (-1, other)):
        connection.execute(
            "UPDATE ledger_leaves SET position = ? WHERE position = ?", (after, before)
        )
    first = min(one, other)
    whole = 512 if first >= 512 else first // 256 * 256
    return Tampering("swap leaves", None if first >= 512 else whole)


def _renumber(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    record = _any(connection, draw)
    connection.execute("UPDATE events SET id = id + 5000 WHERE id = ?", (record,))
    return Tampering("renumber", _index(connection, record), record)


def _leaf(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    index = draw.randrange(600)
    connection.execute(
        "UPDATE ledger_leaves SET hash = ? WHERE position = ?", (draw.randbytes(32), index)
    )
    return Tampering("leaf", index)


def _no_leaf(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    index = draw.randrange(600)
    connection.execute("DELETE FROM ledger_leaves WHERE position = ?", (index,))
    return Tampering("no leaf", index)


def _record_and_leaf(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    """A record, and the leaf that goes with it: the tree is not theirs."""
    from reknown.proofs.leaves import leaf_of
    from reknown.proofs.merkle import leaf_hash

    record = _any(connection, draw)
    connection.execute("UPDATE events SET actor = 'cli:nobody' WHERE id = ?", (record,))
    cursor = connection.execute("SELECT * FROM events WHERE id = ?", (record,))
    names = [column[0] for column in cursor.description]
    leaf = leaf_hash(leaf_of(dict(zip(names, cursor.fetchone(), strict=True))))
    connection.execute("UPDATE ledger_leaves SET hash = ? WHERE event_id = ?", (leaf, record))
    index = _index(connection, record)
    # behind the last whole block the next checkpoint tells
    return Tampering("record and leaf", index // 256 * 256 if index < 512 else None, None, "")


def _node(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    place = draw.randrange(2)
    connection.execute(
        "UPDATE ledger_nodes SET hash = ? WHERE position = ?", (draw.randbytes(32), place)
    )
    return Tampering("node", place * 256)


def _no_node(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    connection.execute("DELETE FROM ledger_nodes WHERE position = ?", (draw.randrange(2),))
    return Tampering("no node", word="nodes of level 8")


def _another_node(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    values = (draw.randrange(1, 30), draw.randrange(5, 100), draw.randbytes(32))
    connection.execute("INSERT INTO ledger_nodes VALUES (?, ?, ?)", values)
    return Tampering("another node", word=f"nodes of level {values[0]} ")


def _head(column: str) -> Callable[[sqlite3.Connection, random.Random], Tampering]:
    def change(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
        value: object = draw.randbytes(32)
        if column == "size":
            value = draw.randrange(600)
        elif column == "origin":
            value = f"reknown.local/{draw.randbytes(16).hex()}"
        elif column == "note":
            note = connection.execute("SELECT note FROM ledger_heads").fetchone()[0]
            place = draw.randrange(len(note) - 2)
            value = draw.choice([None, note[:place] + "!" + note[place + 1 :], _older(connection)])
        connection.execute(f"UPDATE ledger_heads SET {column} = ?", (value,))
        words = {"origin": "another ledger", "note": ""}
        return Tampering(f"head {column}", word=words.get(column, "head"))

    return change


def _older(connection: sqlite3.Connection) -> str:
    query = "SELECT note FROM ledger_checkpoints ORDER BY size LIMIT 1"
    return str(connection.execute(query).fetchone()[0])


def _checkpoint(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    query = "SELECT size, note FROM ledger_checkpoints ORDER BY size"
    size, note = draw.choice(connection.execute(query).fetchall())
    place = draw.randrange(len(note) - 2)
    changed = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]
    connection.execute("UPDATE ledger_checkpoints SET note = ? WHERE size = ?", (changed, size))
    return Tampering("checkpoint", word=f"the kept checkpoint {size}")


def _rights(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    key = draw.choice(connection.execute("SELECT key_id FROM access_keys").fetchall())[0]
    column, value = draw.choice(
        [
            ("rights", '{"operations": ["*"], "collections": ["*"]}'),
            ("rights", '{"operations": ["Search*"], "collections": ["*"]}'),
            ("name", "somebody else"),
            ("expires_at", "2030-01-01T00:00:00.000000+00:00"),
        ]
    )
    connection.execute(f"UPDATE access_keys SET {column} = ? WHERE key_id = ?", (value, key))
    return Tampering("rights", word=f"access key {key}")


def _another_key(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    key = "RK" + "".join(draw.choice("ABCDEFGH") for _ in range(18))
    connection.execute(
        "INSERT INTO access_keys SELECT ?, name, secret, rights, created_at, expires_at, purpose "
        "FROM access_keys LIMIT 1",
        (key,),
    )
    return Tampering("another key", word=f"access key {key}")


def _no_key(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    key = draw.choice(connection.execute("SELECT key_id FROM access_keys").fetchall())[0]
    connection.execute("DELETE FROM access_keys WHERE key_id = ?", (key,))
    return Tampering("no key", word=f"access key {key}")


def _changed(
    kind: str, word: str, *statements: str
) -> Callable[[sqlite3.Connection, random.Random], Tampering]:
    """One of these is done to a table that says what is allowed."""

    def change(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
        assert connection.execute(draw.choice(statements)).rowcount
        return Tampering(kind, word=word)

    return change


def _truncate(connection: sqlite3.Connection, draw: random.Random) -> Tampering:
    """Back to an earlier state in all tables, with a head that fits it, and its old signature."""
    sizes = [row[0] for row in connection.execute("SELECT size FROM ledger_checkpoints")]
    size = draw.choice([draw.randrange(1, 600), *sizes[:-1]])
    tree = Frontier()
    query = "SELECT hash FROM ledger_leaves WHERE position < ? ORDER BY position"
    for (leaf,) in connection.execute(query, (size,)):
        tree.append(leaf)
    note = connection.execute(
        "SELECT note FROM ledger_checkpoints WHERE size <= ? ORDER BY size DESC", (size,)
    ).fetchone()
    connection.execute(
        "DELETE FROM events WHERE id IN (SELECT event_id FROM ledger_leaves WHERE position >= ?)",
        (size,),
    )
    connection.execute("DELETE FROM ledger_leaves WHERE position >= ?", (size,))
    connection.execute("DELETE FROM ledger_nodes WHERE position >= ?", (size >> 8,))
    connection.execute("DELETE FROM ledger_checkpoints WHERE size > ?", (size,))
    connection.execute(
        "UPDATE ledger_heads SET size = ?, root = ?, frontier = ?, note = ?, kept_size = 0",
        (size, tree.root(), packed(tree), note and note[0]),
    )
    return Tampering("truncate", size, word="the log was cut off")


KINDS: dict[str, Callable[[sqlite3.Connection, random.Random], Tampering]] = {
    **{f"flip {name}": _flip(name) for name in ("detail", "at", "actor", "operation")},
    **{f"head {name}": _head(name) for name in ("size", "root", "frontier", "origin", "note")},
    "delete": _delete,
    "insert": _insert,
    "swap": _swap,
    "swap leaves": _swap_leaves,
    "renumber": _renumber,
    "leaf": _leaf,
    "no leaf": _no_leaf,
    "record and leaf": _record_and_leaf,
    "node": _node,
    "no node": _no_node,
    "another node": _another_node,
    "checkpoint": _checkpoint,
    "rights": _rights,
    "another key": _another_key,
    "no key": _no_key,
    "policy": _changed(
        "policy",
        "policy",
        "UPDATE policies SET document = '{}'",
        "UPDATE policies SET document = '{' WHERE collection = 1",
        "UPDATE policies SET document = replace(document, 'missing', 'any') WHERE collection = 2",
        "UPDATE policies SET document = replace(document, 'true', 'false')",
        "DELETE FROM policies WHERE collection = 1",
        "UPDATE collections SET name = 'others' WHERE name = 'people'",
    ),
    "stop": _changed(
        "stop",
        "stop",
        "DELETE FROM search_stops WHERE scope = 'people'",
        "UPDATE search_stops SET scope = 'nowhere' WHERE scope = 'guests'",
        "UPDATE search_stops SET reason = 'none' WHERE scope = 'guests'",
        "INSERT INTO search_stops VALUES ('', 'all', '2026-11-30T00:00:00+00:00')",
    ),
    "reviewer": _changed(
        "reviewer",
        "reviewer",
        "UPDATE reviewers SET trained_until = '2099-01-01'",
        "UPDATE reviewers SET collections = '[\"*\"]'",
        "UPDATE reviewers SET actor = 'cli:eve'",
        "DELETE FROM reviewers",
        "INSERT INTO reviewers SELECT 'cli:ben', trained_until, collections, added_at "
        "FROM reviewers",
    ),
    "consent": _changed(
        "consent",
        "consent",
        "UPDATE consents SET withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL",
        "UPDATE consents SET expires_at = '2099-01-01T00:00:00.000000+00:00' WHERE id = 1",
        "UPDATE consents SET text_sha256 = 'ab' WHERE id = 1",
        "UPDATE consents SET basis = 'told' WHERE id = 1",
        "UPDATE consents SET user_id = (SELECT max(id) FROM users) WHERE id = 1",
        "UPDATE consents SET collection_id = 2 WHERE id = 1",
        "DELETE FROM consents WHERE id = 1",
        "INSERT INTO consents SELECT 99, collection_id, user_id, subject_id, given_at, "
        "recorded_by, text_sha256, basis, expires_at, NULL FROM consents WHERE id = 1",
    ),
    "purpose": _changed("purpose", "purpose", "UPDATE access_keys SET purpose = 'marketing'"),
    "truncate": _truncate,
}
"""Every kind of tampering, by name."""
