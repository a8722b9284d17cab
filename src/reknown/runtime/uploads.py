"""The folder for what people upload; apart from other stores, which take long to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.objects.uploads import Uploads

if TYPE_CHECKING:
    from reknown.configuration import Objects

_MEBIBYTE = 2**20


def open_uploads(settings: Objects) -> Uploads | None:
    """The folder for what people upload, where one is set."""
    if settings.uploads is None:
        return None
    limit, reserve = settings.upload_limit * _MEBIBYTE, settings.upload_reserve * _MEBIBYTE
    return Uploads(settings.uploads, limit, reserve)
