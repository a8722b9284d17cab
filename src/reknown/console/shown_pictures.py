"""A picture that somebody brought, within the page: nothing of it stays on the server."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from reknown.services.images.pixels import small_jpeg

if TYPE_CHECKING:
    from reknown.console.visit import Visit

_SIDE = 1200


def data_address(visit: Visit, data: bytes) -> str:
    """Upright and not larger than screens show; raises `ImageError`."""
    shown = small_jpeg(visit.platform.executor.decode(data).pixels, _SIDE)
    return f"data:image/jpeg;base64,{b64encode(shown).decode()}"
