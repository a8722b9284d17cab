"""`reknown reviews list`, `show` and `rates`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import CollectionName, Data, Json
from reknown.cli.reviews.options import CaseId
from reknown.configuration import DEFAULT_COLLECTION
from reknown.review.states import CaseState

if TYPE_CHECKING:
    from reknown.review.cases import ReviewCase
    from reknown.services.context import Context
    from reknown.services.reviews.cases import ShownCandidate, ShownCase
    from reknown.services.reviews.rates import CountedShare, MonthRates

_CASES = ("case", "state", "outcome", "reviewed ", "opened")
_CANDIDATES = ("candidate ", "face or sighting", "picture", "yours")
_REVEALED = (*_CANDIDATES, "decided", "rank ", "similarity ", "score ")
_RATES = ("month", "cases ", "candidates ", "judged the same ", "kappa ", "errors on non-mates ")


def list_(
    collection: CollectionName = DEFAULT_COLLECTION,
    state: Annotated[
        CaseState | None, typer.Option("--state", help="Only cases in this state.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the cases, oldest first, and how many of the reviewers needed have finished."""
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.galleries.pages import all_pages
    from reknown.services.reviews.queue import list_cases

    with open_context(data) as context:
        found = list(all_pages(lambda page: list_cases(context, collection, page, state)))
    if json:
        for each in found:
            print_json(_case_json(each))
    elif found:
        print_table(_CASES, [_case_row(each) for each in found])
    else:
        typer.echo("no cases: the collection's policy says which candidates people have to judge")


