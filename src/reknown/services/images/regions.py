"""What photo programs have said of the faces in a photo: beside it, or in it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageTooLargeError, InputError
from reknown.vision.images import ImageLimits, read_image_file
from reknown.xmp.packets import embedded_packet, text_of
from reknown.xmp.reading import read_regions
from reknown.xmp.regions import Regions
from reknown.xmp.tree import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LIMITS = ImageLimits(max_bytes=MAX_BYTES)
_ENDINGS = (".xmp", ".XMP")


def sidecar_beside(photo: Path, folder: Path | None = None) -> Path:
    """Where a photo's own sidecar is: `photo.jpg.xmp`, beside it or in that folder."""
    return (photo.parent if folder is None else folder) / f"{photo.name}.xmp"


def read_sidecar(path: Path) -> bytes | None:
    """What is in it; None where there is none.

    Raises `InputError` for what is no readable file, or larger than XMP can be.
    """
    if not path.exists():
        return None
    try:
        return read_image_file(path, _LIMITS)
    except ImageTooLargeError as error:
        raise InputError(f"cannot read {path}: {error}") from error


def regions_of_photo(photo: Path, data: bytes) -> Regions:
    """The faces framed in a photo whose file is `data`: of the first place that has any.

    These are `photo.jpg.xmp`, `photo.xmp`, and the photo itself, in which damaged XMP is none.
    Raises `InputError` for a sidecar that cannot be read, or is no XMP.
    """
    for place in _sidecars(photo):
        file = read_sidecar(place)
        found = Regions() if file is None else _read(place, file)
        if found.regions:
            return found
    packet = embedded_packet(data)
    if packet is not None:
        with suppress(InputError):
            return read_regions(packet)
    return Regions()


def _sidecars(photo: Path) -> Iterator[Path]:
    for name in dict.fromkeys((photo.name, photo.stem)):
        for ending in _ENDINGS:
            yield photo.with_name(name + ending)


def _read(place: Path, file: bytes) -> Regions:
    try:
        return read_regions(text_of(file).data)
    except InputError as error:
        raise InputError(f"cannot read {place}: {error}") from error
