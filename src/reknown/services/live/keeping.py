"""A stranger who was before a camera, kept for a while as a template, to be found later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.gallery.sightings import keep_sightings
from reknown.ledger import log
from reknown.ledger.records import KeepSightingsRecord
from reknown.services.archive.sightings import Keeping

if TYPE_CHECKING:
    from datetime import datetime

    from reknown.biometrics.live import LiveEvent
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Connection
    from reknown.video.live.following import TrackView

_MILLISECOND = timedelta(milliseconds=1)


def keep_stranger(
    connection: Connection, actor: Actor, left: LiveEvent, view: TrackView, days: int
) -> None:
    """Keeps the best view of a visit that is over; its medium are the pixels, kept nowhere.

    Raises `SpaceMismatchError` where the collection was switched since, and `InputError`.
    """
    assert left.since is not None
    assert left.until is not None
    expires_at = Keeping(left.watch, days).expires_at
    name = f"{left.watch} {left.since:%Y-%m-%d %H:%M:%S}Z"
    medium = Medium(view.sha256, MediumKind.VIDEO, name)
    sighting = Sighting(
        sighting_id=str(uuid4()),
        medium=medium,
        start_ms=0,
        end_ms=_milliseconds(left.since, left.until),
        best_ms=_milliseconds(left.since, view.best.at),
        box=view.face.box,
        confidence=view.face.confidence,
        quality=view.face.quality.unified_score.score,
        fit=True,
        shots=view.views,
        template=view.template,
    )
    _, replaced = keep_sightings(
        connection, left.collection, medium, [sighting], view.space, expires_at
    )
    record = KeepSightingsRecord((view.sha256,), (sighting.sighting_id,), replaced, expires_at)
    log.append(connection, actor, left.collection, record)


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, (end - start) // _MILLISECOND)
