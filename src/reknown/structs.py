"""Struct types that threads may decode at once.

msgspec 0.22 looks up the fields of a struct when it is first decoded, and meanwhile another
thread can use the half-finished result, which crashes the process. So every type goes through
`resolved` before it is decoded.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

# one for all types: they share the structs that they are made of
_LOCK = threading.Lock()


def resolved(kind: T) -> T:
    """`kind` itself, a struct or a type made of structs, once its fields are looked up."""
    _resolve(kind)
    return kind


@cache
def _resolve(kind: Any) -> None:
    with _LOCK:
        msgspec.json.Decoder(kind)
