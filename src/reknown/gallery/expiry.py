"""What has expired is never listed, found or counted, even before it is purged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_

from reknown.gallery.schema import sightings
from reknown.storage.clock import now_text
from reknown.storage.unindexed import unindexed

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def alive() -> ColumnElement[bool]:
    """Sightings that have not expired."""
    expiry = unindexed(sightings.c.expires_at)
    return or_(expiry.is_(None), expiry > now_text())
