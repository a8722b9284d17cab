"""`reknown identify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from reknown.cli.options import (
    DEFAULT_COLLECTION,
    CollectionName,
    Data,
    Draw,
    Json,
    Score,
    Threshold,
)

if TYPE_CHECKING:
    from reknown.biometrics.candidates import Candidate, CandidateList
    from reknown.services import decision
    from reknown.services.identification import Identification
    from reknown.vision.draw import Label

_COLUMNS = ("face ", "left ", "top ", "candidate", "similarity ", "score ", "false match rate ")


def identify(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="JPEG or PNG files.")],
    collection: CollectionName = DEFAULT_COLLECTION,
    threshold: Threshold = None,
    score: Score = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="Candidates a face.")] = 5,
    draw: Draw = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Search a gallery for every face in the pictures.

    Answers are candidates for a person to check, never identifications: "1 in 10,000"
    means that one in 10,000 comparisons of strangers reaches that similarity. Each search is
    recorded (`reknown ledger`). Status 1 when no face of a picture has a candidate.
    """
    from reknown.cli.pictures import View, show_all
    from reknown.cli.session import engine_of_collection, open_gallery, threshold_of
    from reknown.services.identification import Identifier
    from reknown.settings import read_settings

    with open_gallery(data) as database:
        engine = engine_of_collection(database, collection)
        limit = threshold_of(engine.calibration, threshold, score)
        identifier = Identifier(engine, database, collection, limit, read_settings().actor)
        if not json:
            print_search(collection, limit, identifier)
        warn_of_strangers(limit, identifier)
        view: View[Identification] = View(
            photo=lambda found: found.photo,
            positive=lambda found: any(row.candidates for row in found.candidates),
            as_json=_json,
            as_text=print_identification,
            labels=labels,
        )
        results = identifier.identify_all(images, top)
        show_all(results, images, view, json=json, draw=draw)


class Searched(Protocol):
    """A gallery as it is searched: so many people with so many references."""

    @property
    def gallery_size(self) -> int:
        """The number of subjects."""

    @property
    def references(self) -> int:
        """The number of their references."""


def print_search(collection: str, limit: decision.Threshold, identifier: Searched) -> None:
    """Says what is searched, at which threshold, and what that means for this gallery."""
    from reknown.cli.output import printable

    people = "person" if identifier.gallery_size == 1 else "people"
    faces = "face" if identifier.references == 1 else "faces"
    what = (
        f"{identifier.gallery_size:,} {people} with {identifier.references:,} {faces} "
        f"in {printable(collection)}"
    )
    print_threshold(what, limit, identifier.references)


def print_threshold(what: str, limit: decision.Threshold, compared: int) -> None:
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


def warn_of_strangers(limit: decision.Threshold, identifier: Searched) -> None:
    """One line on standard error where more than one stranger in a hundred gets a candidate."""
    warn_of(limit, identifier.references)


def warn_of(limit: decision.Threshold, compared: int) -> None:
    """The same where each probe meets so many others."""
    from reknown.services.decision import caution

    warning = caution(limit.expected_false_candidates(compared))
    if warning is not None:
        typer.secho(f"warning: {warning}", fg="yellow", err=True)


def print_identification(path: Path, found: Identification) -> None:
    """A table of the faces and their candidates."""
    from reknown.cli.output import print_table, printable

    image = found.photo.image
    rows: list[tuple[object, ...]] = []
    for number, (face, row) in enumerate(found.faces(), 1):
        left, top, _, _ = face.box.pixels(image.width, image.height)
        if not row.candidates:
            rows.append((number, left, top, "no candidate", "-", "-", "-"))
        for candidate in row.candidates:
            place = (number, left, top) if candidate.rank == 1 else ("", "", "")
            rows.append((*place, *_cells(candidate)))
    title = f"{path}: faces: {len(found.candidates)}"
    if rows:
        print_table(_COLUMNS, rows, title)
    else:
        typer.echo(printable(title))


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
    )


def name_of(candidate: Candidate) -> str:
    """The person's name, or the id of a face without one."""
    return candidate.user or f"face {candidate.face_id}"


def _json(found: Identification) -> dict[str, object]:
    return {
        "faces": [
            {"box": face.box, "confidence": face.confidence, "search": row}
            for face, row in found.faces()
        ]
    }
