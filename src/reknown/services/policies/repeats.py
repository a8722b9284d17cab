"""Whoever searches for the same person again and again needs somebody else's approval.

Judged and counted in the transaction that records the search, so that servers and processes that
search at once count together.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import PolicyError
from reknown.biometrics.text import counted, times
from reknown.gallery.approvals import use_approval
from reknown.gallery.policies import policy_of
from reknown.gallery.repeats import count_search, lock_counts, reached
from reknown.ledger import log
from reknown.ledger.records import UseApprovalRecord
from reknown.storage.clock import now

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from reknown.ledger.actor import Actor
    from reknown.ledger.records import ProbeRecord
    from reknown.storage.database import Connection


def targets_of(probe: ProbeRecord, found: Iterable[str]) -> frozenset[str]:
    """What a search is about: its probe, and the subjects that it `found`, by opaque ids."""
    told = (probe.sha256, probe.face_id, probe.subject_id)
    return frozenset(target for target in (*told, *found) if target is not None)


def permit_repeat(
    connection: Connection,
    actor: Actor,
    collection: str,
    targets: frozenset[str],
    at: datetime | None = None,
) -> None:
    """Counts a search `at` this moment, the present unless told.

    Raises `PolicyError` where one of the targets was searched for as often as the policy allows,
    unless the actor has an approval, of which one search is used up then.
    """
    policy = policy_of(connection, collection)
    most, days = policy.repeat_searches, policy.repeat_days
    if most is None:
        return
    lock_counts(connection, collection)
    # asked for behind the lock: who waited for it comes later
    moment = at or now(connection)
    if reached(connection, collection, targets, moment - timedelta(days=days), most):
        _use(connection, actor, collection, f"{times(most)} in {counted(days, 'day')}")
    count_search(connection, collection, targets, moment, days)


def _use(connection: Connection, actor: Actor, collection: str, often: str) -> None:
    if actor.approval is None:
        raise PolicyError(
            f"{collection!r} is not searched: this probe, or somebody whom it resembles, was "
            f"searched for {often}: have somebody else approve of more with `reknown approvals "
            "grant`, and give the id with --approval or X-Reknown-Approval",
            collection,
            "RepeatedSearch",
        )
    left = use_approval(connection, collection, actor.approval, actor.name)
    if left is None:
        raise PolicyError(
            f"{collection!r} is not searched: the approval {actor.approval} is not for "
            f"{actor.name}, or is used up or over: `reknown approvals list` shows it",
            collection,
            "ApprovalNotValid",
        )
    record = UseApprovalRecord(actor.approval, left)
    # a signature is used up by the search's own record
    log.append(connection, replace(actor, nonce=None), collection, record)
