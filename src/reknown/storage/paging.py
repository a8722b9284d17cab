"""Long answers in pages, long questions in batches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from reknown.biometrics.errors import InputError
from reknown.storage.rows import driver_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

Item = TypeVar("Item")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Part of a list; `next` is what to pass as `after` for the rest, None at the end."""

    items: tuple[Item, ...]
    next: str | None


def fetch_page(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[int],
    after: str | None,
    limit: int,
    make: Callable[[Row[Any]], Item],
    *,
    newest_first: bool = False,
) -> Page[Item]:
    """At most `limit` items of `query` in the order of `key`, behind an earlier page.

    With `newest_first` it is the other way round, and what comes between is on no later page.

    Nothing is skipped or repeated when rows come or go between two pages.

    Raises `InputError` when `after` is not from an earlier page or `limit` below 1.
    """
    query = _beyond(query, key, after, limit, newest_first=newest_first)
    rows = connection.execute(query).all()
    return Page(tuple(make(row) for row in rows[:limit]), _end(rows, limit))


def fetch_lines(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[int],
    after: str | None,
    limit: int,
) -> Page[tuple[Any, ...]]:
    """The same page as the driver has it, with the key behind the columns of the query."""
    rows = driver_rows(connection.execute(_beyond(query, key, after, limit)))
    return Page(tuple(rows[:limit]), _end(rows, limit))


def _beyond(
    query: Select[Any],
    key: ColumnElement[int],
    after: str | None,
    limit: int,
    *,
    newest_first: bool = False,
) -> Select[Any]:
    """One more than are wanted, with the key as the last column."""
    if limit < 1:
        raise InputError(f"a page holds at least one entry, not {limit}")
    start, query = _start(after), query.add_columns(key.label("page_key"))
    if newest_first:
        query = (query if after is None else query.where(key < start)).order_by(key.desc())
    else:
        query = query.where(key > start).order_by(key)
    return query.limit(limit + 1)


def _end(rows: Sequence[Sequence[Any]], limit: int) -> str | None:
    return str(rows[limit - 1][-1]) if len(rows) > limit else None


def _start(after: str | None) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) <= 18):
        raise InputError(f"{after!r} is not where a page ended: start without it")
    return int(after)


def batches(values: Iterable[Item], most: int = _BATCH) -> Iterator[list[Item]]:
    """The distinct values in portions that fit into one statement's bound parameters."""
    distinct = iter(dict.fromkeys(values))
    while batch := list(islice(distinct, most)):
        yield batch
