"""`reknown watches`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.completion import complete_collection, complete_watch
from reknown.cli.options import Approval, CollectionName, Data, Json, Purpose, Score, Threshold
from reknown.cli.watch_options import (
    Alert,
    Away,
    Debounce,
    Hours,
    Keep,
    LeastHeight,
    LeastQuality,
    Reset,
    Top,
    Zone,
    options_of,
    reset_options,
)

if TYPE_CHECKING:
    from reknown.services.live.watches import CameraWatch

cli = typer.Typer(
    help="Cameras that workers watch: who of a gallery comes before them. Make a watch, start it, "
    "and `reknown worker --streams N --cameras FILE` watches. Clients of AWS know them as stream "
    "processors.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The watch's name.", autocompletion=complete_watch)
]
_COLUMNS = ("watch", "camera", "collection", "state", "started by", "last started")


@cli.command("list")
def list_(
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection",
            "-c",
            metavar="NAME",
            help="Those against this gallery alone.",
            autocompletion=complete_collection,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show all watches and how they are."""
    from reknown.cli.session import open_context
    from reknown.services.galleries.pages import all_pages
    from reknown.services.live.watches import list_watches

    with open_context(data) as context:
        found = list(all_pages(lambda page: list_watches(context, page, collection=collection)))
    _print(found, json=json)


@cli.command()
def show(name: Name, data: Data = None, json: Json = False) -> None:
    """Show one watch, how it is, and what it looks for."""
    from reknown.cli.session import open_context
    from reknown.services.live.watches import describe_watch

    with open_context(data) as context:
        found = describe_watch(context, name)
    _print([found], json=json)
    if not json:
        _print_words(found)


@cli.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    camera: Annotated[
        str,
        typer.Option(
            "--camera",
            metavar="CAMERA",
            help="A camera of the workers' file, by its name or ARN.",
            show_default=False,
        ),
    ],
    collection: CollectionName = "people",
    threshold: Threshold = None,
    score: Score = None,
    top: Top = None,
    zone: Zone = None,
    schedule: Hours = None,
    least_height: LeastHeight = None,
    least_quality: LeastQuality = None,
    away: Away = None,
    alert: Alert = None,
    debounce: Debounce = None,
    keep: Keep = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="PLACE",
            help="Put records into this place, besides the live events: the ARN of a Kinesis data "
            "stream, or s3://BUCKET/PREFIX. Servers and workers need --kinesis-endpoint or "
            "--record-bucket.",
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a watch; nothing is looked at before it is started."""
    from reknown.cli.session import open_context
    from reknown.services.live.plans import USUAL
    from reknown.services.live.watches import WatchRequest, create_watch, describe_watch

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
    plan = replace(USUAL, output=output)
    with open_context(data) as context:
        create_watch(context, WatchRequest(name, camera, collection, plan, options=options))
        found = describe_watch(context, name)
    if json:
        _print([found], json=json)
    else:
        typer.echo(f"made: {name}; start it with `reknown watches start {name}`")


@cli.command()
def change(
    name: Name,
    threshold: Threshold = None,
    score: Score = None,
    top: Top = None,
    zone: Zone = None,
    schedule: Hours = None,
    least_height: LeastHeight = None,
    least_quality: LeastQuality = None,
    away: Away = None,
    alert: Alert = None,
    debounce: Debounce = None,
    keep: Keep = None,
    reset: Reset = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Change how a watch that is stopped looks for whom; what is not given stays as it is.

    Zones and people that are given take the place of all that it had.
    """
    from reknown.cli.session import open_context
    from reknown.services.live.watches import change_watch, describe_watch

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
    changed = reset_options(reset or ()) | options
    if not changed:
        raise InputError("nothing to change: give at least one option")
    with open_context(data) as context:
        change_watch(context, name, changed)
        found = describe_watch(context, name)
    if json:
        _print([found], json=json)
    else:
        _print_words(found)


