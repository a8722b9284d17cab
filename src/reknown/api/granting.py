"""Rights as people write them down for a new key: a pattern that allows nothing is a mistake."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from reknown.api.catalogue import OPERATIONS
from reknown.api.events import OPERATION as EVENTS
from reknown.biometrics.errors import InputError
from reknown.services.access import BY_NAME, IN_CONSOLE, Rights, matches

if TYPE_CHECKING:
    from collections.abc import Sequence


# What a key may be allowed: operations, and the stream of events, which is none of AWS's protocol.
_GRANTED = {*OPERATIONS, *IN_CONSOLE, EVENTS}


def rights_of(operations: Sequence[str], collections: Sequence[str]) -> Rights:
    """The rights, everything where nothing is named; raises `InputError`."""
    rights = Rights(tuple(operations or ["*"]), tuple(collections or ["*"]))
    for pattern in rights.operations:
        _require_known(pattern)
    return rights


def _require_known(pattern: str) -> None:
    found = {name for name in _GRANTED if matches(pattern, name)}
    if found - set(BY_NAME) or pattern in found:
        return
    if found:
        raise InputError(f"{pattern!r} allows nothing: name {' and '.join(sorted(found))} in full")
    close = get_close_matches(pattern, _GRANTED, n=1)
    advice = f"did you mean {close[0]}?" if close else "docs/reference/operations.md lists them"
    raise InputError(f"{pattern!r} is not an operation: {advice}")
