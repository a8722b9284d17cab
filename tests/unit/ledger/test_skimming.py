from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import update

from reknown.biometrics.errors import DatabaseError
from reknown.ledger import skimming
from reknown.ledger.actor import Actor
from reknown.ledger.log import Choice, append
from reknown.ledger.records import EnrolRecord, ListUsersRecord, Refusal, SpaceRecord
from reknown.ledger.schema import events
from reknown.ledger.skimming import skim
from unit.ledger.examples import DIGEST, write_untyped

if TYPE_CHECKING:
    from sqlalchemy import Engine

ADA = Actor("key:ada", purpose="entry")


class _Listed(msgspec.Struct):
    listed: int


class _Refused(msgspec.Struct):
    refused: int


WANTED = {ListUsersRecord: _Listed, EnrolRecord: _Refused}


def fill(database: Engine) -> None:
    with database.begin() as connection:
        for number in range(3):
            append(connection, ADA, "friends", ListUsersRecord(number))
            enrolled = EnrolRecord(DIGEST, SpaceRecord("opencv", DIGEST), (), None, number)
            append(connection, ADA, None, enrolled)
        append(connection, ADA, None, Refusal("list users", "ListUsers", "ThrottlingException"))
        write_untyped(connection, {"faces": []})


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_records_come_in_their_order_with_what_is_wanted(
    own_engine: Engine, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(skimming, "_PAGE", page)
    fill(own_engine)
    read: list[int] = []
    found = list(skim(own_engine, WANTED, Choice(), read.append))
    assert [it.fields for it in found] == [
        _Listed(0),
        _Refused(0),
        _Listed(1),
        _Refused(1),
        _Listed(2),
        _Refused(2),
        None,
    ]
    first = found[0]
    assert (first.actor, first.operation, first.collection, first.purpose) == (
        "key:ada",
        "list users",
        "friends",
        "entry",
    )
    assert sum(read) == len(found)


def test_only_what_is_chosen_comes(own_engine: Engine) -> None:
    fill(own_engine)
    chosen = skim(own_engine, WANTED, Choice(collection="friends"))
    assert [it.fields for it in chosen] == [_Listed(0), _Listed(1), _Listed(2)]


@pytest.mark.parametrize(
    ("values", "said"),
    [({"detail": '{"listed":"one"}'}, "damaged"), ({"version": 9}, "does not know")],
)
def test_a_row_that_cannot_be_read_is_told(
    own_engine: Engine, values: dict[str, object], said: str
) -> None:
    fill(own_engine)
    with own_engine.begin() as connection:
        wanted = events.c.operation == ListUsersRecord.OPERATION
        connection.execute(update(events).where(wanted).values(values))
    with pytest.raises(DatabaseError, match=said):
        list(skim(own_engine, WANTED, Choice()))
