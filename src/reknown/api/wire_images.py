"""The image of a request: bytes in it, or an object of a store that the operator chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.services.images.sources import MAX_BYTES

if TYPE_CHECKING:
    from reknown.api import shapes
    from reknown.api.call import Call


def read_image(call: Call, image: shapes.Image, name: str = "Image") -> bytes:
    """The bytes, fetched if they are stored; `name` is the member's in the request.

    Raises `InputError` unless it is given in exactly one way, `ObjectError`.
    """
    if (image.bytes is None) == (image.s3_object is None):
        raise InputError(f"{name} needs either Bytes or S3Object, and not both")
    if image.bytes is not None:
        return image.bytes
    return _fetch(call, image, name)


def image_name(image: shapes.Image) -> str:
    """What the image is called in its store, empty for bytes."""
    return (image.s3_object and image.s3_object.name) or ""


def _fetch(call: Call, image: shapes.Image, name: str) -> bytes:
    place = image.s3_object
    if place is None or place.bucket is None or place.name is None:
        raise InputError(f"{name}.S3Object needs Bucket and Name")
    objects = call.context.platform.objects
    return objects.read(place.bucket, place.name, place.version, MAX_BYTES)
