"""What a job found: lists of entries, each in its order, stored in compressed parts.

A part is a JSON array of so many entries; all but the last of a list have the same number of
them, so that any entry is found without reading those before it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from sqlalchemy import insert, select

from reknown.jobs.schema import parts as parts_table
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from reknown.jobs.queue import Job

Entry = TypeVar("Entry")

PART = 500
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class ResultPart:
    """Some of the entries of one list, ready to be stored."""

    ordering: str
    number: int
    entries: int
    data: bytes


def pack(ordering: str, entries: Sequence[Any]) -> list[ResultPart]:
    """The parts of a list; made before the transaction that stores them, as it takes long."""
    encoder = msgspec.json.Encoder()
    made = []
    for number, start in enumerate(range(0, len(entries), PART)):
        some = entries[start : start + PART]
        data = zlib.compress(encoder.encode(some), _LEVEL)
        made.append(ResultPart(ordering, number, len(some), data))
    return made


def store(connection: Connection, job: Job, parts: Iterable[ResultPart]) -> None:
    """Keeps the parts with the job."""
    for part in parts:
        values = {
            "job": job.key,
            "ordering": part.ordering,
            "number": part.number,
            "entries": part.entries,
            "data": part.data,
        }
        connection.execute(insert(parts_table).values(values))


def read(
    connection: Connection, job: Job, ordering: str, span: range, kind: type[Entry]
) -> list[Entry]:
    """The entries with these numbers, as far as there are any; `span` has a step of 1."""
    numbers = range(span.start // PART, (span.stop - 1) // PART + 1) if span else range(0)
    found: list[Entry] = []
    for number, entries in _parts(connection, job, ordering, numbers, kind).items():
        first = number * PART
        found.extend(entries[max(span.start - first, 0) : span.stop - first])
    return found


def pick(
    connection: Connection, job: Job, ordering: str, wanted: Iterable[int], kind: type[Entry]
) -> dict[int, Entry]:
    """The entries with these numbers, by number; raises `KeyError` for one that is not there."""
    distinct = sorted(set(wanted))
    numbers = sorted({number // PART for number in distinct})
    parts = _parts(connection, job, ordering, numbers, kind)
    try:
        return {number: parts[number // PART][number % PART] for number in distinct}
    except IndexError as error:
        raise KeyError(distinct) from error


def _parts(
    connection: Connection, job: Job, ordering: str, numbers: Sequence[int], kind: type[Entry]
) -> Mapping[int, list[Entry]]:
    """The parts with these numbers, in ascending order."""
    if not numbers:
        return {}
    decoder = msgspec.json.Decoder(resolved(list[kind]))  # type: ignore[valid-type]
    found: dict[int, list[Entry]] = {}
    for number in numbers:
        query = select(parts_table.c.data).where(
            parts_table.c.job == job.key,
            parts_table.c.ordering == ordering,
            parts_table.c.number == number,
        )
        data = connection.execute(query).scalar_one_or_none()
        if data is None:
            break
        found[number] = decoder.decode(zlib.decompress(data))
    return found
