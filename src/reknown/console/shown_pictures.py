"""A picture that somebody brought, within the page: nothing of it stays on the server."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from reknown.console.visit import Visit

_SIDE = 1200


def data_address(visit: Visit, data: bytes) -> str:
    """Upright and not larger than screens show; raises `ImageError`."""
    picture = Image.fromarray(visit.platform.executor.decode(data).pixels)
    picture.thumbnail((_SIDE, _SIDE))
    written = BytesIO()
    picture.save(written, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{b64encode(written.getvalue()).decode()}"
