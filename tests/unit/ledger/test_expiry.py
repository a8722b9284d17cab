from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from reknown.biometrics.policy import Policy
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.expiry import expire_records, expired_records
from reknown.ledger.records import (
    AdoptMasterKeyRecord,
    ExpireRecordsRecord,
    ListUsersRecord,
    SetPolicyRecord,
    StopSearchesRecord,
)
from reknown.ledger.schema import events
from reknown.ledger.verification.log import LogEvidence, verify_log
from reknown.storage.database import reading

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from reknown.ledger.verification.log import LogFindings

_ADA = Actor("cli:ada")


def _verified(engine: Engine) -> LogFindings:
    with reading(engine) as connection:
        until = expired_records(connection).until
    return verify_log(engine, None, LogEvidence((), expired_until=until))


def test_what_has_expired_is_gone_and_the_log_verifies(own_engine: Engine) -> None:
    log.record(own_engine, _ADA, None, AdoptMasterKeyRecord("ab" * 32))
    for number in range(5):
        log.record(own_engine, _ADA, None, ListUsersRecord(number))
    with own_engine.begin() as connection:
        assert expire_records(connection, _ADA, datetime.now(UTC) - timedelta(days=1)) == 0
        assert expire_records(connection, _ADA, datetime.now(UTC) + timedelta(days=1)) == 5
    log.record(own_engine, _ADA, None, ListUsersRecord(9))
    found = _verified(own_engine)
    assert (found.faults.named, found.size, found.expired) == ([], 8, 5)
    kinds = [type(event.record) for event in log.stream(own_engine)]
    assert kinds == [AdoptMasterKeyRecord, ExpireRecordsRecord, ListUsersRecord]


def test_what_says_what_is_allowed_stays(own_engine: Engine) -> None:
    rules = (SetPolicyRecord(Policy(keep_records=1)), StopSearchesRecord("looked into"))
    for record in (*rules, ListUsersRecord(1)):
        log.record(own_engine, _ADA, "people", record)
    with own_engine.begin() as connection:
        assert expire_records(connection, _ADA, datetime.now(UTC) + timedelta(days=1)) == 1
    kept = [event.record for event in log.stream(own_engine)]
    assert kept[:2] == [*rules]


def test_what_goes_otherwise_is_found(own_engine: Engine) -> None:
    for number in range(3):
        log.record(own_engine, _ADA, None, ListUsersRecord(number))
    with own_engine.begin() as connection:
        expire_records(connection, _ADA, datetime.now(UTC) + timedelta(days=1))
    log.record(own_engine, _ADA, None, ListUsersRecord(9))
    with own_engine.begin() as connection:
        connection.execute(delete(events).where(events.c.id == 5))
    (fault,) = _verified(own_engine).faults.named
    assert (fault.what, fault.index, fault.record) == ("removed", 4, 5)


def test_no_more_may_be_gone_than_has_expired(own_engine: Engine) -> None:
    for number in range(3):
        collection = "friends" if number else None
        log.record(own_engine, _ADA, collection, ListUsersRecord(number))
    with own_engine.begin() as connection:
        soon = datetime.now(UTC) + timedelta(days=1)
        assert expire_records(connection, _ADA, soon, "friends") == 2
    assert _verified(own_engine).faults.named == []
    with own_engine.begin() as connection:
        connection.execute(delete(events).where(events.c.id == 1))
    (fault,) = _verified(own_engine).faults.named
    assert (fault.what, "1 more record" in fault.message) == ("removed", True)
