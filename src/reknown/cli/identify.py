"""`reknown identify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.among import AmongFaces, AmongUsers, EnrolledSince, EnrolledUntil
from reknown.cli.exports import Csv, CsvMark, Overwrite, Xmp, XmpFolder
from reknown.cli.options import (
    Approval,
    CollectionName,
    Data,
    Draw,
    Json,
    Purpose,
    Score,
    Threshold,
)
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.biometrics import thresholds
    from reknown.biometrics.candidates import Candidate, CandidateList
    from reknown.biometrics.errors import ReknownError
    from reknown.services.images.sources import Source
    from reknown.services.searches.images import Identification
    from reknown.services.searches.search import Searched
    from reknown.vision.draw import Label

_COLUMNS = (
    "face ", "left ", "top ", "candidate", "similarity ", "score ", "false match rate ",
    "best reference",
)  # fmt: skip


def identify(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    threshold: Threshold = None,
    score: Score = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="Candidates a face.")] = 5,
    among_users: AmongUsers = None,
    enrolled_since: EnrolledSince = None,
    enrolled_until: EnrolledUntil = None,
    among_faces: AmongFaces = None,
    draw: Draw = None,
    csv: Csv = None,
    csv_bom: CsvMark = False,
    xmp: Xmp = False,
    xmp_dir: XmpFolder = None,
    overwrite: Overwrite = False,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    approval: Approval = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Search a gallery for every face in the images.

    Answers are candidates for a person to check, never identifications: "1 in 10,000"
    means that one in 10,000 comparisons of strangers reaches that similarity. The best
    reference is the image that the candidate resembles most; --json and --csv have its face id,
    which `reknown faces show` and `faces move` take. Each search is recorded (`reknown ledger`).
    Status 1 when no face of an image has a candidate.

    --among-user, --enrolled-since, --enrolled-until and --among-faces search a part of the gallery
    only: numbers of people, faces and expected false candidates are those of that part.

    --xmp writes names where photo programs find them, each marked as a candidate: those that
    are there already stay.
    """
    from reknown.biometrics.thresholds import ThresholdChoice
    from reknown.cli.among import among_of
    from reknown.cli.exports import STANDARD_OUTPUT, Sidecars, tabled
    from reknown.cli.identify_table import COLUMNS, identify_rows
    from reknown.cli.images import View, found_images, show_all
    from reknown.cli.session import open_context
    from reknown.services.searches.images import identify_all
    from reknown.services.searches.search import Query, open_search
    from reknown.services.searches.sidecars import SidecarChoice

    named = xmp or xmp_dir is not None
    quiet = csv == STANDARD_OUTPUT
    _require_sense(loud=json or draw is not None, quiet=quiet, named=named, overwrite=overwrite)
    among = among_of(among_users, enrolled_since, enrolled_until, among_faces)
    query = Query(collection, ThresholdChoice(threshold, score), top, among=among)
    images = found_images(images)
    with open_context(data) as context:
        searched = open_search(context, query)
        if not (json or quiet):
            print_search(searched)
        warn_of(searched.threshold, searched.references)
        results: Iterable[tuple[Source, Identification | ReknownError]]
        results = identify_all(context, query, images)
        sidecars = Sidecars(context, SidecarChoice(xmp_dir, overwrite))

        def show(path: Path, found: Identification) -> None:
            if not quiet:
                print_identification(path, found)
                sidecars.show()

        view: View[Identification] = View(
            image=lambda found: found.extraction.image,
            positive=lambda found: any(found.found.rows),
            as_json=lambda found: _json(found) | (sidecars.as_json() if named else {}),
            as_text=show,
            labels=labels,
        )
        show_all(
            tabled(
                sidecars.follow(results) if named else results,
                csv,
                COLUMNS,
                identify_rows,
                mark=csv_bom,
            ),
            images,
            view,
            decode=context.platform.executor.decode,
            json=json,
            draw=draw,
        )


