"""A record in a line for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reknown.ledger.summary import (  # noqa: F401 - each says what its records do
    accounts,
    administration,
    evaluation,
    former,
    galleries,
    groups,
    policies,
    recognition,
    reviews,
    sightings,
    watches,
)
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.ledger.codec import Entry
    from reknown.ledger.summary.say import Names

__all__ = ["summarise"]


def summarise(record: Entry | Mapping[str, Any], names: Names) -> str:
    """What the record says; subjects without one of the `names` by id are deleted ones."""
    return text_of(record, names)
