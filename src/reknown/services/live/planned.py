"""A plan at work: what a stored watch does, and one that nobody stores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.schedule import read_schedule
from reknown.services.live.plans import USUAL, WatchPlan
from reknown.services.live.watch_options import planned
from reknown.services.live.watching import WatchSettings, watch_leased
from reknown.services.searches.search import Query
from reknown.storage.database import reading

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
    """The settings of one that nobody stores; raises as `planned` and `settings_of` do."""
    with reading(context.database) as connection:
        plan = planned(connection, asked.collection, USUAL, asked.options)
    return settings_of(asked.name, asked.collection, plan)


def watch_as_planned(
    context: Context,
    stored: WatchedCamera,
    plan: WatchPlan,
    source: FrameSource,
    told: Told,
) -> None:
    """Watches until the source is at its end; raises as `watch_leased` does."""
    plan.require_space(context.platform.space_of(stored.collection))
    settings = replace(settings_of(stored.name, stored.collection, plan), session=stored.session)
    watch_leased(context, settings, source, told)
