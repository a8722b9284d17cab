"""What a watch looks for, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.text import counted
from reknown.services.live.watch_options import zone_text
from reknown.services.live.watches import stream_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.services.live.alert_lists import AlertList
    from reknown.services.live.plans import WatchPlan
    from reknown.services.live.watches import CameraWatch


def settings_words(watch: CameraWatch) -> Iterator[str]:
    """A line for each thing that there is to know."""
    plan, camera = watch.plan, watch.stored.camera
    if stream_of(camera) is not None:
        yield f"camera {camera}"
    least = f"similarity {plan.similarity:g}" if plan.score is None else f"score {plan.score:g}"
    yield f"{counted(plan.limit, 'candidate')} a face at most, from {least} on"
    yield f"faces {'; '.join(_faces(plan))}"
    yield "at all hours" if plan.schedule is None else f"{plan.schedule}, by the worker's clock"
    yield f"who is not seen for {plan.away_seconds:g} s has left"
    for each in watch.alerts:
        yield f"marks with {each.name}: {_people(each)}"
    if watch.alerts:
        yield f"marks the same person not again within {plan.debounce_seconds:g} s"
    if plan.keep_days is None:
        yield "strangers are not kept"
    else:
        yield f"strangers are kept for {counted(plan.keep_days, 'day')}, as templates"
    if plan.output is not None:
        yield f"records into {plan.output}"
    if plan.purpose is not None:
        yield f"{'last ' if watch.stored.state.resting else ''}started for {plan.purpose}"


def _faces(plan: WatchPlan) -> Iterator[str]:
    yield " or ".join(f"in {zone_text(zone)}" for zone in plan.zones) or "anywhere in the picture"
    if plan.least_height:
        yield f"at least {plan.least_height * 100:g}% of the picture's height"
    if plan.least_quality is not None:
        yield f"of quality {plan.least_quality} or more"


def _people(alerts: AlertList) -> str:
    people = [*(alerts.people or ())]
    if alerts.gone:
        people.append(f"{alerts.gone} who {'is' if alerts.gone == 1 else 'are'} not there any more")
    return ", ".join(people)
