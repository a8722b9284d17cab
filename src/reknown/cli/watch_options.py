"""Options of `reknown watch` and `reknown watches`: how it is watched for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.completion import complete_alert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.services.live.watch_options import WatchOptions

_ALERTS = "alert"

Top = Annotated[
    int | None,
    typer.Option("--top", min=1, max=100, help="Candidates a face.  [default: 5]"),
]
Zone = Annotated[
    list[str] | None,
    typer.Option(
        "--zone",
        metavar="PLACE",
        help="Only faces with their middle in this part of the picture: LEFT,TOP,WIDTH,HEIGHT "
        "as shares, or the corners of a polygon, as in '0,0 0.5,0 0.5,1'. May be repeated.",
    ),
]
Hours = Annotated[
    str | None,
    typer.Option(
        "--schedule",
        metavar="HOURS",
        help="Look at these hours alone, by the local clock: 'mon-fri 08:00-18:00, sat "
        "10:00-14:00', or '22:00-06:00' for every night.",
    ),
]
LeastHeight = Annotated[
    float | None,
    typer.Option(
        "--least-height",
        min=0,
        max=1,
        help="Faces lower than this share of the picture do not count.  [default: 0]",
    ),
]
LeastQuality = Annotated[
    int | None,
    typer.Option(
        "--least-quality",
        min=0,
        max=100,
        help="Faces of less quality are not searched with.  [default: as for enrolment]",
    ),
]
Away = Annotated[
    float | None,
    typer.Option(
        "--away",
        metavar="SECONDS",
        help="Who is not seen for so long has left.  [default: 5]",
        min=1,
        max=3600,
    ),
]
Alert = Annotated[
    list[str] | None,
    typer.Option(
        "--alert",
        metavar="[LIST=]PERSON",
        help="Mark events with this person as of the list LIST, or else `alert`. May be repeated.",
        autocompletion=complete_alert,
    ),
]
Debounce = Annotated[
    float | None,
    typer.Option(
        "--debounce",
        metavar="SECONDS",
        min=0,
        max=3600,
        help="Mark events with the same person not again within so long.  [default: 60]",
    ),
]
Keep = Annotated[
    int | None,
    typer.Option(
        "--keep",
        metavar="DAYS",
        min=1,
        max=3650,
        help="Keep strangers who have left as templates, without pictures, for so many days: "
        "`reknown find` finds them until then.",
    ),
]
# The settings by their options, which are called as people say them.
_SETTINGS = {
    "threshold": "similarity",
    "score": "score",
    "top": "limit",
    "zone": "zones",
    "schedule": "schedule",
    "least-height": "least_height",
    "least-quality": "least_quality",
    "away": "away_seconds",
    "alert": "alerts",
    "debounce": "debounce_seconds",
    "keep": "keep_days",
}
Reset = Annotated[
    list[str] | None,
    typer.Option(
        "--reset",
        metavar="OPTION",
        help=f"Have this one as by default again: {', '.join(_SETTINGS)}. May be repeated.",
        autocompletion=lambda incomplete: [
            each for each in _SETTINGS if each.startswith(incomplete)
        ],
    ),
]


def options_of(**given: Any) -> WatchOptions:
    """What was given, by the names of options, with `_` for `-`."""
    said = {_SETTINGS[name.replace("_", "-")]: value for name, value in given.items()}
    if said["alerts"] is not None:
        said["alerts"] = _lists(said["alerts"])
    options = {name: value for name, value in said.items() if value is not None}
    return cast("WatchOptions", options)


def reset_options(names: Sequence[str]) -> WatchOptions:
    """These as by default; raises `InputError`."""
    from reknown.services.live.plans import USUAL

    unknown = [name for name in names if name not in _SETTINGS]
    if unknown:
        raise InputError(f"--reset {unknown[0]!r}: there are {', '.join(_SETTINGS)}")
    settings = {"similarity" if name == "score" else _SETTINGS[name] for name in names}
    return cast("WatchOptions", {name: getattr(USUAL, name) for name in settings})


def _lists(alerts: Sequence[str]) -> dict[str, list[str]]:
    """People by the names of their lists."""
    lists: dict[str, list[str]] = {}
    for each in alerts:
        before, equals, person = each.partition("=")
        name, who = (before, person) if equals else (_ALERTS, each)
        lists.setdefault(name, []).append(who)
    return lists
