"""Events as cameras make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.live import LiveCandidate, LiveEvent, LiveEventKind, LiveView
from reknown.biometrics.templates import TemplateSpace

SPACE = TemplateSpace(pack="tiny", fingerprint="ab" * 32, dimension=4)
NOON = datetime(2026, 11, 30, 12, 0, 0, 250_000, UTC)
ADA = LiveCandidate(1, "face-1", "subject-1", 0.91, 99.9, 1e-6)


def arrival(number: int = 1, watch: str = "door", collection: str = "people") -> LiveEvent:
    """Somebody arrives, `number` seconds after noon."""
    at = NOON + timedelta(seconds=number)
    return LiveEvent(
        watch=watch,
        collection=collection,
        kind=LiveEventKind.ARRIVED,
        at=at,
        time_ms=1000 * number,
        visit=f"visit-{number}",
        candidates=(ADA,),
        view=LiveView(BoundingBox(0.1, 0.2, 0.3, 0.4), 87, 1000 * number),
        since=at - timedelta(seconds=1),
        until=at,
        search=12,
        lists=("staff",),
    )


def loss(watch: str = "door", collection: str = "people") -> LiveEvent:
    """The camera is lost."""
    return LiveEvent(
        watch, collection, LiveEventKind.CAMERA, NOON, 0, state="lost", reason="nobody answers"
    )
