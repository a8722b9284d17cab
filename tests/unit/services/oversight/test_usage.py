from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError
from reknown.ledger import records
from reknown.services.oversight.usage import Month, lines, month_of, read_usage
from unit.services.oversight.ledgers import ADA, DESK, GATE, fill, write

if TYPE_CHECKING:
    from reknown.services.context import Context

NOVEMBER = Month(2026, 11)


def test_a_month_is_counted_by_who_did_what(context: Context) -> None:
    fill(context.database)
    ada, gate, desk = read_usage(context, NOVEMBER)
    assert (ada.actor, gate.actor, desk.actor) == (ADA, f"key:{GATE}", f"key:{DESK}")
    assert (gate.name, desk.name, ada.name) == ("gate", "", "")
    assert ada.done == {"list faces": 17}
    assert gate.done == {"enrol": 2, "identify": 79}
    assert gate.failed == {"detect": 2}
    assert desk.done == {"delete faces": 1}
    assert desk.refused == {"identify": 14}


def test_a_refused_search_was_not_done(context: Context) -> None:
    write(context.database, records.RefuseSearchRecord("PurposeMissing"), times=3)
    (gate,) = read_usage(context, NOVEMBER)
    assert (gate.done, gate.refused) == ({}, {"refuse search": 3})


def test_faces_count_for_who_enrolled_them(context: Context) -> None:
    fill(context.database)
    ada, gate, desk = read_usage(context, NOVEMBER)
    # one face of its second image was known
    assert (gate.enrolled, gate.deleted, gate.stored) == (20, 0, 35)
    assert (desk.enrolled, desk.deleted, desk.stored) == (0, 15, 0)
    assert (ada.enrolled, ada.stored) == (0, 12)
    october = {each.actor: each for each in read_usage(context, Month(2026, 10))}
    assert october.keys() == {ADA, f"key:{GATE}"}
    assert october[f"key:{GATE}"].stored == 30
    later = {each.actor: each.stored for each in read_usage(context, Month(2027, 5))}
    assert later == {ADA: 12, f"key:{GATE}": 35}


def test_one_actor_alone(context: Context) -> None:
    fill(context.database)
    (desk,) = read_usage(context, NOVEMBER, f"key:{DESK}")
    assert desk == read_usage(context, NOVEMBER)[2]
    assert read_usage(context, NOVEMBER, "key:nobody") == ()


def test_every_number_has_its_line(context: Context) -> None:
    fill(context.database)
    (gate,) = read_usage(context, NOVEMBER, f"key:{GATE}")
    assert list(lines(gate)) == [
        ("done", "enrol", 2),
        ("done", "identify", 79),
        ("failed", "detect", 2),
        ("faces enrolled", "", 20),
        ("faces deleted", "", 0),
        ("faces stored", "", 35),
    ]


def test_months_are_written_as_in_the_calendar() -> None:
    assert month_of("2026-11") == NOVEMBER
    assert str(NOVEMBER) == "2026-11"
    assert NOVEMBER.end == datetime(2026, 12, 1, tzinfo=UTC)
    assert Month(2026, 12).end == Month(2027, 1).start


@pytest.mark.parametrize(
    "text",
    [
        "2026",
        "2026-13",
        "2026-00",
        "26-11",
        "2026-11-01",
        "9999-12",
        "\u0662\u0660\u0662\u0666-\u0661\u0661",
    ],
)
def test_anything_else_is_no_month(text: str) -> None:
    with pytest.raises(InputError, match="write it as 2026-11"):
        month_of(text)
