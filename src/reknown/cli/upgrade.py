"""`reknown collections upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import ModelError, SpaceMismatchError
from reknown.cli.completion import complete_collection
from reknown.cli.options import Data, Json, Pack

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.database import Engine as Database
    from reknown.services.agreement import Report
    from reknown.services.upgrade_steps import Switched
    from reknown.vision.analyze import Engine

cli = typer.Typer(
    help="Move a collection to another model pack, which needs its original pictures.\n\n"
    "`prepare` makes new templates beside those in use and reports how far they agree, `switch` "
    "puts them in force at once, `undo` goes back, `finish` deletes the old ones. The collection "
    "answers all the while, with its faces, people and ids as they were.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str, typer.Argument(help="The collection's name.", autocompletion=complete_collection)
]
DeleteMissing = Annotated[
    bool,
    typer.Option(
        "--delete-missing",
        help="Delete the faces that cannot come along, for good: `missing` lists them.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@cli.command()
def prepare(
    name: Name,
    places: Annotated[
        list[Path],
        typer.Option(
            "--from",
            metavar="PEOPLE",
            help="Folder with the pictures, at any depth and under any names: they are known by "
            "their content. May be repeated.",
        ),
    ],
    pack: Pack = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make new templates from the pictures.

    They are of another pack, --pack or the default one, and lie beside those in use: nothing of
    the collection changes before `switch`. This may be interrupted and run again at
    any time, with more pictures or after faces were enrolled: it goes on with what is still
    missing. Ends with the report that `status` shows. Status 1 when a face cannot come along.

    After a switch it makes templates of the former pack for faces enrolled since, so that
    `undo` can take them along.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, progress
    from reknown.cli.session import open_gallery
    from reknown.cli.upgrade_output import Notes, print_beginning, print_report
    from reknown.services import upgrade
    from reknown.services.picture_files import files_below, require_places
    from reknown.settings import read_settings

    require_places(places)
    with open_gallery(data) as database:
        engine = _engine(database, name, pack)
        begun = upgrade.begin(database, name, engine.space, read_settings().actor)
        if not json:
            print_beginning(database, name, begun)
        notes = Notes(json=json)
        with progress() as bar:
            task = bar.add_task("looking through files", total=None)
            bar.update(task, total=sum(1 for _ in files_below(places)))
            try:
                for result in upgrade.carry_all(engine, database, name, files_below(places)):
                    notes.add(result)
                    bar.advance(task)
            except KeyboardInterrupt:
                bar.stop()
                typer.echo("interrupted: run the same again to go on", err=True)
                raise
        notes.end()
        found = _report(database, name)
        print_report(found, json=json)
    raise typer.Exit(EXIT_NEGATIVE if found.tally.missing else EXIT_DONE)


@cli.command()
def status(name: Name, data: Data = None, json: Json = False) -> None:
    """Show how far it is, and how old and new agree.

    That needs no truth: whether the nearest other face of each face stays the same, and
    which people's faces are less similar to each other than before.
    """
    from reknown.cli.session import open_gallery
    from reknown.cli.upgrade_output import print_report

    with open_gallery(data) as database:
        print_report(_report(database, name), json=json)


@cli.command()
def missing(name: Name, data: Data = None, json: Json = False) -> None:
    """List the faces that cannot come along.

    Each with its person, its picture and the reason.
    """
    from reknown.cli.session import open_gallery
    from reknown.cli.upgrade_output import print_missing
    from reknown.services.upgrade_steps import list_missing

    with open_gallery(data) as database:
        print_missing(list_missing(database, name), json=json)


@cli.command()
def switch(
    name: Name,
    delete_missing: DeleteMissing = False,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Put the new templates in force.

    All at once: servers follow with their next request. Refused while a face has no new
    template, unless --delete-missing has those faces deleted. `undo` goes back until `finish`.
    """
    from reknown.cli.session import open_gallery
    from reknown.services import upgrade_steps
    from reknown.settings import read_settings

    with open_gallery(data) as database:
        if delete_missing and not yes:
            _confirm_deletion(database, name)
        actor = read_settings().actor
        done = upgrade_steps.switch(database, name, actor, delete_missing=delete_missing)
    _print_switched(name, done, json=json)


