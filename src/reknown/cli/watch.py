"""`reknown watch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from reknown.cli.watch_options import (
    Alert,
    Away,
    Debounce,
    Hours,
    Keep,
    LeastHeight,
    LeastQuality,
    Top,
    Zone,
    options_of,
)
from reknown.configuration import DEFAULT_COLLECTION


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
    top: Top = None,
    seconds: Annotated[
        float | None,
        typer.Option("--for", metavar="SECONDS", min=0, help="End after so long."),
    ] = None,
    zone: Zone = None,
    schedule: Hours = None,
    least_height: LeastHeight = None,
    least_quality: LeastQuality = None,
    away: Away = None,
    alert: Alert = None,
    debounce: Debounce = None,
    keep: Keep = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Write an MP4 in which nobody is clear but who has candidates: all else is a "
            "coarse mosaic. The policy of the collection has to allow it.",
        ),
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            "--annotate",
            metavar="FILE",
            help="The same with boxes, names and similarities of the candidates, alone or beside "
            "--record.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the films FILE that are there already.")
    ] = False,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    approval: Approval = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell who of a gallery might be before a camera now.

    Each person is told of once a visit: when they arrive, when they are seen better, and when they
    have left. Candidates are for a person to check, never identifications; whoever resembles nobody
    is a stranger without a name. Each view that says more than those before is one search, which
    is recorded (`reknown ledger`). No picture is kept without --record or --annotate.

    The events are kept: `reknown events` shows them later. Ctrl-C ends it. Status 1 when nobody was
    seen who has a candidate.
    """
    from reknown.cli.watching import films_of, watch_camera
    from reknown.services.extras import require_video_support
    from reknown.services.live.planned import AskedWatch
    from reknown.services.live.sources import chosen_camera
    from reknown.settings import read_settings

    require_video_support()
    settings = read_settings(data, {"worker.cameras": cameras})
    found = chosen_camera(settings.worker.cameras, camera)
    options = options_of(
        threshold=threshold,
        score=score,
        top=top,
        zone=zone,
        schedule=schedule,
        least_height=least_height,
        least_quality=least_quality,
        away=away,
        alert=alert,
        debounce=debounce,
        keep=keep,
    )
    asked = AskedWatch(found.name if name is None else name, collection, options)
    films = films_of(found, record, annotate, force=force)
    raise typer.Exit(watch_camera(settings, found, asked, seconds, films, json=json))
