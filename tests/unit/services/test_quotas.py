from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update

from contexts import make_context
from reknown.access.rights import ALL
from reknown.access.vault import Vault
from reknown.biometrics.errors import InputError, LimitError
from reknown.ledger import log, quotas
from reknown.ledger.quotas import Quota, start_of
from reknown.ledger.records import (
    DetectRecord,
    EnrolRecord,
    LimitKeyRecord,
    ListCollectionsRecord,
    Refusal,
    SpaceRecord,
    VerifyRecord,
)
from reknown.ledger.records.parts import ThresholdRecord
from reknown.ledger.schema import quotas as table
from reknown.services.access import actor_of, create_key, revoke_key, rotate_key
from reknown.services.context import Actor, Context
from reknown.services.proofs.quotas import check_quotas
from reknown.services.quotas import limit_key, list_quotas, quota_of, require_left
from reknown.storage.database import write_together
from unit.databases import own_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["own_engine"]

VAULT = Vault(bytes(range(32)))
DIGEST = "ab" * 32
LOOKED = ListCollectionsRecord(0)
SPACE = SpaceRecord("tiny", DIGEST)


@pytest.fixture
def context(own_engine: Engine, engine: object) -> Context:
    return make_context(own_engine, engine)  # type: ignore[arg-type]


@pytest.fixture
def key(context: Context) -> Iterator[str]:
    """A key; at the end the ledger and the quotas are still of one mind."""
    made, _ = create_key(context, VAULT, "gate", ALL)
    yield made.key_id
    assert check_quotas(context.database) == []


def ask(context: Context, key: str, *records: object, request: str | None = None) -> None:
    actor = Actor(actor_of(key), request or str(uuid4()))
    with context.database.begin() as connection:
        for record in records or (LOOKED,):
            log.append(connection, actor, None, record)  # type: ignore[arg-type]


def used(context: Context, key: str) -> dict[str, int]:
    return {
        str(it.count.quota): it.count.used
        for it in list_quotas(context.database)
        if it.key_id == key
    }


def test_what_a_quota_does_not_allow_is_not_done(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("operations=2/month")])
    ask(context, key)
    ask(context, key)
    before = count(context, key)
    with pytest.raises(LimitError, match="may use 2 operations a month"):
        ask(context, key)
    assert count(context, key) == before
    assert used(context, key) == {"operations=2/month": 2}


def count(context: Context, key: str) -> int:
    return len(list(log.stream(context.database, log.Choice(actor=actor_of(key)))))


def test_images_and_faces_are_counted_as_records_tell(context: Context, key: str) -> None:
    limits = ["operations=9/day", "images=9/day", "faces=9/day"]
    limit_key(context, key, [quota_of(each) for each in limits])
    ask(context, key, DetectRecord(DIGEST, "image", "tiny", 3))
    threshold = ThresholdRecord(0.4, None, None)
    ask(context, key, VerifyRecord(DIGEST, DIGEST, SPACE, threshold, 1, 1, 0.5, None))
    faces = (str(uuid4()), str(uuid4()))
    ask(context, key, EnrolRecord(DIGEST, SPACE, faces, None))
    # what a worker did for it was counted as it was asked for
    ask(context, key, DetectRecord(DIGEST, "video", "tiny", 3, DIGEST))
    assert used(context, key) == dict(zip(limits, (3, 4, 2), strict=True))


def test_one_request_is_one_operation_however_much_it_writes(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("operations=1/month")])
    ask(context, key, LOOKED, LOOKED, LOOKED)
    assert used(context, key) == {"operations=1/month": 1}


def test_refusals_and_commands_take_nothing(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("operations=1/month")])
    ask(context, key, Refusal("detect", "DetectFaces", "AccessDeniedException"))
    log.record(context.database, Actor(actor_of(key)), None, LOOKED)
    assert used(context, key) == {"operations=1/month": 0}


def test_what_was_used_before_counts(context: Context, key: str) -> None:
    ask(context, key)
    ask(context, key)
    limit_key(context, key, [quota_of("operations=3/month"), quota_of("operations=3/day")])
    assert set(used(context, key).values()) == {2}
    ask(context, key)
    with pytest.raises(LimitError):
        ask(context, key)
    limit_key(context, key, [])
    ask(context, key)
    assert used(context, key) == {}


