"""JPEGs whose metadata is the trouble: EXIF, colour profiles, images in images."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

from hostile import jpeg
from hostile.file import Fate, three

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hostile.file import HostileFile

_SIDE = 400
_APP1, _APP2, _APP13 = 0xE1, 0xE2, 0xED
_MOST = 65_533  # bytes in a segment
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_THUMBNAIL, _THUMBNAIL_LENGTH, _EXIF_DIRECTORY, _MAKER_NOTE = 0x0201, 0x0202, 0x8769, 0x927C
_ICC, _XMP_MORE = b"ICC_PROFILE\0", b"http://ns.adobe.com/xmp/extension/\0"

# tag, type, count, and the value or where it is
Entry: TypeAlias = tuple[int, int, int, int]


def files() -> Iterator[HostileFile]:
    """All of them."""
    either, decoded, refused = Fate.EITHER, Fate.DECODED, Fate.REFUSED
    exif = "jpeg-exif"
    yield from three(f"{exif}-entries", _many_entries, (1500, 10_000, 65_535), refused)
    yield from three(f"{exif}-circle", _circle, (1, 100, 1000), either)
    yield from three(f"{exif}-huge-counts", _huge_counts, (10, 100, 900), either)
    yield from three(f"{exif}-offsets-outside", _offsets_outside, (10, 100, 900), either)
    yield from three(f"{exif}-nested-thumbnails", _nested, (1, 3, 10), decoded)
    yield from three(f"{exif}-directory-in-itself", _directory_in_itself, (1, 10, 100), either)
    yield from three(f"{exif}-maker-note", _maker_note, (100, 10_000, 60_000), either)
    yield from three(f"{exif}-cut-off", lambda end: _with(tiff([])[:end]), (3, 6, 9), either)
    yield from three("jpeg-profile-in-pieces", _profile, (100, 10_000, 40_000), either)
    yield from three("jpeg-xmp-in-pieces", _xmp, (10, 100, 200), either)
    yield from three("jpeg-photoshop-blocks", _photoshop, (1, 20, 200), either)
    yield from three("jpeg-many-images", _many_images, (10, 1000, 4000), either)
    yield from three("jpeg-many-images-outside", _images_outside, (10, 1000, 4000), either)


def _with(*exif: bytes) -> bytes:
    """An image with EXIF, in as many segments as it is given."""
    segments = (jpeg.segment(_APP1, b"Exif\0\0" + part) for part in exif)
    return jpeg.sequential(_SIDE, _SIDE, before=b"".join(segments))


def tiff(
    entries: Sequence[Entry], after: int = 0, more: bytes = b"", count: int | None = None
) -> bytes:
    """A directory of entries, and where the next one is."""
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return head + body + struct.pack("<I", after) + more


def many_entries(count: int) -> bytes:
    """A directory full of numbers."""
    return tiff([(1 + number % 60_000, _SHORT, 1, 1) for number in range(count)])


def _many_entries(count: int) -> bytes:
    """Readers put the segments of EXIF together, though one is all that the standard knows."""
    whole = many_entries(count)
    room = _MOST - 6
    return _with(*(whole[place : place + room] for place in range(0, len(whole), room)))


def _circle(directories: int) -> bytes:
    """Directories one after the other, and the first again."""
    size = 2 + 4
    place = [8 + number * size for number in range(directories)]
    rest = (struct.pack("<HI", 0, after) for after in [*place[1:], place[0]])
    return _with(struct.pack("<2sHI", b"II", 42, 8) + b"".join(rest))


def _huge_counts(count: int) -> bytes:
    return _with(tiff([(0x100 + n, _LONG, 2**32 - 1, 8) for n in range(count)]))


def _offsets_outside(count: int) -> bytes:
    return _with(tiff([(0x100 + n, _UNDEFINED, 60_000, 2**32 - 1 - n) for n in range(count)]))


def _nested(depth: int) -> bytes:
    image = jpeg.sequential(80, 80)
    for _ in range(depth):
        place = 8 + 2 + 2 * 12 + 4
        entries = [
            (_THUMBNAIL, _LONG, 1, place),
            (_THUMBNAIL_LENGTH, _LONG, 1, len(image)),
        ]
        exif = jpeg.segment(_APP1, b"Exif\0\0" + tiff(entries, more=image))
        image = jpeg.sequential(100, 100, before=exif)
    return image


def _directory_in_itself(count: int) -> bytes:
    return _with(tiff([(_EXIF_DIRECTORY, _LONG, 1, 8)] * count, after=8))


def _maker_note(size: int) -> bytes:
    place = 8 + 2 + 12 + 4
    return _with(tiff([(_MAKER_NOTE, _UNDEFINED, size, place)], more=bytes(size)))


def _pieces(marker: int, make: Callable[[int], bytes], count: int) -> bytes:
    segments = (jpeg.segment(marker, make(number)) for number in range(1, count + 1))
    return jpeg.sequential(_SIDE, _SIDE, before=b"".join(segments))


def _profile(size: int) -> bytes:
    """In 255 pieces, the last one first."""
    return _pieces(_APP2, lambda n: _ICC + bytes([256 - n, 255]) + bytes(size), 255)


def _xmp(count: int) -> bytes:
    return _pieces(_APP1, lambda _: _XMP_MORE + b"0" * 32 + bytes(60_000), count)


def _photoshop(segments: int) -> bytes:
    """5,000 empty resources in each segment."""
    block = b"8BIM" + struct.pack(">HHI", 0x03ED, 0, 0)
    return _pieces(_APP13, lambda _: b"Photoshop 3.0\0" + block * 5000, segments)


def _many_images(count: int, far: int = 0) -> bytes:
    """An MPO that says that it has so many images, which all are the first."""
    entries = [
        (0xB000, _UNDEFINED, 4, int.from_bytes(b"0100", "little")),
        (0xB001, _LONG, 1, count),
        (0xB002, _UNDEFINED, 16 * count, 8 + 2 + 3 * 12 + 4),
    ]
    images = struct.pack("<IIIHH", 0x030000, 1000, far, 0, 0) * count
    index = b"MPF\0" + tiff(entries, more=images)
    return jpeg.sequential(_SIDE, _SIDE, before=jpeg.segment(_APP2, index))


def _images_outside(count: int) -> bytes:
    return _many_images(count, 2**32 - 1)
