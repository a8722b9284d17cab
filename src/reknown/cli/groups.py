"""`reknown groups`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import CollectionName, Data, Json, Purpose
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.gallery.groups import GroupRecord
    from reknown.gallery.sightings import SightingRecord
    from reknown.services.context import Context

cli = typer.Typer(
    help="Unknown people in what `reknown scan` has seen, brought together by resemblance.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Number = Annotated[int, typer.Argument(metavar="GROUP", help="Number as `list` shows it.")]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        help="Write a contact sheet: one HTML file that loads nothing. It holds images of people.",
    ),
]
_COLUMNS = ("group ", "person", "faces ", "files ", "from", "to")
_FACES = ("sighting", "quality ", "taken", "file", "at ")


@cli.command("list")
def list_(
    collection: CollectionName = DEFAULT_COLLECTION,
    everybody: Annotated[
        bool, typer.Option("--all", help="Those with a name and those ignored, too.")
    ] = False,
    as_they_are: Annotated[
        bool, typer.Option("--as-they-are", help="Do not look at what is new first.")
    ] = False,
    html: Html = None,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the groups, the largest first; what was seen since the last time joins them before.

    A group is a proposal: look at it (`groups show`) before you name it. Two faces of one photo
    are never in one group. How often strangers end up in one is in the documentation.
    """
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.archive.groups import list_groups
    from reknown.services.galleries.pages import all_pages

    with open_context(data) as context:
        if not as_they_are:
            _group(context, collection, json=json)
        pages = all_pages(lambda page: list_groups(context, collection, page, everybody=everybody))
        found = sorted(pages, key=lambda each: (-each.sightings, each.number))
        if html is not None:
            _write_all(context, collection, found, html)
    if json:
        for each in found:
            print_json(each)
    elif found:
        print_table(_COLUMNS, [_row(each) for each in found])
    else:
        typer.echo("no groups: nobody unnamed was seen more than once (`reknown scan FOLDER`)")


