"""Rows from one database into another: in the order of their keys, in portions, once each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.storage.moving.tables import in_order, last_key, without_triggers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Table

    # told how many more rows are there
    Watch = Callable[[int], None]

_ROWS = 2000
_BYTES = 16 * 2**20
_AT_ONCE = 500


def require_same(source: Mapping[str, Table], target: Mapping[str, Table]) -> None:
    """Raises `DatabaseError` where tables or columns are not the same."""
    apart = sorted(
        name
        for name in {*source, *target}
        if name not in source
        or name not in target
        or {*source[name].columns.keys()} != {*target[name].columns.keys()}
    )
    if apart:
        raise DatabaseError(
            f"the two databases do not have the same tables: see {', '.join(apart[:5])}"
        )


def copy_table(
    source: Connection, target: Connection, tables: tuple[Table, Table], watch: Watch
) -> None:
    """Copies the rows behind the last one that is there; each portion is there for good.

    Raises `InputError` for text that the target cannot hold.
    """
    table, into = tables
    with target.begin():
        after = last_key(target, into)
    query = in_order(source, table, after).execution_options(yield_per=_AT_ONCE)
    with source.execute(query) as rows:
        for portion in _portions(row._asdict() for row in rows):
            _put(target, into, portion)
            watch(len(portion))


def _put(target: Connection, table: Table, portion: Sequence[Mapping[str, Any]]) -> None:
    with target.begin():
        try:
            with without_triggers(target, table):
                target.execute(insert(table), portion)
        except InputError as error:
            raise InputError(f"{table.name}: {_unfit(table, portion) or error}") from error


def _portions(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """So many rows, or bytes."""
    portion: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        portion.append(row)
        size += sum(len(value) for value in row.values() if isinstance(value, bytes | str))
        if len(portion) >= _ROWS or size >= _BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _unfit(table: Table, portion: Sequence[Mapping[str, Any]]) -> str | None:
    """Which row it is that PostgreSQL has no place for."""
    for row in portion:
        for name, value in row.items():
            if isinstance(value, str) and "\0" in value:
                key = ", ".join(str(row[each.name]) for each in table.primary_key)
                return (
                    f"the {name} of row {key} holds a zero character, which PostgreSQL cannot "
                    "keep: rename it first"
                )
    return None
