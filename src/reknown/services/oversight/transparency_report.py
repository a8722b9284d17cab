"""The figures of transparency as a report for people, JSON for machines and a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reknown.reporting.blocks import Caution, Table, Text
from reknown.reporting.report import Section, assembled
from reknown.services.oversight.suppression import LEAST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reknown.reporting.report import Report
    from reknown.services.oversight.review_outcomes import ReviewOutcomes, ShownShare
    from reknown.services.oversight.suppression import Counts
    from reknown.services.oversight.transparency import Transparency

WITHHELD = "withheld"
COLUMNS = ("table", "name", "purpose", "measure", "count")
"""Of the table of `table_rows`."""

_EXPIRED = (
    "Records whose time was over are deleted from this ledger, and what they told of is not "
    "counted here: of times that long ago there may have been more of everything, and of the "
    "faces stored those are missing that were enrolled then."
)

TableRow = tuple[str, str, str, str, "int | float | str | None"]


def transparency_report(found: Transparency) -> Report:
    """The report; the same figures give the same one."""
    title = f"Use of face recognition, {_time(found.since)} to {_time(found.until)} UTC"
    sections = (
        _about(expired=found.records_expired),
        _searches(found),
        _reviews(found.reviews),
        _faces(found),
        _others(found),
        _refusals(found),
    )
    return assembled(title, sections, **figures(found))


def figures(found: Transparency) -> dict[str, Any]:
    """The figures in the terms of JSON; null is withheld."""
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "smallest_count_shown": LEAST,
        "searches": [asdict(each) for each in found.searches],
        "searches_total": found.searches_total,
        "reviews": asdict(found.reviews),
        "other_operations": asdict(found.other),
        "refusals": asdict(found.refusals),
        "failures": asdict(found.failures),
        "faces_stored": asdict(found.faces),
        "faces_enrolled": found.faces_enrolled,
        "faces_deleted": found.faces_deleted,
        "keys_active": found.keys_active,
        "records_expired": found.records_expired,
    }


def table_rows(found: Transparency) -> Iterator[TableRow]:
    """All figures one a row, for spreadsheets."""
    for each in found.searches:
        place = "searches", each.collection, each.purpose
        yield (*place, "with candidates", _cell(each.with_candidates))
        yield (*place, "without candidates", _cell(each.without_candidates))
        yield (*place, "total", _cell(each.total))
        expected = each.expected_false_candidates
        yield (*place, "expected false candidates", _cell(expected, each.total is None))
    yield ("searches", "all", "", "total", _cell(found.searches_total))
    yield from _review_rows(found.reviews)
    for table, counts in (
        ("other operations", found.other),
        ("refusals", found.refusals),
        ("failures", found.failures),
        ("faces stored", found.faces),
    ):
        for name, count in counts.counts.items():
            yield (table, name, "", "count", _cell(count))
        yield (table, "all", "", "total", _cell(counts.total))
    for name, number in (
        ("faces enrolled", found.faces_enrolled),
        ("faces deleted", found.faces_deleted),
        ("keys active", found.keys_active),
    ):
        yield (name, "all", "", "total", _cell(number))
    yield ("records expired", "all", "", "yes or no", "yes" if found.records_expired else "no")


def _cell(value: float | None, withheld: bool = True) -> float | str | None:
    return WITHHELD if value is None and withheld else value


def _about(*, expired: bool) -> Section:
    return Section(
        "How to read this",
        (
            Text.of(
                "Every search, enrolment, deletion and refusal is written to a ledger before it "
                "is answered. This report counts what is there for these days, and nothing else.",
                f"Counts from 1 to {LEAST - 1} are withheld, since so few searches may be about "
                "one person; further counts are withheld so that totals do not give them away. "
                "A withheld count may be of either kind.",
            ),
            Caution(
                "A candidate is not an identification: strangers reach a threshold by chance. How "
                "many of them were to be expected stands beside the searches."
            ),
            *((Caution(_EXPIRED),) if expired else ()),
        ),
    )


def _searches(found: Transparency) -> Section:
    rows = tuple(
        (
            each.collection,
            each.purpose,
            _shown(each.with_candidates),
            _shown(each.without_candidates),
            _shown(each.total),
            _expected(each.expected_false_candidates, each.total is None),
        )
        for each in found.searches
    )
    totals = ("all", "", "", "", _shown(found.searches_total), "")
    columns = (
        "Collection",
        "Purpose",
        "With candidates ",
        "Without candidates ",
        "Searches ",
        "Expected false candidates ",
    )
    caption = (
        "Searches of one against many, by what was searched and what for. Expected false "
        "candidates: the false match rate of each search's threshold times the faces compared."
    )
    return Section("Searches", (Table(caption, columns, (*rows, totals)),))


def _review_rows(found: ReviewOutcomes) -> Iterator[TableRow]:
    for name, count in _steps(found):
        yield ("reviews", name, "", "count", _cell(count))
    for table, counts, share in (
        ("review outcomes", found.decided, None),
        ("review opinions", found.opinions, found.same_share),
        ("known non-mates judged", found.seeded, found.seeded_errors),
    ):
        for name, count in counts.counts.items():
            yield (table, name, "", "count", _cell(count))
        yield (table, "all", "", "total", _cell(counts.total))
        if share is not None:
            yield (table, "same", "", "share", share.value)
            yield (table, "same", "", "share at least", share.low)
            yield (table, "same", "", "share at most", share.high)
    yield ("reviews", "all", "", "median days to a decision", _cell(found.median_days))


def _steps(found: ReviewOutcomes) -> tuple[tuple[str, int | None], ...]:
    return (
        ("cases opened", found.opened),
        ("cases disputed", found.disputed),
        ("decisions appealed", found.appealed),
    )


def _reviews(found: ReviewOutcomes) -> Section:
    days = WITHHELD if found.median_days is None else f"{found.median_days:.1f}"
    shares = (
        ("Candidates judged the same person", _share(found.same_share)),
        ("Known non-mates judged the same person", _share(found.seeded_errors)),
        ("Median days to a decision", days),
    )
    steps = tuple((name.capitalize(), _shown(count)) for name, count in _steps(found))
    return Section(
        "What people decided",
        (
            Text.of(
                "Candidates of some searches are judged by people, who see no scores. What they "
                "decide is an opinion to be followed up by other means, and no identification. "
                "Strangers are mixed in, of whom it is known that they are not the person "
                "searched for: how often these are judged the same person is the reviewers' error."
            ),
            Table("Cases.", ("", "Count "), steps),
            _table("Decisions, those after appeals among them.", "Outcome", found.decided),
            _table("Opinions decided on candidates.", "Opinion", found.opinions),
            _table("Judgements on known non-mates.", "Opinion", found.seeded),
            Table(
                "Shares with 95 % intervals (Wilson) of those judged same or not.",
                ("", "Figure "),
                shares,
            ),
        ),
    )


def _share(share: ShownShare | None) -> str:
    if share is None:
        return WITHHELD
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def _faces(found: Transparency) -> Section:
    changes = (
        ("Faces enrolled", _shown(found.faces_enrolled)),
        ("Faces deleted", _shown(found.faces_deleted)),
    )
    return Section(
        "Faces stored",
        (
            _table("Faces stored at the end, by collection.", "Collection", found.faces),
            Table("Faces that came and went, in all collections.", ("", "Count "), changes),
        ),
    )


def _others(found: Transparency) -> Section:
    keys = (("Access keys used", _shown(found.keys_active)),)
    return Section(
        "What else was done",
        (
            _table("Operations that were carried out, but searches.", "Operation", found.other),
            Table("Programs that had access.", ("", "Count "), keys),
        ),
    )


def _refusals(found: Transparency) -> Section:
    return Section(
        "What was not done",
        (
            _table("Requests that were refused, by reason.", "Reason", found.refusals),
            _table("Video jobs that failed, by reason.", "Reason", found.failures),
        ),
    )


def _table(caption: str, name: str, counts: Counts) -> Table:
    rows = tuple((each, _shown(count)) for each, count in counts.counts.items())
    return Table(caption, (name, "Count "), (*rows, ("all", _shown(counts.total))))


def _shown(count: int | None) -> str:
    return WITHHELD if count is None else f"{count:,}"


def _expected(value: float | None, withheld: bool) -> str:
    if value is None:
        return WITHHELD if withheld else "not known"
    return f"{value:.2g}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
