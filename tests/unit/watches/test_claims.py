from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import BusyError
from reknown.watches import claims, watches
from reknown.watches.watches import NewWatch

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from reknown.watches.claims import WatchClaim

_MINUTE = timedelta(minutes=1)
_NO_TIME = timedelta(0)


def claimed(connection: Connection, lease: timedelta = _MINUTE) -> WatchClaim:
    return claims.claim(connection, "hall", "people", lease)


def started(connection: Connection) -> None:
    watches.add(connection, NewWatch("hall", "door", "people", "{}", "ada"))
    watches.start(connection, watches.find(connection, "hall"), "bob", "{}")


def test_a_name_is_one_holders_until_it_is_given_back(connection: Connection) -> None:
    held = claimed(connection)
    with pytest.raises(BusyError, match="somebody watches as hall already: end that"):
        claimed(connection)
    with pytest.raises(BusyError):
        claims.require_unclaimed(connection, "hall")
    assert claims.renew(connection, held, _MINUTE)
    assert claims.list_lapsed(connection) == []
    assert claims.drop_lapsed(connection, "hall") is None
    assert claims.release(connection, held)
    claims.require_unclaimed(connection, "hall")
    assert claimed(connection).holder != held.holder


def test_who_is_silent_for_too_long_loses_it_to_whoever_wants_it(connection: Connection) -> None:
    old = claimed(connection, _NO_TIME)
    assert claims.renew(connection, old, _NO_TIME)  # nobody wanted it
    assert claims.drop_lapsed(connection, "hall") == "people"
    new = claimed(connection)
    assert not claims.renew(connection, old, _MINUTE)
    assert not claims.release(connection, old)
    assert claims.renew(connection, new, _NO_TIME)
    assert claims.list_lapsed(connection) == [new]
    assert claims.drop_lapsed(connection, "hall") == "people"
    assert claims.drop_lapsed(connection, "hall") is None
    assert not claims.renew(connection, new, _MINUTE)


def test_a_watch_that_is_started_has_its_name(connection: Connection) -> None:
    held = claimed(connection, _NO_TIME)
    started(connection)
    assert not claims.renew(connection, held, _MINUTE)
    with pytest.raises(BusyError, match="watch hall is STARTING: stop it with"):
        claimed(connection)
    watches.ask_to_stop(connection, watches.find(connection, "hall"))
    claims.drop_lapsed(connection, "hall")
    claimed(connection)


def test_of_many_who_want_it_at_once_one_has_it(own_engine: Engine) -> None:
    ready = Barrier(8)

    def want(_number: int) -> bool:
        ready.wait()
        try:
            with own_engine.begin() as connection:
                claimed(connection)
        except BusyError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(want, range(8))) == [False] * 7 + [True]
