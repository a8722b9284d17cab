"""`reknown watches`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.completion import complete_collection, complete_watch
from reknown.cli.options import CollectionName, Data, Json

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
_COLUMNS = ("watch", "camera", "collection", "state", "started by", "since", "message")


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
    """Show one watch and how it is."""
    from reknown.cli.session import open_context
    from reknown.services.live.watches import describe_watch

    with open_context(data) as context:
        found = describe_watch(context, name)
    _print([found], json=json)


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
    similarity: Annotated[
        float,
        typer.Option(
            "--threshold", "-t", min=0, max=100, help="Similarity from which one is a candidate."
        ),
    ] = 80.0,
    zone: Annotated[
        list[str] | None,
        typer.Option(
            "--zone",
            metavar="ZONE",
            help="Count faces in this part of the picture alone: LEFT,TOP,WIDTH,HEIGHT in shares "
            "of it, or the corners of a polygon, 'X,Y X,Y X,Y'. May be repeated.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="ARN",
            help="Put records into this Kinesis data stream, besides the live events.",
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a watch; nothing is looked at before it is started."""
    from reknown.cli.session import open_context
    from reknown.cli.watching import zone_of
    from reknown.services.live.plans import WatchPlan, WatchZone
    from reknown.services.live.watches import WatchRequest, create_watch, describe_watch

    zones = tuple(WatchZone(polygon=zone_of(text)) for text in zone or ())
    plan = WatchPlan(similarity, zones, output)
    with open_context(data) as context:
        create_watch(context, WatchRequest(name, camera, collection, plan))
        found = describe_watch(context, name)
    if json:
        _print([found], json=json)
    else:
        typer.echo(f"made: start it with `reknown watches start {name}`")


@cli.command()
def start(name: Name, data: Data = None, json: Json = False) -> None:
    """Have the next free worker watch, until it is stopped."""
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
    from reknown.cli.output import print_json, print_table

    if json:
        for watch in found:
            print_json(_json(watch))
    elif found:
        print_table(_COLUMNS, [_row(watch) for watch in found])
    else:
        typer.echo("no watches: make one with `reknown watches create`")


def _json(watch: CameraWatch) -> dict[str, object]:
    stored, plan = watch.stored, watch.plan
    return {
        "watch": stored.name,
        "camera": stored.camera,
        "collection": stored.collection,
        "state": stored.state,
        "message": watch.message,
        "similarity": plan.similarity,
        "zones": [[[corner.x, corner.y] for corner in zone.region] for zone in plan.zones],
        "output": plan.output,
        "started_by": None if stored.started_at is None else stored.actor,
        "purpose": plan.purpose,
        "created_at": stored.created_at,
        "started_at": stored.started_at,
    }


def _row(watch: CameraWatch) -> tuple[object, ...]:
    stored = watch.stored
    since = stored.started_at
    return (
        stored.name,
        stored.camera,
        stored.collection,
        stored.state.value,
        "" if since is None else stored.actor,
        "" if since is None else f"{since:%Y-%m-%d %H:%M} UTC",
        watch.message or "",
    )
