"""Are two databases the same, row by row?"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from reknown.storage.moving.tables import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Row, Table

_AT_ONCE = 500
_MOST_NAMED = 5
_ENCODER = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """A table of both databases: rows and SHA-256 of each, and where they are not the same.

    `differences` names the first few of `different` rows by their keys, never what is in them.
    """

    name: str
    source_rows: int
    target_rows: int
    source_digest: str
    target_digest: str
    different: int
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every row is in both, with the same values."""
        return not self.different


class _Reader:
    """The rows of a table one by one, in order, digested as they pass."""

    def __init__(self, connection: Connection, table: Table) -> None:
        rows = connection.execute(in_order(connection, table).execution_options(yield_per=_AT_ONCE))
        self._result = rows
        self._rows: Iterator[Row[Any]] = iter(rows)
        names = list(rows.keys())
        self._key = [names.index(each.name) for each in table.primary_key]
        self._digest = sha256()
        self.count = 0
        self.row: tuple[Any, ...] | None = None
        self.encoded = b""
        self.step()

    def step(self) -> None:
        """To the next row; None behind the last one."""
        found = next(self._rows, None)
        if found is None:
            self.row = None
            return
        self.row = tuple(found)
        self.encoded = _ENCODER.encode(self.row)
        self._digest.update(self.encoded)
        self.count += 1

    @property
    def key(self) -> tuple[Any, ...]:
        """Of the row."""
        assert self.row is not None
        return tuple(self.row[place] for place in self._key)

    def close(self) -> None:
        """Nothing more is read."""
        self._result.close()

    def digest(self) -> str:
        """Of all rows so far: of each, its values by the names of columns, as MessagePack."""
        return self._digest.hexdigest()


def compare_tables(
    source: Connection,
    target: Connection,
    tables: tuple[Table, Table],
    watch: Callable[[int], None],
) -> ComparedTable:
    """Reads both to their ends at once, in constant memory; `watch` is told of rows read."""
    with (
        closing(_Reader(source, tables[0])) as left,
        closing(_Reader(target, tables[1])) as right,
    ):
        different, named = _differences(left, right, sorted(tables[0].columns.keys()), watch)
    return ComparedTable(
        tables[0].name, left.count, right.count, left.digest(), right.digest(), different, named
    )


def _differences(
    left: _Reader, right: _Reader, names: Sequence[str], watch: Callable[[int], None]
) -> tuple[int, tuple[str, ...]]:
    """How many rows are different, and which the first are."""
    different, told = 0, 0
    named: list[str] = []
    while left.row is not None or right.row is not None:
        found = _step(left, right, names)
        if found is not None:
            different += 1
            if len(named) < _MOST_NAMED:
                named.append(found)
        if left.count - told >= _AT_ONCE:
            watch(left.count - told)
            told = left.count
    watch(left.count - told)
    return different, tuple(named)


def _step(left: _Reader, right: _Reader, names: Sequence[str]) -> str | None:
    """Past the lower key, or both where they are the same; what is wrong with it, if anything."""
    if right.row is None or (left.row is not None and left.key < right.key):
        found = f"row {_named(left.key)} is missing"
        left.step()
    elif left.row is None or right.key < left.key:
        found = f"row {_named(right.key)} is not in the source"
        right.step()
    else:
        same = left.encoded == right.encoded
        found = "" if same else f"row {_named(left.key)} has another {_apart(left, right, names)}"
        left.step()
        right.step()
    return found or None


def _apart(left: _Reader, right: _Reader, names: Sequence[str]) -> str:
    assert left.row is not None
    assert right.row is not None
    pairs = zip(names, left.row, right.row, strict=True)
    return ", ".join(name for name, one, other in pairs if one != other) or "encoding"


def _named(key: tuple[Any, ...]) -> str:
    return ", ".join(map(str, key))
