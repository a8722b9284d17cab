"""The policies of collections, and where searches are stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError, NotFoundError
from reknown.gallery import stops
from reknown.gallery.policies import collections_with_policies, policy_of
from reknown.ledger.records import (
    DeleteCollectionRecord,
    ResumeSearchesRecord,
    SetPolicyRecord,
    StopSearchesRecord,
)
from reknown.ledger.verification.faults import Fault
from reknown.services.proofs.tables.said import Said, StatedKind, deeds
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.policy import Policy
    from reknown.storage.database import Database

_POLICY = StatedKind("policy", lambda name: f"the policy of collection {name!r}")
_STOP = StatedKind(
    "stop", lambda name: "the stop of " + (f"collection {name!r}" if name else "all searches")
)


@dataclass(frozen=True, slots=True)
class _Stop:
    reason: str


def policy_faults(database: Database) -> Iterator[Fault]:
    """Policies that allow other things than the ledger says; raises `DatabaseError`."""
    said: dict[str, Said[Policy]] = {}
    for event in deeds(database, SetPolicyRecord, DeleteCollectionRecord):
        if event.collection is None:
            continue
        if isinstance(event.record, SetPolicyRecord):
            said[event.collection] = Said(event.record.policy, event.id)
        else:
            said.pop(event.collection, None)
    there: dict[str, Policy] = {}
    with reading(database) as connection:
        for name in collections_with_policies(connection):
            try:
                there[name] = policy_of(connection, name)
            except NotFoundError:  # deleted meanwhile
                said.pop(name, None)
            except DatabaseError as error:
                last = said.pop(name, None)
                yield Fault("policy", str(error), record=None if last is None else last.record)
    yield from _POLICY.faults(said, there)


def stop_faults(database: Database) -> Iterator[Fault]:
    """Stops that were lifted or made past the ledger; raises `DatabaseError`."""
    said: dict[str | None, Said[_Stop]] = {}
    for event in deeds(database, StopSearchesRecord, ResumeSearchesRecord):
        stopped = isinstance(event.record, StopSearchesRecord)
        state = _Stop(event.record.reason) if isinstance(event.record, StopSearchesRecord) else None
        if stopped or event.collection in said:
            said[event.collection] = Said(state, event.id)
    with reading(database) as connection:
        there = {name: _Stop(reason) for name, reason in stops.list_stops(connection).items()}
    yield from _STOP.faults(said, there)
