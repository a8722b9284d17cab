"""Quotas and their counters against what the ledger says of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reknown.access import keys
from reknown.biometrics.errors import AccessError, DatabaseError
from reknown.ledger import log, quotas
from reknown.ledger.quotas import PERIODS, start_of
from reknown.ledger.records import LimitKeyRecord, RevokeKeyRecord, RotateKeyRecord
from reknown.ledger.verification.faults import Fault
from reknown.services.access import actor_of
from reknown.services.quotas import used_since
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.storage.database import Database

    Limits = frozenset[tuple[str, str, int]]

_OPERATIONS = (LimitKeyRecord.OPERATION, RotateKeyRecord.OPERATION, RevokeKeyRecord.OPERATION)


def check_quotas(database: Database) -> list[Fault]:
    """Keys that may use more than the ledger says, and counters below what it counts."""
    try:
        return [*_limits(database), *_counters(database)]
    except (DatabaseError, AccessError) as error:
        return [Fault("quotas", str(error))]


def _limits(database: Database) -> Iterator[Fault]:
    said, now = _said(database), datetime.now(UTC)
    with reading(database) as connection:
        for key in keys.list_keys(connection):
            counts = quotas.quotas_of(connection, actor_of(key.key_id), now)
            there = frozenset((it.quota.measure, it.quota.period, it.quota.most) for it in counts)
            if there != said.get(key.key_id, frozenset()):
                yield Fault("quotas", f"access key {key.key_id} has other quotas than recorded")


def _counters(database: Database) -> Iterator[Fault]:
    now = datetime.now(UTC)
    starts = {period: start_of(period, now) for period in PERIODS}
    with reading(database) as connection:
        groups = quotas.holders(connection)
    for actors in groups.values():
        # counters go up meanwhile, so they are read after what they are compared with
        said = {period: used_since(database, actors, start) for period, start in starts.items()}
        with reading(database) as connection:
            counts = quotas.quotas_of(connection, actors[0], now)
        for count in counts:
            quota = count.quota
            least = said[quota.period][quota.measure]
            if count.used < least:
                message = f"{', '.join(actors)} used {least:,} {quota.measure} this {quota.period}"
                yield Fault("quotas", f"{message}, and {count.used:,} are counted")


def _said(database: Database) -> Mapping[str, Limits]:
    """By key what its records say, in their order; keys that were rotated have it together."""
    shared: dict[str, list[str]] = {}
    limits: dict[str, Limits] = {}
    for event in log.stream_operations(database, _OPERATIONS):
        record = event.record
        if isinstance(record, LimitKeyRecord):
            together = shared.setdefault(record.key, [record.key])
            wanted = frozenset((it.measure, it.period, it.most) for it in record.quotas)
            for key in list(together):
                limits[key] = wanted
                if not wanted:  # what nobody limits is nobody's together
                    del shared[key]
        elif isinstance(record, RotateKeyRecord) and limits.get(record.replaced):
            shared[record.replaced].append(record.key)
            shared[record.key] = shared[record.replaced]
            limits[record.key] = limits[record.replaced]
        elif isinstance(record, RevokeKeyRecord) and record.key in shared:
            shared.pop(record.key).remove(record.key)
            del limits[record.key]
    return limits
