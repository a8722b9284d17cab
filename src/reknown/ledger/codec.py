"""Records as canonical JSON, and back: keys in order, no unknown ones, every value checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from reknown.biometrics.errors import DatabaseError
from reknown.ledger.records import RECORDS, Failure, Record, Refusal
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

Entry = Record | Refusal | Failure
"""What a row of the ledger holds."""

_OPERATIONS: Mapping[tuple[str, int], type[Record]] = {
    (record.OPERATION, record.VERSION): record for record in RECORDS
}


DONE, REFUSED, FAILED = "done", "refused", "failed"
"""Kinds of rows: it was done, refused, or tried in vain."""

_OTHERS: Mapping[tuple[str, int], type[Refusal | Failure]] = {
    (REFUSED, Refusal.VERSION): Refusal,
    (FAILED, Failure.VERSION): Failure,
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record as the columns of a row; these three say which type `detail` has."""

    kind: str
    operation: str
    version: int
    detail: str


def encode(entry: Entry) -> Encoded:
    """The record as a row has it; raises `msgspec.ValidationError` for values out of range.

    What is written can be read: names, NaN and digests of the wrong length never get in.
    """
    kind, operation = _kind(entry), operation_of(entry)
    checked = _read(type(entry), _json(entry))
    if checked != entry:
        raise msgspec.ValidationError(f"not what the ledger could give back: {entry}")
    return Encoded(kind, operation, entry.VERSION, _json(checked).decode())


def decode(row: Encoded) -> Entry | Mapping[str, Any]:
    """The record of a row; of version 0, which had no types, the detail as it is.

    Raises `DatabaseError` for a row of an unknown type, and for one that was tampered with.
    """
    if row.version == 0:
        # those rows may hold half a surrogate pair, which msgspec refuses
        detail: Mapping[str, Any] = json.loads(row.detail)
        return detail
    try:
        found = _read(_type(row), row.detail)
    except msgspec.DecodeError as error:
        raise _damaged(row, str(error)) from error
    if not _is_written_so(found, row.detail) or operation_of(found) != row.operation:
        raise _damaged(row, "it is not as Reknown writes it")
    return found


def decode_fields(row: Encoded, fields: type) -> Any:
    """The struct `fields` of a row's record, which alone is checked; None of version 0.

    Raises as `decode` does.
    """
    if row.version == 0:
        return None
    _type(row)
    try:
        return _fields_decoder(fields).decode(row.detail)
    except msgspec.DecodeError as error:
        raise _damaged(row, str(error)) from error


def operation_of(entry: Entry) -> str:
    """The operation under which the record stands."""
    return entry.OPERATION if isinstance(entry, Record) else entry.action


def operations() -> list[str]:
    """The operations of all records, in alphabetical order."""
    return sorted(record.OPERATION for record in RECORDS)


def _read(kind: Any, text: bytes | str) -> Entry:
    return _decoder(kind).decode(text)


@cache  # making the decoders of all records would delay the start of every command
def _decoder(kind: type[Entry]) -> msgspec.json.Decoder[Entry]:
    return msgspec.json.Decoder(resolved(kind))


@cache
def _fields_decoder(fields: type) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(resolved(fields))


def _kind(entry: Entry) -> str:
    if isinstance(entry, Record):
        return DONE
    return REFUSED if isinstance(entry, Refusal) else FAILED


def _json(entry: Entry) -> bytes:
    return msgspec.json.encode(entry, order="sorted")


def _is_written_so(entry: Entry, detail: str) -> bool:
    """Whether Reknown writes the record so, or did before it had fields that came later."""
    if _json(entry).decode() == detail:
        return True
    later = list(entry.LATER.items()) if isinstance(entry, Record) else []
    for number in range(len(later)):
        before = _without(msgspec.to_builtins(entry), dict(later[number:]))
        if msgspec.json.encode(before, order="sorted").decode() == detail:
            return True
    return False


def _without(value: Any, later: Mapping[str, Any]) -> Any:
    """The same value without those of these fields that are as they are in older rows."""
    if not isinstance(value, dict):
        return value
    return {
        name: _without(one, later)
        for name, one in value.items()
        if name not in later or one is not later[name]
    }


def _damaged(row: Encoded, why: str) -> DatabaseError:
    return DatabaseError(
        f"a record {row.operation!r} in the ledger is damaged: {why}: restore a backup"
    )


def _type(row: Encoded) -> type[Entry]:
    try:
        if row.kind == DONE:
            return _OPERATIONS[row.operation, row.version]
        return _OTHERS[row.kind, row.version]
    except KeyError:
        raise DatabaseError(
            f"the ledger has a record {row.operation!r} of version {row.version}, which this "
            "Reknown does not know: install the Reknown that wrote it, or a newer one"
        ) from None
