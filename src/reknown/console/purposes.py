"""What a search is for: chosen where the collection's policy lists purposes, and stated with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.policy import require_purpose
from reknown.services.policies.rules import purposes_to_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.console.visit import Visit
    from reknown.services.context import Context


@dataclass(frozen=True, slots=True)
class Purposes:
    """Those to choose from, none where nothing has to be said; `chosen` is the one shown first."""

    listed: Sequence[str]
    chosen: str | None


def purposes(visit: Visit) -> Purposes:
    """What the form of a search offers; raises `NotFoundError` for the collection."""
    listed = purposes_to_state(visit.context, visit.its_collection)
    chosen = visit.arrival.form.get("purpose") or visit.context.actor.purpose
    return Purposes(listed, chosen if chosen in listed else None)


def for_the_purpose(visit: Visit) -> Context:
    """The context of a search with the purpose of its form; raises `InputError` for no code."""
    stated = visit.arrival.form.get("purpose", "").strip()
    if not stated:
        return visit.context
    purpose = require_purpose("what the search is for", stated)
    return visit.context.by(replace(visit.context.actor, purpose=purpose))
