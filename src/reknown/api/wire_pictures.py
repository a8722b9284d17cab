"""The picture of a request: bytes in it, or an object of a store that the operator chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.vision.images import ImageLimits

if TYPE_CHECKING:
    from reknown.api import shapes
    from reknown.api.call import Call
    from reknown.vision.images import DecodedImage


def read_picture(call: Call, image: shapes.Image, name: str = "Image") -> DecodedImage:
    """Fetches and decodes; `name` is the member's in the request.

    Raises `InputError` unless it is given in exactly one way, `ImageError`, `ObjectError`.
    """
    if (image.bytes is None) == (image.s3_object is None):
        raise InputError(f"{name} needs either Bytes or S3Object, and not both")
    if image.bytes is not None:
        return call.decode(image.bytes)
    return call.decode(_fetch(call, image, name))


def picture_name(image: shapes.Image) -> str:
    """What the picture is called in its store, empty for bytes."""
    return (image.s3_object and image.s3_object.name) or ""


def _fetch(call: Call, image: shapes.Image, name: str) -> bytes:
    place = image.s3_object
    if place is None or place.bucket is None or place.name is None:
        raise InputError(f"{name}.S3Object needs Bucket and Name")
    return call.objects.read(place.bucket, place.name, place.version, ImageLimits().max_bytes)
