"""Quotas of access keys: how much each may use in a month or a day.

They are for keys alone: whoever may run commands here, or Python, may lift them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from reknown.access import keys
from reknown.biometrics.errors import InputError
from reknown.ledger import log, quotas
from reknown.ledger.codec import DONE
from reknown.ledger.quotas import PERIODS, Quota, QuotaCount, start_of
from reknown.ledger.records import (
    EnrolRecord,
    IdentifyRecord,
    ImportTemplatesRecord,
    LimitKeyRecord,
    NameGroupRecord,
    QuotaRecord,
)
from reknown.ledger.tree import lock_head
from reknown.ledger.use import FACES, IMAGES, MEASURES, OPERATIONS, summed, use_of
from reknown.services.access import actor_of
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reknown.access.keys import AccessKey
    from reknown.ledger.log import Event
    from reknown.ledger.quotas import Period
    from reknown.ledger.use import Measure, Use
    from reknown.services.context import Context
    from reknown.storage.database import Connection, Database

__all__ = ["KeyQuota", "Quota", "limit_key", "list_quotas", "put", "quota_of", "require_left"]

_FORM = re.compile(rf"({'|'.join(MEASURES)})=([0-9]{{1,15}})/({'|'.join(PERIODS)})")
_ENROLLING = {kind.OPERATION for kind in (EnrolRecord, ImportTemplatesRecord, NameGroupRecord)}


@dataclass(frozen=True, slots=True)
class KeyQuota:
    """A quota of a key, as it stands."""

    key_id: str
    count: QuotaCount


def quota_of(text: str) -> Quota:
    """The quota that is written as images=500/day; raises `InputError` for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise InputError(
            f"{text[:80]!r} is not a quota: write operations, images or faces, how many, and month "
            "or day, such as images=500/day"
        )
    measure, period = cast("Measure", found[1]), cast("Period", found[3])
    return Quota(measure, period, int(found[2]))


def limit_key(context: Context, key_id: str, wanted: Sequence[Quota]) -> AccessKey:
    """Puts these quotas in the place of all that the key has, none for no limit.

    What it has used of the month and the day so far counts, and so does what keys use that it was
    rotated from or to since it has quotas. Raises `NotFoundError`, or `InputError` for two quotas
    of the same.
    """
    with context.database.begin() as connection:
        key = keys.get_key(connection, key_id)
        put(connection, context, key_id, wanted)
    return key


def put(connection: Connection, context: Context, key_id: str, wanted: Sequence[Quota]) -> None:
    """The same in this transaction, of a key that is there."""
    if len({(each.measure, each.period) for each in wanted}) < len(wanted):
        raise InputError("give each measure one quota a month and one a day at the most")
    # whoever is counted is counted before or after this
    lock_head(connection)
    now, actor = datetime.now(UTC), actor_of(key_id)
    known = {_kind(it.quota): it.used for it in quotas.quotas_of(connection, actor, now)}
    actors = quotas.partners(connection, actor)
    counts = []
    for quota in wanted:
        since = start_of(quota.period, now)
        said = used_since(context.database, actors, since)[quota.measure]
        # of what the ledger has forgotten, the counter knows
        counts.append(QuotaCount(quota, since, max(said, known.get(_kind(quota), 0))))
    quotas.put_quotas(connection, actor, counts)
    told = tuple(QuotaRecord(each.measure, each.period, each.most) for each in wanted)
    log.append(connection, context.actor, None, LimitKeyRecord(key_id, told))


def list_quotas(database: Database) -> list[KeyQuota]:
    """All quotas of all keys, oldest first; keys that have one together each have a line."""
    now = datetime.now(UTC)
    with reading(database) as connection:
        known = {actor_of(key.key_id): key.key_id for key in keys.list_keys(connection)}
        members = {each for group in quotas.holders(connection).values() for each in group}
        return [
            KeyQuota(key_id, count)
            for actor, key_id in known.items()
            if actor in members
            for count in quotas.quotas_of(connection, actor, now)
        ]


def require_left(context: Context, action: str, images: int) -> None:
    """Raises `LimitError` where a request for this would be too much for its key already.

    Of several at once those that are too many are refused when they are recorded, and so is what
    is quickly done.
    """
    enrols = action in _ENROLLING
    if not (images or enrols or action == IdentifyRecord.OPERATION):
        return
    need: dict[str, int] = {OPERATIONS: 1, IMAGES: images, FACES: int(enrols)}
    with reading(context.database) as connection:
        quotas.require_left(connection, context.actor.name, need, datetime.now(UTC))


def used_since(database: Database, actors: Iterable[str], since: datetime) -> Mapping[str, int]:
    """By measure what requests of all these took together, as the ledger says."""
    return summed(
        (event.request_id or "", use)
        for actor in actors
        for event in log.stream(database, log.Choice(since=since, actor=actor))
        if (use := _counted(event)) is not None
    )


def _counted(event: Event) -> Use | None:
    if event.request_id is None or event.kind != DONE:
        return None
    return use_of(event.record)


def _kind(quota: Quota) -> tuple[str, str]:
    return quota.measure, quota.period