@cli.command()
def show(
    number: Number,
    collection: CollectionName = DEFAULT_COLLECTION,
    html: Html = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the faces of a group, the best first."""
    from reknown.cli.find_output import sighting_json
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.cli.sheets import at, taken, where
    from reknown.services.archive.groups import read_group

    with open_context(data) as context:
        found, read = read_group(context, collection, number)
        seen = read.items
        if html is not None:
            _write_one(context, found, seen, html)
    if json:
        for record in seen:
            print_json(sighting_json(record))
        return
    rows = [
        (
            record.sighting.sighting_id,
            record.sighting.quality,
            taken(record),
            where(record),
            at(record),
        )
        for record in seen
    ]
    print_table(_FACES, rows, _title(found))


@cli.command()
def name(
    number: Number,
    person: Annotated[str, typer.Argument(help="The person's name, new or known.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say who a group is: its best faces are enrolled as that person's references.

    The command that takes it back is shown; it names exactly the faces enrolled. There is none
    for a group that had a name before.
    """
    from reknown.cli.output import print_json, printable
    from reknown.cli.session import open_context
    from reknown.cli.undo import Undo, print_undo
    from reknown.services.archive.group_names import name_group

    with open_context(data) as context:
        done = name_group(context, collection, number, person)
    undo = list(Undo(collection, data).unnaming(done))
    if json:
        said = {"group": number, "person": done.group.user, "references": done.references}
        print_json(said | {"made": done.made, "undo": undo})
        return
    faces = counted(done.references, "face")
    typer.echo(f"group {number} is {printable(person)}: {faces} enrolled")
    print_undo(undo)


@cli.command()
def unname(
    number: Number,
    face: Annotated[
        list[str] | None,
        typer.Option("--face", metavar="ID", help="Delete this reference alone; repeatable."),
    ] = None,
    keep_faces: Annotated[
        bool, typer.Option("--keep-faces", help="The person keeps all references.")
    ] = False,
    drop_person: Annotated[
        bool,
        typer.Option("--drop-person", help="Delete the person too, if nothing is left of them."),
    ] = False,
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say that nobody knows who a group is, as before it was named.

    The person's references that show the very faces of the group become faces of nobody, unless
    --face says which are deleted instead, as `name` shows it. Other references of the person
    stay, and so do the group and what was seen.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.output import print_json, printable
    from reknown.cli.session import open_context
    from reknown.services.archive.group_names import unname_group

    if face and keep_faces:
        raise InputError("either --face or --keep-faces, not both")
    meant = () if keep_faces else face
    with open_context(data) as context:
        done = unname_group(context, collection, number, meant, drop_person=drop_person)
    if json:
        said = {"group": number, "person": done.person, "deleted": done.deleted}
        print_json(said | {"freed": done.freed, "person_deleted": done.gone})
        return
    deleted = counted(len(done.deleted), "reference")
    typer.echo(f"group {number} has no name: {deleted} of {printable(done.person)} deleted")
    if done.freed:
        typer.echo(f"nobody's now: {counted(len(done.freed), 'face')}")
    if done.gone:
        typer.echo(f"{printable(done.person)} is deleted: nothing else was left")


@cli.command()
def merge(
    number: Number,
    into: Annotated[int, typer.Argument(metavar="INTO", help="The group that stays.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
) -> None:
    """Say that two groups are one person."""
    from reknown.cli.session import open_context
    from reknown.services.archive.groups import merge_groups

    with open_context(data) as context:
        done = merge_groups(context, collection, number, into)
    typer.echo(f"group {into} has {counted(done.group.sightings, 'face')} now")


@cli.command()
def split(
    number: Number,
    sightings: Annotated[
        list[str], typer.Argument(metavar="SIGHTING...", help="Ids as `show` shows them.")
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    data: Data = None,
) -> None:
    """Take faces of somebody else out of a group: they become one of their own."""
    from reknown.cli.session import open_context
    from reknown.services.archive.groups import split_group

    with open_context(data) as context:
        made = split_group(context, collection, number, sightings)
    typer.echo(f"group {made.number} has {counted(made.sightings, 'face')} of group {number}")


@cli.command()
def apart(
    number: Number,
    other: Annotated[
        int | None, typer.Argument(metavar="[OTHER]", help="Another group.", show_default=False)
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME", help="Somebody enrolled.")
    ] = None,
    collection: CollectionName = DEFAULT_COLLECTION,
    undo: Annotated[bool, typer.Option("--undo", help="They may be the same person.")] = False,
    data: Data = None,
) -> None:
    """Say that a group is never the same person as another group, or as somebody enrolled.

    Grouping does not bring them together, and nothing proposes it again.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.services.archive.groups import keep_apart, undo_apart

    whom = person if other is None else other
    if whom is None or (person is not None and other is not None):
        raise InputError("name either another group or --person, and not both")
    with open_context(data) as context:
        (undo_apart if undo else keep_apart)(context, collection, number, whom)
    who = f"group {whom}" if isinstance(whom, int) else whom
    said = "may be one person again" if undo else "stay apart"
    typer.echo(printable(f"group {number} and {who} {said}"))


@cli.command()
def proposals(
    collection: CollectionName = DEFAULT_COLLECTION,
    most: Annotated[
        int, typer.Option("--most", min=1, max=1000, help="At most so many, the best.")
    ] = 50,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Show who may be one person: groups without a name and people who resemble each other.

    Look at both before you `merge` or `name`; `apart` declines a proposal once and for all.
    """
    from reknown.cli.output import one_in, percent, print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.archive.proposals import propose_merges

    with open_context(data) as context:
        found = propose_merges(context, collection, most)
    if json:
        for each in found.proposals:
            print_json(each)
        return
    if not found.proposals:
        typer.echo("nothing to propose: nobody resembles somebody else")
        return
    rows = [
        (
            each.one.title,
            each.other.title,
            percent(each.comparison.similarity),
            one_in(each.comparison.false_match_rate),
        )
        for each in found.proposals
    ]
    print_table(("one", "other", "similarity ", "strangers reach it"), rows)


@cli.command()
def ignore(
    number: Number,
    collection: CollectionName = DEFAULT_COLLECTION,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back into the list.")] = False,
    data: Data = None,
) -> None:
    """Leave a group out of the list."""
    from reknown.cli.session import open_context
    from reknown.services.archive.groups import ignore_group

    with open_context(data) as context:
        ignore_group(context, collection, number, ignored=not undo)
    typer.echo(f"group {number} is {'shown' if undo else 'ignored'}")


def _group(context: Context, collection: str, *, json: bool) -> None:
    from reknown.cli.output import console, counted, one_in, percent
    from reknown.services.archive.groups import group_sightings

    done = group_sightings(context, collection)
    if not json and done.sightings:
        limit = done.threshold
        console().print(
            f"{counted(done.sightings, 'face')}, {done.fresh:,} of them new: "
            f"{counted(done.made, 'group')} made, "
            f"{done.merged:,} merged; mean similarity from {percent(limit.similarity)} on, which "
            f"{one_in(limit.false_match_rate)} pairs of strangers reach",
            markup=False,
        )


def _row(group: GroupRecord) -> tuple[object, ...]:
    who = group.user or ("(ignored)" if group.ignored else "?")
    days = (f"{each:%Y-%m-%d}" if each else "-" for each in (group.first, group.last))
    return (group.number, who, group.sightings, group.media, *days)


def _title(group: GroupRecord) -> str:
    who = f" ({group.user})" if group.user else ""
    faces, files = counted(group.sightings, "face"), counted(group.media, "file")
    return f"Group {group.number}{who}: {faces} in {files}"


def _write_one(
    context: Context, group: GroupRecord, seen: Sequence[SightingRecord], target: Path
) -> None:
    from reknown.cli.sheets import write_tiles
    from reknown.reporting.contact_sheet import ContactSheet

    sheet = ContactSheet(_title(group), [], None, ())
    captions = [(record, record.sighting.sighting_id) for record in seen]
    write_tiles(context.platform, sheet, captions, target)


def _write_all(context: Context, collection: str, found: list[GroupRecord], target: Path) -> None:
    """The best face of each group."""
    from reknown.cli.sheets import write_tiles
    from reknown.reporting.contact_sheet import ContactSheet
    from reknown.services.archive.groups import read_group
    from reknown.services.galleries.pages import PageRequest

    captions = [
        (seen[0], _title(group))
        for group in found
        if (seen := read_group(context, collection, group.number, PageRequest(limit=1))[1].items)
    ]
    sheet = ContactSheet(f"Groups of faces in {collection}", [], None, ())
    write_tiles(context.platform, sheet, captions, target)
