"""What a watch left open that was killed: people who have not left, a camera that has not ended."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.live import LiveEvent, LiveEventKind
from reknown.services.live.following_limits import BROKEN_OFF
from reknown.storage.database import reading
from reknown.video.live.frames import CameraState
from reknown.watches import claims, events, watches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.storage.database import Connection, Database

_PATIENCE = timedelta(seconds=0.4)


def close_watch(
    connection: Connection, watch: str, collection: str, reason: str
) -> list[LiveEvent]:
    """Tells that whoever is there has left, and that the camera is not watched: once."""
    with suppress(NotFoundError):  # with the collection all of it went
        ends = [*_left(events.present(connection, watch, collection))]
        ends += _ended(connection, watch, collection, reason)
        return [replace(end, sequence=events.append(connection, end)) for end in ends]
    return []


def drop_lapsed(connection: Connection, name: str) -> list[str]:
    """Whoever was silent for too long has lost this name; the collections of what they left open.

    `close_watches` closes that, in the same transaction, but after what goes into the ledger: whose
    head all wait for first.
    """
    dropped: list[str] = []
    with suppress(NotFoundError):
        watch = watches.claim_changes(connection, name)
        if watches.abandon(connection, watch):
            dropped.append(watch.collection)
    claimed = claims.drop_lapsed(connection, name)
    return dropped if claimed is None else [*dropped, claimed]


def close_watches(connection: Connection, watch: str, collections: Iterable[str]) -> None:
    """Closes what watches of this name left open that broke off."""
    for collection in collections:
        close_watch(connection, watch, collection, BROKEN_OFF)


class Closer:
    """Closes what watches left open whose commands or workers were silent for too long.

    Once that was so for `patience` more. On SQLite nobody renews while another process writes, and
    who waits for that would lose to whoever happens to be next.
    """

    def __init__(self, database: Database, patience: timedelta = _PATIENCE) -> None:
        self._database = database
        self._patience = patience.total_seconds()
        self._silent_since: dict[str, float] = {}

    def close(self) -> int:
        """How many watches that was now."""
        with reading(self._database) as connection:
            names = {each.name for each in claims.list_lapsed(connection)}
            names |= {each.name for each in watches.list_abandoned(connection)}
        since = self._silent_since
        self._silent_since = {name: at for name, at in since.items() if name in names}
        return sum(self._close(name) for name in sorted(names))

    def _close(self, name: str) -> int:
        with self._database.begin() as connection:
            # seen with the right to write: others have it from now until it is asked for again
            now = time.monotonic()
            if now - self._silent_since.setdefault(name, now) < self._patience:
                return 0
            dropped = drop_lapsed(connection, name)
            close_watches(connection, name, dropped)
        return len(dropped)


def _ended(connection: Connection, watch: str, collection: str, reason: str) -> Iterator[LiveEvent]:
    ended = CameraState.ENDED.value
    if events.camera_state(connection, watch, collection) not in {None, ended}:
        at, kind = datetime.now(UTC), LiveEventKind.CAMERA
        yield LiveEvent(watch, collection, kind, at, 0, state=ended, reason=reason)


def _left(there: Iterable[LiveEvent]) -> Iterator[LiveEvent]:
    """An end of each of these visits, which nobody saw: as of when it was told last."""
    now = datetime.now(UTC)
    for event in there:
        yield replace(event, kind=LiveEventKind.LEFT, at=now, lists=(), reason=BROKEN_OFF)
