"""The bytes of a record that the ledger's tree is made over: RFC 8785 JSON of its row.

All columns that have a value, by name. `detail` is the object that its text says where the text is
as Reknown writes it, so that nothing else has the same leaf; rows of version 0, whose text has
no fixed form, and what no canonical JSON can hold have the text itself there.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from reknown.proofs.reknown_check import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()
# Numbers that msgspec may write otherwise than RFC 8785 does; in a text it costs time, no more.
_OTHERWISE = re.compile(rb"[:,\[]-?(?:\d+(?:\.\d+)?[eE]|\d{16})")
_WHOLE = re.compile(rb"([:,\[]-?\d+)\.0(?=[,\]}])")


def leaf_of(row: Mapping[str, Any]) -> bytes:
    """The leaf of a row of the ledger, by its columns; raises `ValueError` for what is no row."""
    values = {name: value for name, value in row.items() if value is not None}
    detail = values["detail"]
    if not isinstance(detail, str):
        raise ValueError("a record is text")
    text = detail.encode()
    parsed = _parsed(text) if values["version"] else None
    if parsed is None:
        return canonical(values)
    shorter = _WHOLE.sub(rb"\1", text)
    leaf = _ENCODER.encode(values | {"detail": msgspec.Raw(shorter)})
    plain = leaf.isascii() and b"\\" not in leaf and not _OTHERWISE.search(text)
    if plain and (shorter == text or _DECODER.decode(shorter) == parsed):
        return leaf
    try:
        return canonical(values | {"detail": json.loads(text)})
    except ValueError:
        return canonical(values)


def _parsed(text: bytes) -> dict[str, Any] | None:
    """The object, where this is the one form in which records are written."""
    try:
        value = _DECODER.decode(text)
        ours = isinstance(value, dict) and _ENCODER.encode(value) == text
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if ours else None
