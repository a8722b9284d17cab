"""How the databases say that they would carry out a statement."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

# A value of one of these is that of a whole collection, or of all open jobs.
_COARSE = {"collection_id", "finished_at"}
_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_SQLITE = re.compile(r"(SCAN|SEARCH) (\S+)(.*)")
_SQLITE_TERM = re.compile(r"(\w+)([=<>])")
_POSTGRES_TERM = re.compile(r"\((\w+) (=|<|>|IS)")
_CONDITIONS = {"Index Cond", "Filter"}
_NO_TABLES = {"Bitmap Heap Scan", "Subquery Scan", "CTE Scan", "Function Scan", "Values Scan"}


@dataclass(frozen=True, slots=True)
class Access:
    """How a table is read: by the index columns named, of which `equal` have one value each.

    Without columns it is read from end to end.
    """

    table: str
    columns: frozenset[str]
    equal: frozenset[str] = frozenset()

    @property
    def by_key(self) -> bool:
        """Whether no more is read than belongs to the values given."""
        return bool(self.equal - _COARSE)

    def __str__(self) -> str:
        return f"{self.table} by {' and '.join(sorted(self.columns)) or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Statement:
    """What was sent to the database."""

    text: str
    values: Any


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Statement]]:
    """The statements that have a plan, as they come."""
    found: list[Statement] = []

    def record(
        _connection: Connection, _cursor: Any, text: str, values: Any, _context: Any, many: bool
    ) -> None:
        if text.startswith(_PLANNED):
            found.append(Statement(text, values[0] if many else values))

    event.listen(engine, "before_cursor_execute", record)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", record)


def accesses(connection: Connection, statement: Statement) -> list[Access]:
    """Each way in which the statement, and what it sets off, reads a table."""
    if connection.dialect.name == "sqlite":
        query = f"EXPLAIN QUERY PLAN {statement.text}"
        rows = connection.exec_driver_sql(query, statement.values)
        return [access for row in rows for access in _of_sqlite(row.detail)]
    text = f"EXPLAIN (FORMAT JSON) {statement.text}"
    plans = [_plan(connection, text, statement.values)]
    # What is sent often is prepared, and then planned without its values unless that looks dearer.
    general = _plan(connection, _numbered(statement.text), None)
    if general["Total Cost"] <= plans[0]["Total Cost"]:
        plans.append(general)
    return [access for plan in plans for access in _of_postgres(plan, "", "")]


def _of_sqlite(detail: str) -> Iterator[Access]:
    match = _SQLITE.match(detail)
    # a virtual table is what came with the statement
    if match is None or "CONSTANT ROW" in detail or "VIRTUAL TABLE" in detail:
        return
    how, table, rest = match.groups()
    if how == "SEARCH" and not rest:  # the first or the last entry of an index
        yield Access(table, frozenset({"id"}))
        return
    # an automatic index is made of the whole table first
    terms = [] if "AUTOMATIC" in rest else _SQLITE_TERM.findall(rest.replace("rowid", "id"))
    yield _access(table, terms)


def _plan(connection: Connection, text: str, values: Any) -> dict[str, Any]:
    (explained,) = connection.exec_driver_sql(text, values).scalar_one()
    plan: dict[str, Any] = explained["Plan"]
    return plan


def _numbered(text: str) -> str:
    """The statement with its parameters as the server counts them."""
    names: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return names.setdefault(match[1], f"${len(names) + 1}")

    numbered = re.sub(r"%\((\w+)\)s", number, text)
    return f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered}"


def _of_postgres(node: dict[str, Any], table: str, parent: str) -> Iterator[Access]:
    kind: str = node["Node Type"]
    table = node.get("Relation Name", table)
    if kind.endswith("Scan") and kind not in _NO_TABLES:
        if kind.startswith("Index") and parent == "Limit" and not node.keys() & _CONDITIONS:
            yield Access(table, frozenset({"id"}))  # the first or the last entries
        else:
            yield _access(table, _POSTGRES_TERM.findall(node.get("Index Cond", "")))
    for child in node.get("Plans", ()):
        yield from _of_postgres(child, table, kind)


def _access(table: str, terms: list[tuple[str, str]]) -> Access:
    columns = frozenset(column for column, _ in terms)
    return Access(table, columns, frozenset(c for c, operator in terms if operator == "="))
