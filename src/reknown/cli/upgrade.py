"""`reknown collections upgrade`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.cli.completion import complete_collection
from reknown.cli.options import Cluster, Data, Json, Pack

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.upgrades.steps import Switched

Name = Annotated[
    str, typer.Argument(help="The collection's name.", autocompletion=complete_collection)
]
From = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        metavar="PEOPLE",
        help="Make new templates from the images in this folder, at any depth and under any "
        "names: they are known by their content. May be repeated.",
    ),
]
Missing = Annotated[
    bool, typer.Option("--missing", help="List the faces that cannot come along, and why.")
]
Switch = Annotated[
    bool, typer.Option("--switch", help="Put the new templates in force, all at once.")
]
Undo = Annotated[
    bool, typer.Option("--undo", help="Put the old templates in force again, until --finish.")
]
Finish = Annotated[
    bool, typer.Option("--finish", help="Delete the old templates permanently, after --switch.")
]
Discard = Annotated[
    bool, typer.Option("--discard", help="Throw away what was prepared, before --switch.")
]
DeleteMissing = Annotated[
    bool,
    typer.Option(
        "--delete-missing",
        help="With --switch or --undo: delete the faces that cannot come along, permanently.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def upgrade(
    name: Name,
    places: From = None,
    pack: Pack = None,
    missing: Missing = False,
    switch: Switch = False,
    undo: Undo = False,
    finish: Finish = False,
    discard: Discard = False,
    delete_missing: DeleteMissing = False,
    yes: Yes = False,
    cluster: Cluster = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Move a collection to another model pack, which needs its original images.

    With --from it makes new templates, of --pack or the default pack, beside those in use, and
    reports how far both agree; without any step it shows that report again. It may be interrupted
    and run again at any time, with more images or after faces were enrolled, and goes on with
    what is missing. Status 1 when a face cannot come along.

    Nothing of the collection changes before --switch, which is refused while a face has no new
    template. --undo goes back, --finish deletes the old templates. The collection answers all the
    while, with its faces, people and ids as they were; servers follow with their next request.
    """
    steps = {
        "--from": bool(places), "--missing": missing, "--switch": switch, "--undo": undo,
        "--finish": finish, "--discard": discard,
    }  # fmt: skip
    chosen = [step for step, wanted in steps.items() if wanted]
    if len(chosen) > 1:
        raise InputError(f"one step at a time, not {' and '.join(chosen)}")
    alone = "--pack" if pack else "--cluster"
    if (pack or cluster) and not places:
        raise InputError(f"{alone} goes with --from PEOPLE, which makes the templates")
    if delete_missing and not (switch or undo):
        raise InputError("--delete-missing goes with --switch or --undo")
    if places:
        _prepare(name, places, pack, cluster, data, json=json)
    elif missing:
        _list_missing(name, data, json=json)
    elif switch or undo:
        _switch(name, data, back=undo, delete_missing=delete_missing, yes=yes, json=json)
    elif finish or discard:
        _end(name, data, switched=finish, yes=yes, json=json)
    else:
        _status(name, data, json=json)


def _prepare(
    name: str,
    places: list[Path],
    pack: str | None,
    cluster: str | None,
    data: Path | None,
    *,
    json: bool,
) -> None:
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, progress
    from reknown.cli.session import open_bulk_context
    from reknown.cli.upgrade_output import Notes, print_beginning, print_report
    from reknown.services.images.files import files_below, require_places
    from reknown.services.upgrades import preparation
    from reknown.services.upgrades.agreement import report

    require_places(places)
    with open_bulk_context(data, cluster) as context:
        begun = preparation.begin(context, name, pack)
        if not json:
            print_beginning(context, name, begun)
        notes = Notes(json=json)
        with progress() as bar:
            task = bar.add_task("looking through files", total=None)
            bar.update(task, total=sum(1 for _ in files_below(places, hidden=True)))
            files = files_below(places, hidden=True)
            try:
                for result in preparation.carry_all(context, name, begun.other, files):
                    notes.add(result)
                    bar.advance(task)
            except KeyboardInterrupt:
                bar.stop()
                typer.echo("interrupted: run the same again to go on", err=True)
                raise
        notes.end()
        found = report(context, name)
        print_report(found, json=json)
    raise typer.Exit(EXIT_NEGATIVE if found.tally.missing else EXIT_DONE)


def _status(name: str, data: Path | None, *, json: bool) -> None:
    from reknown.cli.session import open_context
    from reknown.cli.upgrade_output import print_report
    from reknown.services.upgrades.agreement import report

    with open_context(data) as context:
        print_report(report(context, name), json=json)


def _list_missing(name: str, data: Path | None, *, json: bool) -> None:
    from reknown.cli.session import open_context
    from reknown.cli.upgrade_output import print_missing
    from reknown.services.upgrades.steps import list_missing

    with open_context(data) as context:
        print_missing(list_missing(context, name), json=json)


def _switch(
    name: str, data: Path | None, *, back: bool, delete_missing: bool, yes: bool, json: bool
) -> None:
    from reknown.cli.session import open_context
    from reknown.services.upgrades import steps

    step = steps.undo if back else steps.switch
    with open_context(data) as context:
        if delete_missing and not yes:
            _confirm_deletion(context, name)
        done = step(context, name, delete_missing=delete_missing)
    _print_switched(name, done, json=json)


def _end(name: str, data: Path | None, *, switched: bool, yes: bool, json: bool) -> None:
    from reknown.cli.session import open_context
    from reknown.services.upgrades import steps

    step = steps.finish if switched else steps.discard
    question = (
        "Delete the old templates of {} permanently?"
        if switched
        else "Throw away what was prepared for {}?"
    )
    with open_context(data) as context:
        if not yes:
            typer.confirm(question.format(_shown(name)), abort=True)
        ended = step(context, name)
    _print_end(name, ended.present.pack, json=json)


def _confirm_deletion(context: Context, name: str) -> None:
    from reknown.services.upgrades.steps import list_missing

    if count := sum(1 for _ in list_missing(context, name)):
        typer.confirm(
            f"Delete {counted(count, 'face')} of {_shown(name)} permanently, those that "
            "--missing lists?",
            abort=True,
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
    lost = f", {counted(done.deleted, 'face was', 'faces were')} deleted" if done.deleted else ""
    faces = counted(done.faces, "face has a template", "faces have templates")
    typer.echo(f"{_shown(name)}: {faces} of {upgrade.present.pack} now{lost}")
    steps = ("--undo", "--finish") if upgrade.switched else ("--switch", "--discard")
    typer.echo(f"next: reknown collections upgrade {_shown(name)} {' or '.join(steps)}")


def _print_end(name: str, pack: str, *, json: bool) -> None:
    from reknown.cli.output import print_json

    if json:
        print_json({"collection": name, "pack": pack, "ended": True})
    else:
        typer.echo(f"{_shown(name)}: made with {pack}, and nothing else is kept of its faces")


def _shown(name: str) -> str:
    from reknown.cli.output import printable

    return printable(name)
