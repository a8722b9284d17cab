"""Which faces does a picture show?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import events

if TYPE_CHECKING:
    from reknown.biometrics.faces import DetectedFace
    from reknown.ledger.actor import Actor
    from reknown.services.platform import Platform
    from reknown.vision.images import DecodedImage


def detect(
    platform: Platform, image: DecodedImage, limit: int, actor: Actor
) -> tuple[DetectedFace, ...]:
    """The `limit` largest faces, largest first."""
    faces = platform.engines.default.detect(image)[:limit]
    detail = {"image": image.sha256, "found": len(faces)}
    events.record(platform.database, actor, "detect", None, detail)
    return faces
