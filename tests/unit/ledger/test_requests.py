from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from reknown.biometrics.errors import ReplayError, TokenMismatchError
from reknown.ledger import requests as module
from reknown.ledger.actor import Actor, Nonce
from reknown.ledger.log import append, read
from reknown.ledger.records import ListCollectionsRecord, ListUsersRecord
from reknown.ledger.requests import (
    RequestToken,
    check_writable,
    consume_nonce,
    find_answer,
    keep_answer,
)
from reknown.ledger.schema import horizons, nonces, tokens
from reknown.storage.database import open_database, reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine, Table

ADA = Actor("ada")
TOKEN = RequestToken("token", "digest")


def nonce(value: str, seconds: float = 300) -> Nonce:
    return Nonce(value, datetime.now(UTC) + timedelta(seconds=seconds))


def size(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def at_once(*tasks: Callable[[], object]) -> list[BaseException | None]:
    """What each of the tasks fails with, when all start at the same time."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> BaseException | None:
        barrier.wait()
        try:
            task()
        except BaseException as error:
            return error
        return None

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_a_request_is_carried_out_once_and_leaves_nothing_the_second_time(
    own_engine: Engine,
) -> None:
    actor = Actor("ada", "request", nonce("signature"))
    with own_engine.begin() as connection:
        append(connection, actor, None, ListUsersRecord(1))

    def again() -> None:
        with own_engine.begin() as connection:
            append(connection, ADA, None, ListCollectionsRecord(1))
            append(connection, actor, None, ListUsersRecord(2))

    with pytest.raises(ReplayError, match="sign it again"):
        again()
    with reading(own_engine) as connection:
        assert [event.record for event in read(connection)] == [ListUsersRecord(1)]
        assert size(connection, nonces) == 1


def test_what_was_rolled_back_may_be_sent_again(own_engine: Engine) -> None:
    actor = Actor("ada", None, nonce("signature"))
    with own_engine.connect() as connection:
        append(connection, actor, None, ListUsersRecord(1))
        connection.rollback()
    with own_engine.begin() as connection:
        append(connection, actor, None, ListUsersRecord(1))


def test_the_transaction_could_go_on_after_a_replay(connection: Connection) -> None:
    once = nonce("signature")
    consume_nonce(connection, once, datetime.now(UTC))
    with pytest.raises(ReplayError):
        consume_nonce(connection, once, datetime.now(UTC))
    consume_nonce(connection, nonce("another"), datetime.now(UTC))


def test_of_two_at_once_exactly_one_is_carried_out(own_engine: Engine) -> None:
    def act(actor: Actor) -> None:
        with own_engine.begin() as connection:
            append(connection, actor, None, ListUsersRecord(1))

    for number in range(20):
        actor = Actor("ada", None, nonce(f"signature {number}"))
        errors = at_once(lambda a=actor: act(a), lambda a=actor: act(a))  # type: ignore[misc]
        assert [type(error) for error in errors if error] == [ReplayError]
    with reading(own_engine) as connection:
        assert len(read(connection)) == 20


def test_expired_nonces_are_forgotten_but_not_at_once(connection: Connection) -> None:
    start = size(connection, nonces)
    now = datetime.now(UTC)
    consume_nonce(connection, nonce("short", 5), now)
    consume_nonce(connection, nonce("long", 3000), now)
    # accepted before it expired, carried out after
    later = now + timedelta(minutes=20)
    with pytest.raises(ReplayError):
        consume_nonce(connection, nonce("short", 5), later)
    consume_nonce(connection, nonce("new", 10_000), now + timedelta(seconds=10) + module._GRACE)
    kept = connection.execute(select(nonces.c.nonce)).scalars().all()
    assert set(kept) >= {"long", "new"}
    assert "short" not in kept
    assert len(kept) <= start + 2


def test_a_clock_that_went_ahead_and_back_lets_nothing_be_used_twice(
    connection: Connection,
) -> None:
    now = datetime.now(UTC)
    used, unused = nonce("used", 600), nonce("unused", 500)
    consume_nonce(connection, used, now)
    ahead = now + timedelta(hours=13)
    consume_nonce(connection, Nonce("ahead", ahead + timedelta(minutes=11)), ahead)
    assert "used" not in connection.execute(select(nonces.c.nonce)).scalars().all()
    for one in (used, unused):  # nobody knows any more which of the two it was
        with pytest.raises(ReplayError, match="before a clock was set: sign it again"):
            consume_nonce(connection, one, now)
    # what is signed from now on is carried out
    consume_nonce(connection, nonce("later", 601), now + timedelta(seconds=1))


def test_a_clock_that_went_back_and_ahead_does_no_harm(connection: Connection) -> None:
    now = datetime.now(UTC)
    back = now - timedelta(hours=13)
    consume_nonce(connection, nonce("right", 660), now)
    consume_nonce(connection, Nonce("back", back + timedelta(minutes=11)), back)
    for one in (nonce("right", 660), Nonce("back", back + timedelta(minutes=11))):
        with pytest.raises(ReplayError):
            consume_nonce(connection, one, now)
    consume_nonce(connection, nonce("next", 661), now)


def test_servers_with_different_clocks_let_nothing_be_used_twice(postgres_url: str) -> None:
    database = open_database(postgres_url)
    now = datetime.now(UTC)
    used = nonce("of the right server", 600)
    try:
        for one, at in (
            (used, now),
            (nonce("of the wrong one", 47_000), now + timedelta(hours=13)),
        ):
            with database.begin() as connection:
                consume_nonce(connection, one, at)

        def again() -> None:
            with database.begin() as connection:
                consume_nonce(connection, used, now)

        with pytest.raises(ReplayError):
            again()
    finally:
        with database.begin() as connection:
            connection.execute(nonces.delete())
            connection.execute(horizons.update().values(moment=""))
        database.dispose()


def test_times_of_any_zone_are_compared(connection: Connection) -> None:
    now = datetime.now(UTC)
    for hours in (-11, 14):
        zone = timezone(timedelta(hours=hours))
        used = Nonce(f"signature {hours}", (now + timedelta(minutes=1)).astimezone(zone))
        consume_nonce(connection, used, now)
        consume_nonce(connection, nonce(f"another {hours}"), now.astimezone(zone))
        with pytest.raises(ReplayError):
            consume_nonce(connection, used, now)


def test_forgetting_waits_for_nobody(postgres_url: str) -> None:
    engine = open_database(postgres_url)
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with engine.begin() as connection:
        consume_nonce(connection, Nonce("forgotten", long_ago), long_ago)
    waits = "SET LOCAL lock_timeout = '5s'"
    with engine.connect() as one, engine.begin() as other:
        consume_nonce(one, nonce("one"), datetime.now(UTC))
        other.exec_driver_sql(waits)
        consume_nonce(other, nonce("other"), datetime.now(UTC))
    with engine.begin() as connection:
        consume_nonce(connection, nonce("third"), datetime.now(UTC))
        assert "forgotten" not in connection.execute(select(nonces.c.nonce)).scalars().all()
    engine.dispose()


def test_an_answer_is_given_again(connection: Connection) -> None:
    assert find_answer(connection, ADA, "associate", TOKEN) is None
    keep_answer(connection, ADA, "associate", TOKEN, '{"ü": 1}')
    assert find_answer(connection, ADA, "associate", TOKEN) == '{"ü": 1}'
    # whichever request it comes with
    again = Actor("ada", "request 2", nonce("signature"))
    assert find_answer(connection, again, "associate", TOKEN) == '{"ü": 1}'


def test_a_token_stands_for_one_request(connection: Connection) -> None:
    keep_answer(connection, ADA, "associate", TOKEN, "answer")
    other = RequestToken("token", "other digest")
    with pytest.raises(TokenMismatchError, match="ClientRequestToken: token you have"):
        find_answer(connection, ADA, "associate", other)
    with pytest.raises(TokenMismatchError):
        keep_answer(connection, ADA, "associate", other, "other answer")
    # the transaction goes on
    assert find_answer(connection, ADA, "associate", TOKEN) == "answer"


def test_tokens_are_the_actors_and_the_operations_own(connection: Connection) -> None:
    who = [(actor, action) for actor in (ADA, Actor("bob")) for action in ("create", "delete")]
    for actor, action in who:
        token = RequestToken("token", f"{actor.name} {action}")
        assert find_answer(connection, actor, action, token) is None
        keep_answer(connection, actor, action, token, f"answer to {actor.name} {action}")
    for actor, action in who:
        token = RequestToken("token", f"{actor.name} {action}")
        assert find_answer(connection, actor, action, token) == f"answer to {actor.name} {action}"


def test_a_token_expires_and_may_be_used_anew(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TOKEN_LIFE", timedelta(0))
    for value in ("one", "two"):
        keep_answer(connection, ADA, "associate", RequestToken(value, "digest"), "answer")
    assert size(connection, tokens) == 1
    other = RequestToken("two", "other digest")
    assert find_answer(connection, ADA, "associate", other) is None
    monkeypatch.undo()
    keep_answer(connection, ADA, "associate", other, "other answer")
    assert find_answer(connection, ADA, "associate", other) == "other answer"
    assert size(connection, tokens) == 1


def test_of_two_answers_at_once_exactly_one_is_kept(own_engine: Engine) -> None:
    def act(answer: str) -> None:
        with own_engine.begin() as connection:
            keep_answer(connection, ADA, "associate", TOKEN, answer)

    errors = at_once(lambda: act("one"), lambda: act("two"))
    assert [type(error) for error in errors if error] == [TokenMismatchError]
    kept = "two" if errors[0] else "one"
    with reading(own_engine) as connection:
        assert find_answer(connection, ADA, "associate", TOKEN) == kept


def test_a_rehearsal_leaves_nothing_behind(own_engine: Engine) -> None:
    assert at_once(*(lambda: check_writable(own_engine) for _ in range(5))) == [None] * 5
    with reading(own_engine) as connection:
        assert size(connection, nonces) == 0
