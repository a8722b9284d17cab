"""For how long people are followed before cameras in a day, as their collection's policy allows.

What counts is what the events say, of all cameras and processes: it outlives restarts. A day is one
of UTC.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.live import LiveEventKind
from reknown.gallery.policies import policy_of
from reknown.ledger import log
from reknown.ledger.records import StopFollowingRecord
from reknown.services.live.visits import subject_of
from reknown.services.policies.permits import permit_live
from reknown.storage.database import reading
from reknown.watches import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.biometrics.live import LiveCandidate, LiveEvent
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Connection, Database

BROKEN_OFF = "the watch broke off"
"""Why somebody has left whose end nobody saw: counted as long as nobody watched, too."""
_AT_ONCE = 1000


class FollowingLimits:
    """Knows how long each person was before the cameras of a collection today."""

    def __init__(self, watch: str, collection: str) -> None:
        self._watch = watch
        self._collection = collection
        self._day: datetime | None = None
        self._after = 0
        self._spent: dict[str, timedelta] = defaultdict(timedelta)
        self._over: set[str] = set()

    def prepare(self, database: Database, moment: datetime) -> None:
        """Reads what `enforce` goes by where that may be a day's events: it holds up writers."""
        with reading(database) as connection:
            if policy_of(connection, self._collection).live_minutes is not None:
                self._refresh(connection, moment)

    def enforce(
        self,
        connection: Connection,
        actor: Actor,
        moment: datetime,
        people: Mapping[LiveCandidate, datetime],
    ) -> set[str]:
        """Who is not to be followed today any more; `people` are there since then.

        Whoever is not from now on is recorded in this transaction. Raises `PolicyError` where no
        camera may be watched, and `NotFoundError`.
        """
        minutes = permit_live(connection, self._collection)
        if minutes is None:
            return set()
        self._refresh(connection, moment)
        for candidate, since in people.items():
            subject = subject_of((candidate,))
            if subject is None or subject in self._over:
                continue
            spent = self._spent[subject] + max(moment - self._today(since), timedelta())
            if spent >= timedelta(minutes=minutes):
                self._over.add(subject)
                record = StopFollowingRecord(
                    self._watch,
                    candidate.face_id,
                    candidate.subject_id,
                    int(spent.total_seconds() // 60),
                )
                log.append(connection, actor, self._collection, record)
        return self._over

    def _refresh(self, connection: Connection, moment: datetime) -> None:
        """Reads what was told since it was asked last; a new day begins with nothing."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if day != self._day:
            self._day, self._after = day, events.sequence_before(connection, day)
            self._spent.clear()
            self._over.clear()
        while found := events.read(connection, self._after, _AT_ONCE, collection=self._collection):
            self._after = found[-1].sequence
            for event in found:
                self._count(event)

    def _count(self, event: LiveEvent) -> None:
        subject = subject_of(event.candidates)
        if event.kind is LiveEventKind.LEFT and subject and event.since and event.until:
            until = event.at if event.reason == BROKEN_OFF else event.until
            self._spent[subject] += max(until - self._today(event.since), timedelta())

    def _today(self, moment: datetime) -> datetime:
        return moment if self._day is None else max(moment, self._day)
