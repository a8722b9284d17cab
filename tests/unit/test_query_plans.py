"""No statement reads a whole collection, or a whole table, where it has a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint

from reknown.storage.database import open_database
from unit.databases import new_location
from unit.plans.filling import TABLES, analyse, fill
from unit.plans.reading import accesses, recorded
from unit.plans.use_cases import USE_CASES, asked
from unit.plans.walks import ALLOWED, allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine, ForeignKey, Table

    from unit.plans.reading import Access
    from unit.plans.use_cases import UseCase

COUNTS = (1, 500, 2, 3, 10)
"""Planners change their minds with the number of ids; a use case that takes none sends the same
statements for the first two."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Thousands of faces and all that belongs to them; tests write nothing that stays."""
    folder = tmp_path_factory.mktemp("plans")
    engine = open_database(new_location(request, request.param, folder))
    fill(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("known", ["bare", "analysed"])
def test_statements_go_by_their_keys(filled: Engine, known: str) -> None:
    if known == "analysed":
        analyse(filled)
    plans: dict[str, list[Access]] = {}
    faults: dict[str, list[int]] = {}
    walkers = set()
    for name, use_case in USE_CASES.items():
        asked_before: set[str] = set()
        for count in COUNTS:
            statements = _planned(filled, use_case, count, plans)
            if count == COUNTS[1] and statements == asked_before:
                break
            asked_before = statements
            for access in {access for statement in statements for access in plans[statement]}:
                if not allowed(name, access):
                    faults.setdefault(f"{name} reads {access}", []).append(count)
                elif not access.by_key:
                    walkers.add(name)
    assert not faults, "\n".join(f"{fault} with {counts} ids" for fault, counts in faults.items())
    # PostgreSQL does not say what a deletion sets off
    assert walkers == ALLOWED.keys() or filled.dialect.name == "postgresql"


def _planned(
    engine: Engine, use_case: UseCase, count: int, known: dict[str, list[Access]]
) -> set[str]:
    """The statements of the use case with so many ids, whose plans are `known` from here on."""
    with engine.connect() as connection:
        with recorded(engine) as statements:
            use_case(connection, count)
        for statement in statements:
            if statement.text not in known:
                known[statement.text] = accesses(connection, statement)
        connection.rollback()
    return {statement.text for statement in statements}


def test_every_statement_is_looked_at() -> None:
    assert {name.partition(" ")[0] for name in USE_CASES} >= set(asked())


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (table, key)
        for table in TABLES
        for key in sorted(table.foreign_keys, key=lambda key: key.target_fullname)
    ],
    ids=lambda value: getattr(value, "name", None) or getattr(value, "target_fullname", None),
)
def test_what_goes_with_a_row_is_found_by_an_index(table: Table, key: ForeignKey) -> None:
    unique = [
        c for c in table.constraints if isinstance(c, PrimaryKeyConstraint | UniqueConstraint)
    ]
    assert key.parent in [next(iter(index.columns)) for index in (*table.indexes, *unique)]
