"""What people say of a watch: texts and names, of which a plan is made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, cast

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox, Point
from reknown.gallery.collections import get_space
from reknown.services.live.alert_lists import listed
from reknown.services.live.plans import WatchZone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reknown.services.live.alert_lists import AlertList
    from reknown.services.live.plans import WatchPlan
    from reknown.storage.database import Connection

_BOX = 4
# half a pixel beyond the edge is what rounded shares come to
_BEYOND = 0.01


class WatchOptions(TypedDict, total=False):
    """How a watch looks for whom; what is left out is as it was, or as it is by default.

    - `similarity`: from where on somebody is a candidate, 0 to 100; 80 by default
    - `score`: the same as a raw score
    - `limit`: candidates a face, 5 by default
    - `zones`: only faces with their middle in one of these parts of the picture, each
      "LEFT,TOP,WIDTH,HEIGHT" in shares of it, or the corners of a polygon, "X,Y X,Y X,Y"
    - `schedule`: the hours at which it is looked, "mon-fri 08:00-18:00, sat 10:00-14:00", by the
      clock of the machine that watches; None for always
    - `least_height`: faces lower than this share of the picture do not count
    - `least_quality`: faces of less quality, 0 to 100, are not searched with; None for what
      enrolment asks for
    - `away_seconds`: who is not seen for so long has left, 5 by default
    - `alerts`: lists of people by name, {"alert": ["Ada Lovelace"]}: events with them are marked
    - `debounce_seconds`: but with the same person not again within so long, 60 by default
    - `keep_days`: strangers who have left are kept as templates for so long; None for not at all
    """

    similarity: float
    score: float
    limit: int
    zones: Sequence[str | WatchZone]
    schedule: str | None
    least_height: float
    least_quality: int | None
    away_seconds: float
    alerts: Mapping[str, Sequence[str]]
    debounce_seconds: float
    keep_days: int | None


def planned(
    connection: Connection, collection: str, plan: WatchPlan, options: WatchOptions
) -> WatchPlan:
    """The plan with these options; raises `NotFoundError` for a person, and `InputError`."""
    changes: dict[str, Any] = {**options}
    unknown = sorted(changes.keys() - WatchOptions.__annotations__.keys())
    if unknown:
        raise InputError(
            f"a watch has no setting {unknown[0]!r}: "
            f"there are {', '.join(WatchOptions.__annotations__)}"
        )
    if "score" in options:
        changes["scored_in"] = get_space(connection, collection).fingerprint
        changes.setdefault("similarity", None)
    elif "similarity" in options:
        changes["score"] = None
    if "zones" in options:
        zones = options["zones"]
        changes["zones"] = tuple(zone_of(each) if isinstance(each, str) else each for each in zones)
    if "alerts" in options:
        changes["alerts"] = listed(connection, collection, options["alerts"])
    return replace(plan, **changes)


def options_from(plan: WatchPlan, alerts: Iterable[AlertList], *, with_score: bool) -> WatchOptions:
    """What can be said to make such a plan again, with the people who are there still.

    Its score is left out unless `with_score`: whoever gives it again says it of the model pack that
    the collection has then.
    """
    told: dict[str, Any] = {name: getattr(plan, name) for name in WatchOptions.__annotations__}
    if plan.similarity is None:
        del told["similarity"]
    if plan.score is None or not with_score:
        del told["score"]
    told["zones"] = tuple(map(zone_text, plan.zones))
    told["alerts"] = {each.name: each.people or () for each in alerts}
    return cast("WatchOptions", told)


def values_of(plan: WatchPlan, settings: Iterable[str]) -> dict[str, str | None]:
    """These settings as texts for the ledger: no alert lists, whose names may be people's."""
    return {name: _text(getattr(plan, name)) for name in settings if name != "alerts"}


def _text(value: tuple[WatchZone, ...] | float | str | None) -> str | None:
    if isinstance(value, tuple):
        return "; ".join(map(zone_text, value)) or None
    if isinstance(value, float):
        return f"{value:.12g}"
    return None if value is None else str(value)


def zone_text(zone: WatchZone) -> str:
    """As `zone_of` reads it."""
    if zone.box is None:
        return " ".join(f"{corner.x:g},{corner.y:g}" for corner in zone.polygon)
    box = zone.box
    return f"{box.left:g},{box.top:g},{box.width:g},{box.height:g}"


def zone_of(text: str) -> WatchZone:
    """A part of the picture: a box as four shares, or the corners of a polygon."""
    try:
        corners = [tuple(map(_share, pair.split(","))) for pair in text.split()]
        if len(corners) == 1 and len(corners[0]) == _BOX:
            left, top, width, height = corners[0]
            box = BoundingBox(left, top, _within(left, width), _within(top, height))
            return WatchZone(box)
        return WatchZone(polygon=tuple(Point(x, y) for x, y in corners))
    except (ValueError, InputError) as error:
        raise InputError(
            f"zone {text[:200]!r}: write LEFT,TOP,WIDTH,HEIGHT as shares from 0 to 1, such as "
            "0,0,0.5,1, or three to ten corners of a polygon, such as '0,0 0.5,0 0.5,1'"
        ) from error


def _share(text: str) -> float:
    share = float(text)
    if not -_BEYOND <= share <= 1 + _BEYOND:  # NaN is nowhere
        raise ValueError
    return min(max(share, 0.0), 1.0)


def _within(start: float, length: float) -> float:
    """The length, as far as it is within the picture."""
    if start + length > 1 + _BEYOND:
        raise ValueError
    return min(length, 1 - start)
