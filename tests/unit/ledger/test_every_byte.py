"""Any byte of any row that is changed is found, by the index of its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, insert, select

from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.records import ListUsersRecord, Refusal
from reknown.ledger.schema import events, leaves
from reknown.ledger.signing import Signing, sign_with
from reknown.ledger.tree import read_head
from reknown.ledger.verification.log import LogEvidence, verify_log
from reknown.proofs.notes import SigningKey
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from reknown.ledger.verification.faults import Fault

_SEED = bytes(range(32))
_TEXTS = [column.name for column in events.c if column.type.python_type is str]
_NUMBERS = [column.name for column in events.c if column.type.python_type is int]


def write(engine: Engine) -> list[dict[str, Any]]:
    """The rows of a signed ledger, in which every column has a value somewhere."""
    sign_with(engine, Signing(lambda: (_SEED,)))
    actor = Actor("key:RK7", "request", purpose="entry")
    log.record(engine, Actor("cli:ada"), None, ListUsersRecord(0))
    log.record(engine, actor, "friends", ListUsersRecord(12))
    refusal = Refusal("identify", "SearchFaces", "AccessDeniedException")
    log.record(engine, actor, "friends", refusal)
    with reading(engine) as connection:
        found = connection.execute(select(events).order_by(events.c.id))
        rows = [dict(row) for row in found.mappings()]
    assert {name for row in rows for name, value in row.items() if value} == set(events.c.keys())
    return rows


def faults(engine: Engine) -> list[Fault]:
    with reading(engine) as connection:
        key = SigningKey(_SEED).public(read_head(connection).origin)
    return list(verify_log(engine, None, LogEvidence([key])).faults.named)


def put(connection: Connection, former: int, row: dict[str, Any]) -> None:
    connection.execute(delete(events).where(events.c.id == former))
    connection.execute(insert(events).values(row))


def changes(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The row with each of its characters changed, each number, and each value that is none."""
    for name in _TEXTS:
        text = row[name]
        if text is None:
            yield row | {name: ""}
            continue
        yield row | {name: f"{text} "}
        for place, character in enumerate(text):
            yield row | {name: text[:place] + chr(ord(character) ^ 1) + text[place + 1 :]}
            yield row | {name: text[:place] + text[place + 1 :]}
    for name in _NUMBERS:
        yield from (row | {name: row[name] ^ 1 << bit + 6 * (name == "id")} for bit in range(8))


def test_every_change_of_every_row_is_named(own_engine: Engine) -> None:
    rows = write(own_engine)
    assert not faults(own_engine)
    missed = []
    tried = 0
    for index, row in enumerate(rows):
        for changed in changes(row):
            with own_engine.begin() as connection:
                put(connection, row["id"], changed)
            found = faults(own_engine)
            if not any(fault.index == index for fault in found):
                missed.append((index, changed, found))
            with own_engine.begin() as connection:
                put(connection, changed["id"], row)
            tried += 1
    assert missed == []
    assert tried > 600
    assert not faults(own_engine)


@pytest.mark.parametrize("index", range(3))
def test_every_bit_of_every_leaf_is_named(own_engine: Engine, index: int) -> None:
    write(own_engine)
    wanted = leaves.c.position == index
    with reading(own_engine) as connection:
        leaf = connection.execute(select(leaves.c.hash).where(wanted)).scalar_one()
    for bit in range(0, 256, 3):
        changed = bytearray(leaf)
        changed[bit // 8] ^= 1 << bit % 8
        with own_engine.begin() as connection:
            connection.execute(leaves.update().where(wanted).values(hash=bytes(changed)))
        assert any(fault.index == index for fault in faults(own_engine)), bit
