"""How much actors may use in a month or a day: counted in the transaction of the record.

A row is a quota with its counter. Actors without one cost a statement that finds no row.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import bindparam, case, delete, insert, literal, select, update

from reknown.biometrics.errors import LimitError
from reknown.ledger.schema import quota_holders, quotas
from reknown.ledger.use import FACES, IMAGES, OPERATIONS, summed
from reknown.storage.commits import before_commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from reknown.ledger.actor import Actor
    from reknown.ledger.use import Measure, Use

Period = Literal["month", "day"]
PERIODS: tuple[Period, ...] = ("month", "day")
"""In UTC."""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many of a measure in a period."""

    measure: Measure
    period: Period
    most: int

    def __str__(self) -> str:
        return f"{self.measure}={self.most}/{self.period}"


@dataclass(frozen=True, slots=True)
class QuotaCount:
    """A quota, and what was used of it since the period began at `since`."""

    quota: Quota
    since: datetime
    used: int

    @property
    def left(self) -> int:
        """What may still be used; 0 also where the quota was lowered below what was used."""
        return max(0, self.quota.most - self.used)


@dataclass(frozen=True, slots=True)
class _Charge:
    actor: str
    at: datetime
    request: str
    use: Use


_GROUP = select(quota_holders.c.holders).where(quota_holders.c.actor == bindparam("who"))
_START = case((quotas.c.period == "month", bindparam("month")), else_=bindparam("day"))
# a clock that was set back starts no period anew
_RUNS = quotas.c.since >= _START
_ADDED = case(
    (quotas.c.measure == OPERATIONS, bindparam(OPERATIONS, type_=quotas.c.used.type)),
    (quotas.c.measure == IMAGES, bindparam(IMAGES, type_=quotas.c.used.type)),
    else_=bindparam(FACES, type_=quotas.c.used.type),
)
# Made once: to build a statement takes longer than to run it.
_CHARGE = (
    update(quotas)
    .where(quotas.c.holders == _GROUP.scalar_subquery())
    .values(
        used=case((_RUNS, quotas.c.used), else_=literal(0)) + _ADDED,
        since=case((_RUNS, quotas.c.since), else_=_START),
    )
    .returning(*quotas.c)
)
_OWN = select(quotas).where(quotas.c.holders == _GROUP.scalar_subquery())


def charge(connection: Connection, actor: Actor, at: datetime, use: Use | None) -> None:
    """Counts a record of a network request at the end of this transaction.

    Which then raises `LimitError`, and is undone, where a quota does not allow it.
    """
    if use is not None and actor.request_id is not None:
        before_commit(connection, _charge, _Charge(actor.name, at, actor.request_id, use))


def require_left(
    connection: Connection, actor: str, need: Mapping[str, int], now: datetime
) -> None:
    """Raises `LimitError` where what is left of a quota is less than this, by measure."""
    for row in connection.execute(_OWN, {"who": actor}):
        count = _count(row, now)
        _require(count, count.used + need[count.quota.measure], need)


def quotas_of(connection: Connection, actor: str, now: datetime) -> list[QuotaCount]:
    """The quotas of an actor, as they stand now."""
    query = _OWN.order_by(quotas.c.measure, quotas.c.period.desc())
    return [_count(row, now) for row in connection.execute(query, {"who": actor})]


def holders(connection: Connection) -> Mapping[str, Sequence[str]]:
    """By group, the actors that have quotas together."""
    groups = defaultdict(list)
    query = select(quota_holders).order_by(quota_holders.c.actor)
    for row in connection.execute(query):
        groups[row.holders].append(row.actor)
    return groups


def partners(connection: Connection, actor: str) -> list[str]:
    """Those that have their quotas together with this one, and itself."""
    group = connection.execute(_GROUP, {"who": actor}).scalar_one_or_none()
    query = select(quota_holders.c.actor).where(quota_holders.c.holders == group)
    return sorted({actor, *connection.execute(query).scalars()})


def put_quotas(connection: Connection, actor: str, counts: Sequence[QuotaCount]) -> None:
    """Puts these in the place of the quotas of the actor and its partners."""
    group = connection.execute(_GROUP, {"who": actor}).scalar_one_or_none() or actor
    connection.execute(delete(quotas).where(quotas.c.holders == group))
    if not counts:
        connection.execute(delete(quota_holders).where(quota_holders.c.holders == group))
        return
    rows = [
        {
            "holders": group,
            "period": each.quota.period,
            "measure": each.quota.measure,
            "most": each.quota.most,
            "since": _day(each.since),
            "used": each.used,
        }
        for each in counts
    ]
    connection.execute(insert(quotas), rows)
    share(connection, actor, group)


def share(connection: Connection, actor: str, group: str) -> None:
    """Lets the actor use what the group may use."""
    known = select(quota_holders.c.actor).where(quota_holders.c.actor == actor)
    if connection.execute(known).one_or_none() is None:
        connection.execute(insert(quota_holders), {"actor": actor, "holders": group})


def share_with(connection: Connection, actor: str, former: str) -> None:
    """Lets the actor use what another one may use, if that has quotas: both together no more."""
    group = connection.execute(_GROUP, {"who": former}).scalar_one_or_none()
    if group is not None:
        share(connection, actor, group)


def leave(connection: Connection, actor: str) -> None:
    """Forgets the actor, and its quotas unless others have them, too."""
    group = connection.execute(_GROUP, {"who": actor}).scalar_one_or_none()
    if group is None:
        return
    connection.execute(delete(quota_holders).where(quota_holders.c.actor == actor))
    others = select(quota_holders.c.actor).where(quota_holders.c.holders == group).limit(1)
    if connection.execute(others).one_or_none() is None:
        connection.execute(delete(quotas).where(quotas.c.holders == group))


def start_of(period: str, moment: datetime) -> datetime:
    """When the period began that the moment is in."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if period == "month" else day


def _charge(connection: Connection, charges: Sequence[_Charge]) -> None:
    by_actor: dict[str, list[_Charge]] = defaultdict(list)
    for each in charges:
        by_actor[each.actor].append(each)
    for actor, own in sorted(by_actor.items()):
        at = max(each.at for each in own)
        added = summed((each.request, each.use) for each in own)
        starts: dict[str, str] = {period: _day(start_of(period, at)) for period in PERIODS}
        for row in connection.execute(_CHARGE, {"who": actor, **starts, **added}).all():
            count = _count(row, at)
            _require(count, row.used, added)


def _require(count: QuotaCount, used: int, added: Mapping[str, int]) -> None:
    quota = count.quota
    if added[quota.measure] and used > quota.most:
        raise LimitError(
            f"this key may use {quota.most:,} {quota.measure} a {quota.period}, and has "
            f"{count.left:,} left: wait for the next {quota.period} (UTC), or ask the operator "
            "for more"
        )


def _count(row: Row[tuple[object, ...]], now: datetime) -> QuotaCount:
    """The quota as it stands at a moment, when its period may be over."""
    since, start = datetime.fromisoformat(row.since), start_of(row.period, now)
    since = since.replace(tzinfo=UTC)
    quota = Quota(row.measure, row.period, row.most)
    return QuotaCount(quota, since, row.used) if since >= start else QuotaCount(quota, start, 0)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