def test_of_many_at_once_as_many_as_are_left_succeed(context: Context, key: str) -> None:
    """Also where SQLite commits several together, or servers of PostgreSQL write at once."""
    limit_key(context, key, [quota_of("operations=25/day")])

    def attempt(_: int) -> bool:
        actor = Actor(actor_of(key), str(uuid4()))
        try:
            write_together(context.database, lambda c: log.append(c, actor, None, LOOKED))
        except LimitError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(60))) == 25
    assert used(context, key) == {"operations=25/day": 25}
    assert count(context, key) == 25


def test_a_period_that_is_over_leaves_nothing(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("operations=1/day")])
    yesterday = start_of("day", datetime.now(UTC)) - timedelta(days=1)
    with context.database.begin() as connection:
        connection.execute(update(table).values(since=f"{yesterday:%Y-%m-%d}", used=1))
    assert used(context, key) == {"operations=1/day": 0}
    ask(context, key)
    with pytest.raises(LimitError):
        ask(context, key)


def test_a_clock_that_is_set_back_gives_nothing_back(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("operations=1/day")])
    tomorrow = start_of("day", datetime.now(UTC)) + timedelta(days=1)
    with context.database.begin() as connection:
        connection.execute(update(table).values(since=f"{tomorrow:%Y-%m-%d}", used=1))
    with pytest.raises(LimitError):
        ask(context, key)


def test_what_is_used_up_is_refused_before_it_is_worked_for(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("images=3/day"), quota_of("faces=0/day")])
    caller = context.by(Actor(actor_of(key), str(uuid4())))
    ask(context, key, DetectRecord(DIGEST, "image", "tiny", 3))
    ask(context, key, DetectRecord(DIGEST, "image", "tiny", 3))
    require_left(caller, "detect", 1)
    with pytest.raises(LimitError):
        require_left(caller, "verify", 2)
    with pytest.raises(LimitError):
        require_left(caller, "enrol", 1)
    require_left(caller, "list faces", 0)


def test_keys_that_were_rotated_share_what_is_left(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("operations=3/month")])
    ask(context, key)
    new, _ = rotate_key(context, VAULT, key, timedelta(hours=1))
    ask(context, new.key_id)
    ask(context, key)
    for each in (key, new.key_id):
        with pytest.raises(LimitError):
            ask(context, each)
    revoke_key(context, key)
    assert used(context, new.key_id) == {"operations=3/month": 3}
    limit_key(context, new.key_id, [quota_of("operations=4/month")])
    ask(context, new.key_id)
    revoke_key(context, new.key_id)
    assert list_quotas(context.database) == []


def test_a_limit_is_on_the_record(context: Context, key: str) -> None:
    limit_key(context, key, [quota_of("images=5/day")])
    (event,) = log.stream_operations(context.database, [LimitKeyRecord.OPERATION])
    assert isinstance(event.record, LimitKeyRecord)
    (told,) = event.record.quotas
    assert (told.measure, told.period, told.most) == ("images", "day", 5)


@pytest.mark.parametrize("values", [{"most": 500}, {"used": 1}])
def test_a_quota_that_was_changed_in_the_database_is_found(
    context: Context, key: str, values: dict[str, int]
) -> None:
    limit_key(context, key, [quota_of("operations=5/month")])
    for _ in range(3):
        ask(context, key)
    with context.database.begin() as connection:
        connection.execute(update(table).values(values))
    (fault,) = check_quotas(context.database)
    assert (fault.what, key in fault.message) == ("quotas", True)
    with context.database.begin() as connection:
        connection.execute(update(table).values(most=5, used=3))


@pytest.mark.parametrize(
    "text",
    ["", "images", "images=5", "images=-1/day", "images=5/week", "pictures=5/day", "a" * 999],
)
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a quota"):
        quota_of(text)


def test_two_quotas_of_the_same_are_refused(context: Context, key: str) -> None:
    with pytest.raises(InputError, match="one quota"):
        limit_key(context, key, [Quota("images", "day", 1), Quota("images", "day", 2)])


def test_months_and_days_are_those_of_utc() -> None:
    moment = datetime.fromisoformat("2026-12-01T00:30:00+02:00")
    assert start_of("month", moment) == datetime(2026, 11, 1, tzinfo=UTC)
    assert start_of("day", moment) == datetime(2026, 11, 30, tzinfo=UTC)
    assert quotas.PERIODS == ("month", "day")
