"""A plan at work: what a stored watch does, and one that nobody stores."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.live import RecordPlace
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.schedule import read_schedule
from reknown.services.live.plans import USUAL, WatchPlan, plan_of
from reknown.services.live.watch_options import planned
from reknown.services.live.watching import WatchSettings, watch_leased
from reknown.services.searches.search import Query
from reknown.storage.database import reading
from reknown.watches import watches

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.live.sources import FrameSource
    from reknown.services.live.watch_options import WatchOptions
    from reknown.services.live.watching import Told
    from reknown.watches.watches import WatchedCamera


@dataclass(frozen=True, slots=True)
class AskedWatch:
    """A watch against a collection, by what people say of it."""

    name: str
    collection: str
    options: WatchOptions


def settings_of(name: str, collection: str, plan: WatchPlan) -> WatchSettings:
    """What the plan says, for whoever watches; raises `InputError`."""
    quality = DEFAULT_FILTER
    if plan.least_quality is not None:
        quality = replace(quality, min_unified=plan.least_quality)
    return WatchSettings(
        name,
        Query(collection, plan.threshold, plan.limit),
        quality=quality,
        regions=tuple(zone.region for zone in plan.zones),
        least_height=plan.least_height,
        schedule=None if plan.schedule is None else read_schedule(plan.schedule),
        away_seconds=plan.away_seconds,
        alerts=plan.alerts,
        debounce_seconds=plan.debounce_seconds,
        keep_days=plan.keep_days,
    )


def settings_from(context: Context, asked: AskedWatch) -> WatchSettings:
    """The settings of one that nobody stores; raises as `planned` and `settings_of` do.

    Records go where a stored watch of this name and collection has its own.
    """
    records = None
    with reading(context.database) as connection:
        plan = planned(connection, asked.collection, USUAL, asked.options)
        with suppress(NotFoundError):
            stored = watches.find(connection, asked.name)
            if stored.collection == asked.collection:
                records = _records_of(stored, plan_of(stored.settings))
    return replace(settings_of(asked.name, asked.collection, plan), records=records)


def watch_as_planned(
    context: Context,
    stored: WatchedCamera,
    plan: WatchPlan,
    source: FrameSource,
    told: Told,
) -> None:
    """Watches until the source is at its end; raises as `watch_leased` does."""
    plan.require_space(context.platform.space_of(stored.collection))
    settings = settings_of(stored.name, stored.collection, plan)
    settings = replace(settings, session=stored.session, records=_records_of(stored, plan))
    watch_leased(context, settings, source, told)


def _records_of(stored: WatchedCamera, plan: WatchPlan) -> RecordPlace | None:
    if plan.output is None:
        return None
    return RecordPlace(plan.output, stored.camera, plan.kms_key)