@cli.command()
def undo(
    name: Name,
    delete_missing: DeleteMissing = False,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Put the old templates in force again.

    In the same way, until `finish`. Faces enrolled since the switch have no old template:
    `prepare` makes them from their pictures, --delete-missing has those faces deleted.
    """
    from reknown.cli.session import open_gallery
    from reknown.services import upgrade_steps
    from reknown.settings import read_settings

    with open_gallery(data) as database:
        if delete_missing and not yes:
            _confirm_deletion(database, name)
        actor = read_settings().actor
        done = upgrade_steps.undo(database, name, actor, delete_missing=delete_missing)
    _print_switched(name, done, json=json)


@cli.command()
def finish(name: Name, yes: Yes = False, data: Data = None, json: Json = False) -> None:
    """Delete the old templates for good.

    After a switch; there is no `undo` then.
    """
    from reknown.cli.session import open_gallery
    from reknown.services import upgrade_steps
    from reknown.settings import read_settings

    with open_gallery(data) as database:
        if not yes:
            typer.confirm(f"Delete the old templates of {_shown(name)} for good?", abort=True)
        ended = upgrade_steps.finish(database, name, read_settings().actor)
    _print_end(name, ended.present.pack, json=json)


@cli.command()
def discard(name: Name, yes: Yes = False, data: Data = None, json: Json = False) -> None:
    """Throw away what was prepared.

    Before a switch, or after an `undo`.
    """
    from reknown.cli.session import open_gallery
    from reknown.services import upgrade_steps
    from reknown.settings import read_settings

    with open_gallery(data) as database:
        if not yes:
            typer.confirm(f"Throw away what was prepared for {_shown(name)}?", abort=True)
        ended = upgrade_steps.discard(database, name, read_settings().actor)
    _print_end(name, ended.present.pack, json=json)


def _engine(database: Database, name: str, pack: str | None) -> Engine:
    """The engine asked for, else that of the upgrade under way, else the default one."""
    from reknown.cli.session import open_engine
    from reknown.services.upgrade import find

    begun = find(database, name)
    if begun is not None and pack is None:
        pack = begun.other.pack
    return open_engine(pack)


def _report(database: Database, name: str) -> Report:
    from reknown.cli.session import calibration_of_space
    from reknown.services.agreement import report

    def calibration(space: TemplateSpace) -> Calibration | None:
        try:
            return calibration_of_space(space)
        except (ModelError, SpaceMismatchError):  # a pack that was, and is here no more
            return None

    return report(database, name, calibration)


def _confirm_deletion(database: Database, name: str) -> None:
    from reknown.services.upgrade_steps import list_missing

    if count := sum(1 for _ in list_missing(database, name)):
        faces = "1 face" if count == 1 else f"{count:,} faces"
        typer.confirm(
            f"Delete {faces} of {_shown(name)} for good, those that `missing` lists?", abort=True
        )


def _print_switched(name: str, done: Switched, *, json: bool) -> None:
    from reknown.cli.output import print_json

    upgrade = done.upgrade
    if json:
        print_json(
            {
                "collection": name,
                "space": upgrade.present,
                "faces": done.faces,
                "deleted_faces": done.deleted,
            }
        )
        return
    verb = "was" if done.deleted == 1 else "were"
    lost = f", {done.deleted:,} {verb} deleted" if done.deleted else ""
    typer.echo(
        f"{_shown(name)}: {done.faces:,} faces have templates of {upgrade.present.pack} now{lost}"
    )
    steps = ("undo", "finish") if upgrade.switched else ("switch", "discard")
    typer.echo(f"next: reknown collections upgrade {' or '.join(steps)} {_shown(name)}")


def _print_end(name: str, pack: str, *, json: bool) -> None:
    from reknown.cli.output import print_json

    if json:
        print_json({"collection": name, "pack": pack, "ended": True})
    else:
        typer.echo(f"{_shown(name)}: made with {pack}, and nothing else is kept of its faces")


def _shown(name: str) -> str:
    from reknown.cli.output import printable

    return printable(name)