@cli.command()
def start(
    name: Name,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    approval: Approval = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Have the next free worker watch, until it is stopped.

    You are the one who searches then, for the purpose that you state now.
    """
    from reknown.cli.session import open_context
    from reknown.services.live.watches import describe_watch, start_watch

    with open_context(data) as context:
        start_watch(context, name)
        found = describe_watch(context, name)
    if json:
        _print([found], json=json)
    else:
        typer.echo(
            "started: a worker with this camera watches as soon as it has room "
            "(`reknown worker --streams N --cameras FILE`)"
        )


@cli.command()
def stop(name: Name, data: Data = None, json: Json = False) -> None:
    """Have its worker end it."""
    from reknown.cli.session import open_context
    from reknown.services.live.watches import describe_watch, stop_watch

    with open_context(data) as context:
        stop_watch(context, name)
        found = describe_watch(context, name)
    if json:
        _print([found], json=json)
    else:
        typer.echo(f"{found.stored.state.value.lower()}: {name}")


@cli.command()
def look(
    name: Name,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A new .jpg for the picture.",
            show_default=False,
        ),
    ],
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", min=0, max=600, help="How long to wait for it."),
    ] = 15,
    data: Data = None,
    json: Json = False,
) -> None:
    """Save what the camera of a running watch sees now, which is recorded.

    Nobody is in clear but people with candidates: all else is a coarse mosaic. Status 1 when no
    picture came.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, printable
    from reknown.cli.session import open_context
    from reknown.reporting.files import write_bytes
    from reknown.services.live.looks import first_sight

    if output.suffix.lower() not in {".jpg", ".jpeg"}:
        raise InputError(f"the picture is a JPEG: call it {output.with_suffix('.jpg').name}")
    if os.path.lexists(output):
        raise InputError(f"--output would overwrite {output}: give a new file")
    with open_context(data) as context:
        sight = first_sight(context, name, wait)
    watch = sight.watch
    if sight.picture is not None:
        write_bytes(output, sight.picture)
    if json:
        print_json(
            {
                "watch": name,
                "state": watch.stored.state,
                "message": watch.message,
                "path": None if sight.picture is None else str(output),
                "taken_at": sight.taken_at,
            }
        )
    elif sight.taken_at is not None:
        typer.echo(printable(f"wrote {output}, taken at {sight.taken_at:%H:%M:%S} UTC"))
    else:
        state = f"the watch is {watch.stored.state.value}"
        why = state if watch.message is None else f"{state}: {watch.message}"
        typer.echo(printable(f"no picture of {name}: {why}"), err=True)
    raise typer.Exit(EXIT_NEGATIVE if sight.picture is None else EXIT_DONE)


@cli.command()
def delete(name: Name, data: Data = None, json: Json = False) -> None:
    """Delete a watch that is stopped; its events stay for as long as events are kept."""
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.live.watches import delete_watch

    with open_context(data) as context:
        delete_watch(context, name)
    if json:
        print_json({"watch": name, "deleted": True})
    else:
        typer.echo(f"deleted: {name}")


def _print(found: list[CameraWatch], *, json: bool) -> None:
    from reknown.cli.output import print_json, print_table, printable

    if json:
        for watch in found:
            print_json(_json(watch))
    elif found:
        print_table(_COLUMNS, [_row(watch) for watch in found], whole={"started by"})
        for watch in found:
            if watch.message:
                typer.echo(printable(f"{watch.stored.name}: {watch.message}"))
    else:
        typer.echo("no watches: make one with `reknown watches create`")


def _print_words(watch: CameraWatch) -> None:
    from reknown.cli.output import printable
    from reknown.services.live.settings_words import settings_words

    for line in settings_words(watch):
        typer.echo(printable(line))


def _json(watch: CameraWatch) -> dict[str, object]:
    stored, plan = watch.stored, watch.plan
    return {
        "watch": stored.name,
        "camera": stored.camera,
        "collection": stored.collection,
        "state": stored.state,
        "message": watch.message,
        "similarity": plan.similarity,
        "score": plan.score,
        "limit": plan.limit,
        "zones": [[[corner.x, corner.y] for corner in zone.region] for zone in plan.zones],
        "schedule": plan.schedule,
        "least_height": plan.least_height,
        "least_quality": plan.least_quality,
        "away_seconds": plan.away_seconds,
        "alerts": [
            {"list": each.name, "people": each.people, "gone": each.gone} for each in watch.alerts
        ],
        "debounce_seconds": plan.debounce_seconds,
        "keep_days": plan.keep_days,
        "output": plan.output,
        "started_by": None if stored.started_at is None else stored.actor,
        "purpose": plan.purpose,
        "created_at": stored.created_at,
        "started_at": stored.started_at,
    }


def _row(watch: CameraWatch) -> tuple[object, ...]:
    from reknown.services.live.watches import stream_of

    stored = watch.stored
    since, stream = stored.started_at, stream_of(stored.camera)
    return (
        stored.name,
        stored.camera if stream is None else f"{stream} (ARN)",
        stored.collection,
        stored.state.value,
        "" if since is None else stored.actor,
        "" if since is None else f"{since:%Y-%m-%d %H:%M} UTC",
    )
