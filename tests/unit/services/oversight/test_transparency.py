from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.biometrics.errors import InputError
from reknown.ledger import log, records
from reknown.ledger.actor import Actor
from reknown.ledger.expiry import expire_records
from reknown.reporting.page import render
from reknown.services.oversight.suppression import Counts
from reknown.services.oversight.transparency import SearchCounts, read_transparency
from reknown.services.oversight.transparency_report import (
    WITHHELD,
    figures,
    table_rows,
    transparency_report,
)
from unit.services.oversight.ledgers import GATE, NOVEMBER, OCTOBER, fill, search, write

if TYPE_CHECKING:
    from reknown.ledger.log import Event
    from reknown.services.context import Context
    from reknown.services.oversight.transparency import Transparency

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def found(context: Context) -> Transparency:
    fill(context.database)
    return read_transparency(context, SINCE, UNTIL)


def test_searches_are_counted_by_collection_and_purpose(found: Transparency) -> None:
    assert found.searches == (
        # 25 searches with one face and 40 with two, each 1,000 comparisons at 1 in 10,000
        SearchCounts("people", "missing-person", 25, 40, 65, 10.0),
        SearchCounts("people", "not stated", 0, None, None, None),
        SearchCounts("staff", "entry", 0, None, None, None),
    )
    assert found.searches_total == 79


def test_all_else_is_counted_too(found: Transparency) -> None:
    assert found.refusals == Counts({"AccessDeniedException": 14}, 14)
    assert found.failures == Counts({"VideoError": None}, None)
    assert found.other == Counts({"delete faces": None, "enrol": None, "list faces": None}, 20)
    assert found.faces == Counts({"people": 35, "staff": 12}, 47)
    assert (found.faces_enrolled, found.faces_deleted) == (20, 15)
    assert found.keys_active is None


def test_a_search_that_the_rules_refuse_is_a_refusal_with_its_reason(context: Context) -> None:
    write(context.database, records.RefuseSearchRecord("PurposeMissing"), times=12)
    found = read_transparency(context, SINCE, UNTIL)
    assert found.refusals == Counts({"PurposeMissing": 12}, 12)
    assert found.other == Counts({}, 0)


def test_a_refusal_that_a_former_release_wrote_twice_counts_once(context: Context) -> None:
    for number in range(12):
        actor = Actor(f"key:{GATE}", f"request {number}")
        for entry in (
            records.RefuseSearchRecord("PurposeMissing"),
            records.Refusal("identify", "SearchFaces", "AccessDeniedException"),
        ):
            log.record(context.database, actor, "people", entry)
    found = read_transparency(context, SINCE, datetime(2999, 1, 1, tzinfo=UTC))
    assert found.refusals == Counts({"PurposeMissing": 12}, 12)


def test_totals_are_those_of_the_ledger(context: Context, found: Transparency) -> None:
    rows = [event for event in events(context) if SINCE <= event.at < UNTIL]
    done = [event for event in rows if event.kind == "done"]
    searches = [event for event in done if event.operation == "identify"]
    assert found.searches_total == len(searches)
    assert found.other.total == len(done) - len(searches)
    assert found.refusals.total == len([event for event in rows if event.kind == "refused"])
    assert found.searches[0].with_candidates == sum(_has_candidates(event) for event in searches)


def test_a_deletion_of_few_withholds_what_came(context: Context) -> None:
    fill(context.database)
    write(
        context.database,
        records.DeleteFacesRecord(("00000000-0000-0000-0000-000000000022",)),
        at=UNTIL,
    )
    later = read_transparency(context, UNTIL, datetime(2027, 1, 1, tzinfo=UTC))
    assert (later.faces_enrolled, later.faces_deleted) == (None, None)
    assert later.faces.total == 46


def test_a_threshold_without_a_rate_has_no_expectation(context: Context) -> None:
    write(context.database, search(0, rate=None), times=12)
    (row,) = read_transparency(context, SINCE, UNTIL).searches
    assert (row.total, row.expected_false_candidates) == (12, None)


def test_the_same_ledger_gives_the_same_bytes(context: Context, found: Transparency) -> None:
    again = read_transparency(context, SINCE, UNTIL)
    first, second = transparency_report(found), transparency_report(again)
    page = render(first, "transparency.html.j2")
    assert page == render(second, "transparency.html.j2")
    assert list(table_rows(found)) == list(table_rows(again))
    write(context.database, search(1), at=OCTOBER, times=30)
    assert figures(read_transparency(context, SINCE, UNTIL)) == figures(found)


def test_the_page_says_what_it_withholds_and_identifies_nobody(found: Transparency) -> None:
    page = render(transparency_report(found), "transparency.html.j2")
    assert "Counts from 1 to 9 are withheld" in page
    assert "A candidate is not an identification" in page
    assert "evaluation" not in page
    assert WITHHELD in page
    assert "match confirmed" not in page.lower()


def test_the_table_and_the_figures_say_the_same(found: Transparency) -> None:
    rows = {row[:4]: row[4] for row in table_rows(found)}
    told = json.loads(json.dumps(figures(found)))
    assert rows["searches", "people", "missing-person", "total"] == 65
    assert rows["searches", "staff", "entry", "total"] == WITHHELD
    assert rows["searches", "all", "", "total"] == told["searches_total"] == 79
    assert rows["refusals", "all", "", "total"] == told["refusals"]["total"] == 14
    assert rows["keys active", "all", "", "total"] == WITHHELD
    assert told["keys_active"] is None


def test_a_hostile_name_is_text(context: Context) -> None:
    write(context.database, search(0), of="<script>x</script>", times=10)
    page = render(
        transparency_report(read_transparency(context, SINCE, UNTIL)), "transparency.html.j2"
    )
    assert "<script>" not in page


def test_a_time_that_ends_before_it_begins_is_none(context: Context) -> None:
    with pytest.raises(InputError, match="ends before it begins"):
        read_transparency(context, UNTIL, SINCE)


def test_records_that_have_expired_are_said_to_be_missing(context: Context) -> None:
    fill(context.database)
    before = read_transparency(context, SINCE, UNTIL)
    with context.database.begin() as connection:
        assert expire_records(connection, Actor("sweeper"), SINCE)
    found = read_transparency(context, SINCE, UNTIL)
    assert (before.records_expired, found.records_expired) == (False, True)
    page = render(transparency_report(found), "transparency.html.j2")
    assert "Records whose time was over are deleted" in page
    assert "Records whose time" not in render(transparency_report(before), "transparency.html.j2")
    # what the records that are left tell of
    assert found.searches == before.searches
    assert ("records expired", "all", "", "yes or no", "yes") in table_rows(found)


def test_nothing_was_done(context: Context) -> None:
    empty = read_transparency(context, NOVEMBER, UNTIL)
    assert empty.searches == ()
    assert empty.searches_total == 0
    assert render(transparency_report(empty), "transparency.html.j2")


def _has_candidates(event: Event) -> bool:
    assert isinstance(event.record, records.IdentifyRecord)
    return any(event.record.candidates)
