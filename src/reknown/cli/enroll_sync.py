"""`reknown enroll --sync`: shows how a folder has changed, asks, and changes the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from reknown.biometrics.errors import InputError
from reknown.biometrics.text import counted
from reknown.cli.output import print_json, print_table, printable, progress
from reknown.cli.undo import Undo, print_undo
from reknown.services.galleries.following import compare_folder, follow_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reknown.biometrics.records import FaceRecord
    from reknown.services.context import Context
    from reknown.services.galleries.enrolees import Enrolee
    from reknown.services.galleries.folder_changes import FolderChanges

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line."""

    collection: str
    data: Path | None
    dry_run: bool
    yes: bool
    json: bool
    adopt: bool = False


def require_sync(
    people: Path, asked: Asked, *, sync: bool, from_xmp: bool, root: Path | None
) -> None:
    """Raises `InputError` for options that make no sense together."""
    if not sync and (asked.dry_run or asked.yes or asked.adopt):
        raise InputError("--dry-run, --yes and --adopt are for --sync")
    if from_xmp and (sync or root is not None):
        raise InputError("--from-xmp goes with neither --sync nor --root")
    if sync and asked.json and not (asked.dry_run or asked.yes):
        raise InputError("--sync --json cannot ask: give --yes, or --dry-run")
    if sync and people.is_file():
        raise InputError(f"--sync follows a folder, and {people} is a file")


def sync_folder(context: Context, plan: Sequence[Enrolee], asked: Asked) -> list[Enrolee]:
    """Shows the changes and makes them; what is to be enrolled then, nothing in a dry run."""
    with progress() as bar:
        task = bar.add_task("comparing", total=len(plan))

        def report(done: int) -> None:
            bar.update(task, completed=done)

        changes = compare_folder(context, asked.collection, plan, report, adopt=asked.adopt)
    if asked.json:
        for line in _lines(changes):
            print_json(line)
    else:
        _show(changes)
    if asked.dry_run:
        return []
    if changes and not asked.yes:
        typer.confirm("Change the gallery?", abort=True)
    follow_folder(context, asked.collection, changes)
    back = Undo(asked.collection, asked.data)
    undo = [back.renaming(old, new) for old, new in changes.renames]
    undo += back.moving(move.face for move in changes.moves)
    undo += map(back.making, changes.made)
    if asked.json:
        print_json({"change": "done", "undo": undo})
    else:
        print_undo(undo)
    return list(changes.new)


def _show(changes: FolderChanges) -> None:
    rows = [
        (
            line["change"],
            line.get("person") or "-",
            line.get("to") or "",
            line.get("image") or line.get("images") or "",
        )
        for line in _lines(changes)
    ]
    if rows:
        print_table(("change", "person", "to", "image"), rows[:_SHOWN])
    if (more := len(rows) - _SHOWN) > 0:
        typer.echo(f"and {more:,} more: --json shows them all")
    typer.echo(printable(_summary(changes)))


def _summary(changes: FolderChanges) -> str:
    parts = [
        f"{len(changes.renames):,} renamed",
        f"{len(changes.moves):,} moved",
        f"{len(changes.deletions):,} deleted",
        f"{changes.added:,} added",
    ]
    if gone := len(changes.emptied):
        parts.append(f"{counted(gone, 'person', 'people')} deleted")
    return f"{changes.origin}: {', '.join(parts)}"


def _lines(changes: FolderChanges) -> Iterator[dict[str, object]]:
    for old, new in changes.renames:
        yield {"change": "renamed", "person": old, "to": new}
    for move in changes.moves:
        yield _of("moved", move.face, to=move.to)
    for face in changes.deletions:
        yield _of("deleted", face)
    for name in changes.emptied:
        yield {"change": "person deleted", "person": name}
    if changes.followed:
        yield {"change": "followed from now on", "images": len(changes.followed)}
    yield from _left_alone(changes)


def _left_alone(changes: FolderChanges) -> Iterator[dict[str, object]]:
    if changes.otherwise:
        what = "left alone: enrolled otherwise, --adopt follows them"
        yield {"change": what, "images": changes.otherwise}
    for face in changes.away:
        yield _of("left alone: behind a link, or on a drive that is not mounted?", face)
    for face in changes.unclear:
        yield _of("left alone: not clear whose it is", face)
    for enrolee, reason in changes.unread:
        what = f"left alone: {reason}"
        yield {"change": what, "person": enrolee.subject, "image": enrolee.name}


def _of(change: str, face: FaceRecord, **more: str) -> dict[str, object]:
    image = {"image": face.image.name, "face_id": face.face_id}
    return {"change": change, "person": face.user, **more, **image}