def _require_sense(*, loud: bool, quiet: bool, named: bool, overwrite: bool) -> None:
    from reknown.biometrics.errors import InputError

    if quiet and loud:
        raise InputError("--csv - takes standard output for itself: give it a file beside others")
    if overwrite and not named:
        raise InputError("--overwrite is for --xmp and --xmp-dir")


def print_search(searched: Searched) -> None:
    """Says what is searched, at which threshold, and what that means for this gallery."""
    from reknown.cli.output import printable

    people = counted(searched.gallery_size, "person", "people")
    what = (
        f"{people} with {counted(searched.references, 'face')} "
        f"in {printable(searched.collection)}{', as limited' if searched.among else ''}"
    )
    print_threshold(what, searched.threshold, searched.references)


def print_threshold(what: str, limit: thresholds.Threshold, compared: int) -> None:
    """Says at which threshold `what` is searched, in which each probe meets `compared` others."""
    from reknown.cli.output import console, one_in, percent

    out = console()
    expected = limit.expected_false_candidates(compared)
    out.print(
        f"searching {what}; threshold: similarity "
        f"{percent(limit.similarity)} (score {limit.score:.4f}), false match rate "
        f"{one_in(limit.false_match_rate)}",
        markup=False,
    )
    if expected is None:
        out.print("this model pack is not calibrated: no false match rate is known", style="yellow")
    else:
        out.print(f"expected false candidates in each search: {expected:.2g}", markup=False)


def warn_of(limit: thresholds.Threshold, compared: int) -> None:
    """A line on standard error where more than one stranger in a hundred gets a candidate."""
    from reknown.biometrics.thresholds import caution

    warning = caution(limit.expected_false_candidates(compared))
    if warning is not None:
        typer.secho(f"warning: {warning}", fg="yellow", err=True)


def print_identification(path: Path, found: Identification) -> None:
    """A table of the faces and their candidates."""
    from reknown.cli.output import print_table, printable

    image = found.extraction.image
    rows: list[tuple[object, ...]] = []
    for number, (face, row) in enumerate(found.faces(), 1):
        left, top, _, _ = face.box.pixels(image.width, image.height)
        if not row.candidates:
            rows.append((number, left, top, "no candidate", "-", "-", "-", "-"))
        for candidate in row.candidates:
            place = (number, left, top) if candidate.rank == 1 else ("", "", "")
            rows.append((*place, *_cells(candidate)))
    title = f"{path}: faces: {len(found.found.rows)}"
    if rows:
        print_table(_COLUMNS, rows, title)
    else:
        typer.echo(printable(title))
    for case in filter(None, found.found.cases):
        print_case(case)


def print_case(case: str) -> None:
    """Says that the candidates just shown are for people to judge."""
    typer.echo(f"reviewers have to judge case {case} before anything follows from it")


def labels(found: Identification) -> list[Label]:
    """The best candidate's name and similarity at each face."""
    from reknown.vision.draw import Label

    return [Label(face.box, _lines(row), bool(row.candidates)) for face, row in found.faces()]


def _lines(row: CandidateList) -> tuple[str, ...]:
    from reknown.cli.output import percent, printable

    if not row.candidates:
        return ("unknown",)
    best = row.candidates[0]
    return (printable(name_of(best)), f"similarity {percent(best.similarity)}")


def _cells(candidate: Candidate) -> tuple[str, ...]:
    from reknown.cli.output import one_in, percent

    return (
        name_of(candidate),
        percent(candidate.similarity),
        f"{candidate.score:.4f}",
        one_in(candidate.false_match_rate),
        candidate.image or candidate.face_id,
    )


def name_of(candidate: Candidate) -> str:
    """The person's name, or the id of a face without one."""
    return candidate.user or f"face {candidate.face_id}"


def _json(found: Identification) -> dict[str, object]:
    faces: list[dict[str, object]] = [
        {"box": face.box, "confidence": face.confidence, "search": row}
        for face, row in found.faces()
    ]
    for face, case in zip(faces, found.found.cases, strict=False):
        face["case"] = case
    return {"faces": faces}
