from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import pytest

from reknown.biometrics.rates import Rate, wilson
from reknown.ledger import records
from reknown.services.oversight.review_outcomes import ShownShare, read_outcomes
from reknown.services.oversight.suppression import Counts
from reknown.services.oversight.transparency import read_transparency
from reknown.services.oversight.transparency_report import (
    WITHHELD,
    figures,
    table_rows,
    transparency_report,
)
from unit.services.oversight.ledgers import DIGEST, NOVEMBER, OCTOBER, write

if TYPE_CHECKING:
    from reknown.ledger.records.reviews import Opinion
    from reknown.services.context import Context
    from reknown.storage.database import Database

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
_Outcome = Literal["lead", "no-lead", "inconclusive"]


def case(number: int) -> str:
    return str(UUID(int=number))


def opened(database: Database, number: int, at: datetime, candidates: int = 2) -> None:
    record = records.OpenCaseRecord(case(number), 1, 1, 1, None, candidates, DIGEST)
    write(database, record, at=at)


def decided(
    database: Database,
    number: int,
    at: datetime,
    outcome: _Outcome,
    opinion: Opinion | None,
    on_seed: Opinion = "different",
    turn: int = 1,
) -> None:
    judged = records.JudgedCandidateRecord(1, None, None, False, opinion, ())
    said = records.JudgementRecord("cli:ada", on_seed, (), None)
    seeded = records.JudgedCandidateRecord(2, None, None, True, None, (said,))
    record = records.DecideCaseRecord(case(number), 1, outcome, (judged, seeded))
    write(database, record, at=at)


@pytest.fixture
def reviewed(context: Context) -> Context:
    """52 cases, of which November decides 40; a month before, another 10 were."""
    database = context.database
    for number in range(10):
        opened(database, number, OCTOBER)
        decided(database, number, OCTOBER, "lead", "same")
    for number in range(10, 52):
        # the first dozen waits since October
        opened(database, number, OCTOBER if number < 22 else NOVEMBER, candidates=number)
    opened(database, 52, NOVEMBER, candidates=0)
    for number in range(10, 22):
        decided(database, number, NOVEMBER, "lead", "same", "same")
    for number in range(22, 50):
        at = NOVEMBER + timedelta(hours=36)
        decided(database, number, at, "no-lead", "different", "cannot-tell")
    for number in range(11):
        write(database, records.AppealCaseRecord(case(number), 2, "complaint"))
    for number in range(3):
        write(database, records.DisputeCaseRecord(case(number), 1))
    return context


def test_what_people_decided_is_counted(reviewed: Context) -> None:
    found = read_outcomes(reviewed.database, SINCE, UNTIL)
    assert (found.opened, found.disputed, found.appealed) == (30, None, 11)
    assert found.decided == Counts({"lead": 12, "no-lead": 28, "inconclusive": 0}, 40)
    assert found.opinions == Counts({"same": 12, "different": 28, "cannot-tell": 0}, 40)
    interval = wilson(Rate(12, 40))
    assert found.same_share == ShownShare(0.3, round(interval.low, 4), round(interval.high, 4))
    assert found.seeded == Counts({"same": 12, "not same": 28}, 40)
    assert found.seeded_errors == found.same_share
    # 12 took a month, 28 a day and a half
    assert found.median_days == 1.5


def test_an_appeal_begins_the_time_anew(reviewed: Context) -> None:
    month = UNTIL + timedelta(days=2)
    for number in range(11):
        decided(reviewed.database, number, month, "inconclusive", None)
    found = read_outcomes(reviewed.database, UNTIL, UNTIL + timedelta(days=30))
    assert found.decided == Counts({"lead": 0, "no-lead": 0, "inconclusive": 11}, 11)
    assert found.median_days == (month - NOVEMBER) / timedelta(days=1)
    assert (found.opened, found.opinions.total, found.same_share) == (0, 0, None)


def test_few_are_withheld_with_their_shares(context: Context) -> None:
    for number in range(9):
        opened(context.database, number, NOVEMBER)
        decided(context.database, number, NOVEMBER, "lead", "same", "same")
    for number in range(20, 50):
        decided(context.database, number, NOVEMBER, "no-lead", "different")
    found = read_outcomes(context.database, SINCE, UNTIL)
    assert found.opened is None
    assert found.decided == Counts({"lead": None, "no-lead": None, "inconclusive": 0}, 39)
    assert (found.same_share, found.seeded_errors) == (None, None)
    # of those alone it is known since when they were open
    assert found.median_days is None


def test_a_purged_case_is_forgotten(context: Context) -> None:
    opened(context.database, 1, OCTOBER)
    write(context.database, records.PurgeCasesRecord((case(1),)))
    for number in range(1, 11):
        decided(context.database, number, NOVEMBER, "lead", "same")
    found = read_outcomes(context.database, SINCE, UNTIL)
    assert found.decided.total == 10
    assert found.median_days is None


def test_the_report_tells_it_in_all_its_forms(reviewed: Context) -> None:
    found = read_transparency(reviewed, SINCE, UNTIL)
    assert not [name for name in found.other.counts if "case" in name]
    told = figures(found)["reviews"]
    assert told["same_share"] == {"value": 0.3, "low": 0.1807, "high": 0.4543}
    rows = {row[:4]: row[4] for row in table_rows(found)}
    assert rows["reviews", "cases opened", "", "count"] == 30
    assert rows["reviews", "cases disputed", "", "count"] == WITHHELD
    assert rows["review outcomes", "no-lead", "", "count"] == 28
    assert rows["review opinions", "same", "", "share"] == 0.3
    assert rows["known non-mates judged", "same", "", "share at most"] == 0.4543
    assert rows["reviews", "all", "", "median days to a decision"] == 1.5
    (section,) = (
        each for each in transparency_report(found).sections if each.title == "What people decided"
    )
    assert "30.0% (18.1% to 45.4%)" in str(section)
