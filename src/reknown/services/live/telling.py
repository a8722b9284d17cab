"""What others are told of an event: the same in every way out, with names that are known now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import msgspec

from reknown.biometrics.live import LiveEventKind
from reknown.gallery.users import find_names
from reknown.services.live.following_limits import BROKEN_OFF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reknown.biometrics.live import LiveCandidate, LiveEvent, LiveView
    from reknown.storage.database import Connection

STRANGER = "a stranger"


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event, and what its candidates are called by their subject ids, as far as is known now."""

    event: LiveEvent
    names: Mapping[str, str]

    @property
    def message_id(self) -> str:
        """The same whenever it is told again."""
        return f"live-{self.event.sequence}"

    def name_of(self, candidate: LiveCandidate) -> str | None:
        """What the candidate is called; None once the person is deleted."""
        return None if candidate.subject_id is None else self.names.get(candidate.subject_id)

    def called(self, candidate: LiveCandidate) -> str:
        """The candidate in a few words, with how much they resemble."""
        return called(candidate, self.names)

    def text(self) -> str:
        """As JSON."""
        return msgspec.json.encode(described(self)).decode()


def tell(connection: Connection, events: Sequence[LiveEvent]) -> list[ToldEvent]:
    """The events with the names of those of their subjects that are still there."""
    subjects = {it.subject_id for each in events for it in each.candidates if it.subject_id}
    names = find_names(connection, sorted(subjects)) if subjects else {}
    return [ToldEvent(each, names) for each in events]


def called(candidate: LiveCandidate, names: Mapping[str, str]) -> str:
    """What a candidate is called by these names of subjects, and how much they resemble."""
    name = None if candidate.subject_id is None else names.get(candidate.subject_id)
    score, similarity = candidate.score, candidate.similarity
    return f"{name or candidate.face_id} " + (
        f"{score:.3f}" if similarity is None else f"{similarity:.1f}"
    )


def described(told: ToldEvent) -> dict[str, Any]:
    """The event in plain values: what is told, and nothing else."""
    event = told.event
    found: dict[str, Any] = {
        "sequence": event.sequence,
        "watch": event.watch,
        "collection": event.collection,
        "kind": event.kind.value,
        "at": _moment(event.at),
        "time_ms": event.time_ms,
    }
    if event.kind is LiveEventKind.CAMERA:
        return found | {"state": event.state, "reason": event.reason}
    return found | {
        "visit": event.visit,
        "since": _moment(event.since),
        "until": _moment(event.until),
        "candidates": [_candidate(told, each) for each in event.candidates],
        "view": None if event.view is None else _view(event.view),
        "lists": list(event.lists),
        "search": event.search,
        **({} if event.reason is None else {"reason": event.reason}),
    }


def summary(told: ToldEvent) -> str:
    """What is to be said beside the kind: a candidate is somebody who resembles, and no more."""
    event = told.event
    if event.kind is LiveEventKind.CAMERA:
        return f"{event.state}" + (f": {event.reason}" if event.reason else "")
    said = ", ".join(map(told.called, event.candidates)) or STRANGER
    if event.kind is LiveEventKind.LEFT and event.since and event.until:
        said += f", {_stay(event.at, event.since, event.until, event.reason)}"
    if event.reason:
        said += f" ({event.reason})"
    return said + "".join(f" [{name}]" for name in event.lists)


def _view(view: LiveView) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(view)
    if view.fragment is None:
        del found["fragment"]
    return found


def _stay(at: datetime, since: datetime, until: datetime, reason: str | None) -> str:
    if reason == BROKEN_OFF:  # nobody saw for how long
        return f"last told of {(at - until).total_seconds():.0f} s before"
    return f"was there for {(until - since).total_seconds():.0f} s"


def _candidate(told: ToldEvent, candidate: LiveCandidate) -> dict[str, Any]:
    return {
        "rank": candidate.rank,
        "name": told.name_of(candidate),
        "subject_id": candidate.subject_id,
        "face_id": candidate.face_id,
        "score": candidate.score,
        "similarity": candidate.similarity,
        "false_match_rate": candidate.false_match_rate,
    }


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
