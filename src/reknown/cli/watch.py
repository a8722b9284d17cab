"""`reknown watch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.completion import complete_camera
from reknown.cli.options import (
    Approval,
    CollectionName,
    Data,
    Json,
    Purpose,
    Score,
    Threshold,
)
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from reknown.services.live.watching import WatchSettings


def watch(
    camera: Annotated[
        str,
        typer.Argument(
            metavar="CAMERA",
            help="A camera of the cameras file by its name, or a film, which is played in real "
            "time.",
            autocompletion=complete_camera,
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    cameras: Annotated[
        Path | None,
        typer.Option(
            "--cameras",
            metavar="FILE",
            help="File with the addresses and passwords of the cameras.  [default: `cameras` under "
            "[worker] in reknown.toml]",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="What the events and the ledger call this watch.  [default: that of the camera]",
            show_default=False,
        ),
    ] = None,
    threshold: Threshold = None,
    score: Score = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="Candidates a face.")] = 5,
    seconds: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", min=0, help="End after so long."),
    ] = None,
    zone: Annotated[
        list[str] | None,
        typer.Option(
            "--zone",
            metavar="PLACE",
            help="Only faces with their middle in this part of the picture: LEFT,TOP,WIDTH,HEIGHT "
            "as shares, or the corners of a polygon, as in '0,0 0.5,0 0.5,1'. May be repeated.",
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            "--schedule",
            metavar="HOURS",
            help="Look at these hours alone, by the local clock: 'mon-fri 08:00-18:00, sat "
            "10:00-14:00', or '22:00-06:00' for every night.",
        ),
    ] = None,
    least_height: Annotated[
        float,
        typer.Option(
            "--least-height",
            min=0,
            max=1,
            help="Faces lower than this share of the picture do not count.",
        ),
    ] = 0.0,
    least_quality: Annotated[
        int | None,
        typer.Option(
            "--least-quality",
            min=0,
            max=100,
            help="Faces of less quality are not searched with.  [default: as for enrolment]",
            show_default=False,
        ),
    ] = None,
    away: Annotated[
        float,
        typer.Option(
            "--away",
            metavar="SECONDS",
            help="Who is not seen for so long has left.",
            min=1,
            max=3600,
        ),
    ] = 5.0,
    alert: Annotated[
        list[str] | None,
        typer.Option(
            "--alert", metavar="PERSON", help="Mark events with this person. May be repeated."
        ),
    ] = None,
    debounce: Annotated[
        float,
        typer.Option(
            "--debounce",
            metavar="SECONDS",
            min=0,
            max=3600,
            help="Mark events with the same person not again within so long.",
        ),
    ] = 60.0,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            metavar="DAYS",
            min=1,
            max=3650,
            help="Keep strangers who have left as templates, without pictures, for so many days: "
            "`reknown find` finds them until then.",
        ),
    ] = None,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    approval: Approval = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell who of a gallery might be before a camera now.

    Each person is told of once a visit: when they arrive, when they are seen better, and when they
    have left. Candidates are for a person to check, never identifications; whoever resembles nobody
    is a stranger without a name. Each view that says more than those before is one search, which
    is recorded (`reknown ledger`). No picture is kept.

    The events are kept: `reknown events` shows them later. Ctrl-C ends it. Status 1 when nobody was
    seen who has a candidate.
    """
    from dataclasses import replace

    from reknown.biometrics.quality_filter import DEFAULT_FILTER
    from reknown.biometrics.schedule import read_schedule
    from reknown.biometrics.thresholds import ThresholdChoice
    from reknown.cli.watching import chosen_camera, watch_camera, zone_of
    from reknown.services.extras import require_video_support
    from reknown.services.live.watching import WatchSettings
    from reknown.services.searches.search import Query
    from reknown.settings import read_settings

    require_video_support()
    settings = read_settings(data, {"worker.cameras": cameras})
    found = chosen_camera(settings.worker.cameras, camera)
    quality = DEFAULT_FILTER
    if least_quality is not None:
        quality = replace(quality, min_unified=least_quality)
    wanted: WatchSettings = WatchSettings(
        name=found.name if name is None else name,
        query=Query(collection, ThresholdChoice(threshold, score), top),
        quality=quality,
        regions=tuple(map(zone_of, zone or ())),
        least_height=least_height,
        schedule=None if schedule is None else read_schedule(schedule),
        away_seconds=away,
        alerts={"alert": tuple(alert)} if alert else {},
        debounce_seconds=debounce,
        keep_days=keep,
    )
    raise typer.Exit(watch_camera(settings, found, wanted, seconds, json=json))