def show(
    case: CaseId,
    collection: CollectionName = DEFAULT_COLLECTION,
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--sheet",
            metavar="FILE",
            help="Write a contact sheet: one HTML file with the probe and the candidates in your "
            "order, without names and scores. It holds images of people.",
        ),
    ] = None,
    probe: Annotated[
        Path | None,
        typer.Option(
            "--probe",
            metavar="FILE",
            help="The picture that was searched with, for --sheet: Reknown keeps none.",
        ),
    ] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Option("--in", metavar="FOLDER", help="Where else to look for the references."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show a case; to a reviewer in an order of their own, by which their review begins.

    Nobody sees scores, ranks and what others think before the case is decided.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.images.files import require_places
    from reknown.services.reviews.cases import read_case

    if sheet is None and (probe is not None or folders):
        raise InputError("--probe and --in are for --sheet FILE")
    require_places(folders or [])
    with open_context(data) as context:
        found = read_case(context, collection, case)
        if sheet is not None:
            _write_sheet(context, collection, found, sheet, probe, folders or [])
    if json:
        print_json(_shown_json(found))
    else:
        _print_case(found)


def rates(
    collection: CollectionName = DEFAULT_COLLECTION, data: Data = None, json: Json = False
) -> None:
    """Show how often candidates stood up to reviewers, by the month of the decision.

    Shares come with 95 % intervals. "too little data" stands where an interval is wider than 20
    points. Errors on non-mates are judgements that took a known stranger for the same person.
    """
    from reknown.cli.output import print_json, print_table
    from reknown.cli.session import open_context
    from reknown.services.reviews.rates import review_rates

    with open_context(data) as context:
        found = review_rates(context, collection)
    if json:
        for each in found:
            print_json(_rates_json(each))
    elif found:
        print_table(_RATES, [_rates_row(each) for each in found])
    else:
        typer.echo("no case has been decided yet")


def _case_json(case: ReviewCase) -> dict[str, object]:
    return {
        "case": case.case_id,
        "state": case.state,
        "outcome": case.outcome,
        "round": case.round,
        "reviewers": case.reviewers,
        "reviewed": case.reviewed,
        "search": case.search,
        "probe": case.probe,
        "opened_at": case.opened_at,
        "decided_at": case.decided_at,
        "expires_at": case.expires_at,
    }


def _shown_json(shown: ShownCase) -> dict[str, object]:
    return {
        **_case_json(shown.case),
        "seed": shown.seed,
        "left": shown.left,
        "revealed": shown.revealed,
        "barred": shown.barred,
        "candidates": [_candidate_json(it, revealed=shown.revealed) for it in shown.candidates],
    }


def _candidate_json(it: ShownCandidate, *, revealed: bool) -> dict[str, object]:
    face, seen = it.face, None if it.sighting is None else it.sighting.sighting
    line: dict[str, object] = {
        "number": it.number,
        "face_id": None if face is None else face.face_id,
        "subject_id": None if face is None else face.subject_id,
        "sighting_id": None if seen is None else seen.sighting_id,
        "picture": _picture(it),
        "best_ms": None if seen is None else seen.best_ms,
        "yours": it.own,
    }
    if revealed:
        names = ("rank", "score", "similarity", "seeded", "opinion")
        line |= {name: getattr(it, name) for name in names}
    return line


def _case_row(case: ReviewCase) -> tuple[object, ...]:
    outcome = "-" if case.outcome is None else case.outcome.value
    done = "-" if case.state is CaseState.NOBODY else f"{case.reviewed} of {case.reviewers}"
    return (case.case_id, case.state.value, outcome, done, f"{case.opened_at:%Y-%m-%d %H:%M} UTC")


def _print_case(shown: ShownCase) -> None:
    from reknown.cli.output import counted, print_table

    case = shown.case
    outcome = "" if case.outcome is None else f", {case.outcome.value}"
    title = f"Case {case.case_id}: {case.state.value}{outcome}"
    rows = [_candidate_row(it, revealed=shown.revealed) for it in shown.candidates]
    if rows:
        print_table(_REVEALED if shown.revealed else _CANDIDATES, rows, title)
    else:
        typer.echo(title)
    if shown.left:
        typer.echo(
            f"{counted(len(shown.left), 'candidate')} for you to judge: reknown reviews "
            f"{'adjudicate' if case.state is CaseState.DISPUTED else 'judge'} {case.case_id} NUMBER"
        )
    if shown.barred is not None:
        typer.echo(f"You cannot judge it: {shown.barred}")
    if shown.revealed and rows:
        typer.echo("An outcome is the opinion of people, to be followed up by other means.")


def _candidate_row(it: ShownCandidate, *, revealed: bool) -> tuple[object, ...]:
    from reknown.cli.output import percent

    line = (it.number, *_place(it), "-" if it.own is None else it.own.value)
    if not revealed:
        return line
    decided = "known non-mate" if it.seeded else "-" if it.opinion is None else it.opinion.value
    return (*line, decided, it.rank or "-", percent(it.similarity), f"{it.score:.4f}")


def _picture(it: ShownCandidate) -> str | None:
    """What the file is called that shows the candidate."""
    if it.sighting is not None:
        return it.sighting.sighting.medium.name
    return None if it.face is None else it.face.image.name


def _place(it: ShownCandidate) -> tuple[str, str]:
    """The candidate's id, and the file that shows it, in a video with the moment."""
    from reknown.cli.sheets import at

    picture = _picture(it) or "-"
    if it.sighting is not None:
        moment = at(it.sighting)
        return it.sighting.sighting.sighting_id, f"{picture} at {moment}" if moment else picture
    return ("deleted", "-") if it.face is None else (it.face.face_id, picture)


def _rates_json(rates: MonthRates) -> dict[str, object]:
    return {
        "month": rates.month,
        "cases": rates.cases,
        "candidates": rates.candidates,
        "same": rates.same,
        "different": rates.different,
        "cannot_tell": rates.cannot_tell,
        "predictive_value": _share_json(rates.predictive_value),
        "agreement": {
            "pairs": rates.agreement.pairs,
            "agreed": rates.agreement.agreed,
            "kappa": rates.agreement.value,
            "interval": rates.agreement.interval,
            "enough_data": rates.agreement.telling,
        },
        "seeded_errors": _share_json(rates.seeded_errors),
        "reviewers": [
            {"reviewer": it.reviewer, **_share_json(it.errors)} for it in rates.reviewers
        ],
    }


def _share_json(share: CountedShare) -> dict[str, object]:
    return {
        "count": share.count,
        "total": share.total,
        "share": share.value,
        "interval": share.interval,
        "enough_data": share.telling,
    }


def _rates_row(rates: MonthRates) -> tuple[object, ...]:
    kappa = rates.agreement
    agreed = "too little data"
    if kappa.value is not None and kappa.interval is not None and kappa.telling:
        agreed = f"{kappa.value:.2f} ({kappa.interval.low:.2f} to {kappa.interval.high:.2f})"
    return (
        rates.month,
        rates.cases,
        rates.candidates,
        _share(rates.predictive_value),
        agreed,
        _share(rates.seeded_errors),
    )


def _share(share: CountedShare) -> str:
    counts = f"{share.count} of {share.total}"
    if share.value is None or share.interval is None:
        return counts
    if not share.telling:
        return f"{counts}: too little data"
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return f"{counts}: {100 * share.value:.1f} % ({low:.1f} to {high:.1f})"


def _write_sheet(
    context: Context,
    collection: str,
    shown: ShownCase,
    target: Path,
    probe: Path | None,
    folders: list[Path],
) -> None:
    from reknown.reporting.contact_sheet import ContactSheet, SheetTile, render_sheet
    from reknown.reporting.files import written
    from reknown.services.reviews.views import review_views

    views = review_views(context, collection, shown, probe, folders)
    tiles = [SheetTile(name, "", "", "", "", view) for name, view in views]
    sheet = ContactSheet(f"Case {shown.case.case_id}", [], None, tiles, order="in your order")
    with written(target) as file:
        for part in render_sheet(sheet):
            file.write(part.encode())
    typer.echo(f"contact sheet: {target}", err=True)
