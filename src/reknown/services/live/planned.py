"""A stored watch at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.thresholds import ThresholdChoice
from reknown.services.live.watching import Told, WatchCounts, WatchSettings, watch
from reknown.services.searches.search import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.live.plans import WatchPlan
    from reknown.services.live.sources import FrameSource
    from reknown.watches.watches import WatchedCamera


def watch_as_planned(
    context: Context,
    stored: WatchedCamera,
    plan: WatchPlan,
    source: FrameSource,
    count: Callable[[WatchCounts], None],
) -> None:
    """Watches until the source is at its end; `count` hears of each frame. Raises as `watch`."""
    settings = WatchSettings(
        stored.name,
        Query(stored.collection, ThresholdChoice(plan.similarity)),
        regions=tuple(zone.region for zone in plan.zones),
    )
    watch(
        context, settings, source, Told(lambda _: None, lambda _frame, _step, counts: count(counts))
    )
