"""`reknown find`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.completion import complete_user
from reknown.cli.exports import Csv, CsvMark
from reknown.cli.options import Approval, CollectionName, Data, Json, Purpose, Score
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from datetime import datetime

    from reknown.biometrics.thresholds import ThresholdChoice
    from reknown.gallery.sightings import SightingChoice
    from reknown.services.context import Context
    from reknown.services.searches.sightings import FaceSearch, PersonSearch


def find(
    whom: Annotated[
        str,
        typer.Argument(
            metavar="PERSON|IMAGE",
            help="Name of an enrolled person, or an image whose largest face is searched for.",
            autocompletion=complete_user,
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            "-t",
            min=0,
            max=100,
            help="Similarity from which a face is a candidate, instead.",
            show_default=False,
        ),
    ] = None,
    score: Score = None,
    false_candidates: Annotated[
        float | None,
        typer.Option(
            "--false-candidates",
            metavar="N",
            help="Raise the threshold until no more strangers than this are expected to be shown "
            "by chance.  [default: 1]",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Only what was taken from then.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Only what was taken before.")
    ] = None,
    any_quality: Annotated[
        bool,
        typer.Option("--any-quality", help="Search blurred, dark, tiny and turned faces too."),
    ] = False,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="So many at most.  [default: all]")
    ] = None,
    copy: Annotated[
        Path | None, typer.Option("--copy", metavar="DIR", help="Copy the files there.")
    ] = None,
    link: Annotated[
        Path | None, typer.Option("--link", metavar="DIR", help="Link to the files from there.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write a contact sheet with a timeline: one HTML file that loads nothing. It "
            "holds images of people.",
        ),
    ] = None,
    csv: Csv = None,
    csv_bom: CsvMark = False,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    approval: Approval = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Find all photos and videos of somebody in what `reknown scan` has seen.

    Best first, without reading a picture again. Answers are candidates for a person to check,
    never identifications; the threshold follows the size of the archive. Each search is recorded
    (`reknown ledger`). Status 1 when nothing is found.
    """
    from reknown.cli.exports import STANDARD_OUTPUT
    from reknown.cli.find_output import gather, tell, write_sheet, write_table
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE
    from reknown.cli.session import open_context
    from reknown.gallery.sightings import SightingChoice
    from reknown.services.searches.sightings import archive_threshold

    limit = archive_threshold(threshold, score, false_candidates)
    choice = SightingChoice(since=_moment(since), until=_moment(until), fit=not any_quality)
    with open_context(data) as context:
        found = _search(context, collection, whom, limit, choice, top)
        if csv != STANDARD_OUTPUT:
            tell(context, collection, found, json=json)
        if csv is not None:
            write_table(found.matches, csv, mark=csv_bom)
        if html is not None:
            write_sheet(context, whom, found, html)
    for target, linked in ((copy, False), (link, True)):
        if target is not None:
            gather(found.matches, target, linked=linked)
    raise typer.Exit(EXIT_DONE if found.matches else EXIT_NEGATIVE)


def _search(
    context: Context,
    collection: str,
    whom: str,
    limit: ThresholdChoice,
    choice: SightingChoice,
    top: int | None,
) -> FaceSearch | PersonSearch:
    from reknown.services.searches.sightings import (
        FaceSearch,
        find_person,
        open_sightings,
        search_sightings,
    )

    if not Path(whom).is_file():
        return find_person(context, collection, whom, limit, choice, top)
    gallery = open_sightings(context, collection, limit, choice)
    ((_, found),) = search_sightings(context, gallery, [Path(whom)], top)
    if not isinstance(found, FaceSearch):
        raise found
    return found


def _moment(text: str | None) -> datetime | None:
    """A date or time as local time, as pictures have it; raises `InputError`."""
    from datetime import datetime

    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date: write 2026-11-30 or 2026-11-30T12:00") from error
