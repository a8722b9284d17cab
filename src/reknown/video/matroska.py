"""A look at how an MKV or WebM is built, before FFmpeg sees it: how many tracks, names and marks.

Names are compared with all names before, and places in the index put in order one by one, so that
thousands of them cost minutes. Only heads of elements are read (RFC 8794, RFC 9559).
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from reknown.video.bounds import require_at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLUSTER = b"\x1f\x43\xb6\x75"
# Elements that hold what is counted: segment, tracks, index, names, chapters, attachments.
_MASTERS = frozenset(
    bytes.fromhex(word)
    for word in [
        "18538067",
        "1654ae6b",
        "1c53bb6b",
        "1254c367",
        "7373",
        "67c8",
        "1043a770",
        "45b9",
        "b6",
        "1941a469",
    ]
)
_LONGEST_HEAD = 4 + 8


@dataclass(frozen=True, slots=True)
class ElementBounds:
    """How many elements of a kind a file may have, far above what cameras and editors write.

    `elements` counts all that are looked at, `depth` is how many lie within each other.
    """

    elements: int = 300_000
    depth: int = 12
    tracks: int = 100
    marks: int = 50_000
    names: int = 5_000
    chapters: int = 5_000
    attachments: int = 500


def check_elements(file: BinaryIO, bounds: ElementBounds = ElementBounds()) -> None:
    """Looks at the elements of a seekable file, and leaves it at its beginning.

    Raises `InvalidVideoError` for a file that asks for more work than its bytes are worth.
    """
    _Look(file, bounds).row(0, file.seek(0, os.SEEK_END), 0)
    file.seek(0)


class _Look:
    """A look at a file."""

    def __init__(self, file: BinaryIO, bounds: ElementBounds) -> None:
        self._file = file
        self._bounds = bounds
        self._counts: Counter[bytes] = Counter()
        self._all = 0
        self._most = {
            b"\xae": ("tracks", bounds.tracks),
            b"\xbb": ("places in its index", bounds.marks),
            b"\x67\xc8": ("names", bounds.names),
            b"\xb6": ("chapters", bounds.chapters),
            b"\x61\xa7": ("attachments", bounds.attachments),
        }

    def row(self, start: int, end: int, depth: int) -> None:
        """Looks at the elements in a row, and at those in them."""
        require_at_most(depth, self._bounds.depth, "levels of elements within elements")
        for kind, begin, stop in self._elements(start, end):
            self._count(kind)
            if kind in _MASTERS:
                self.row(begin, stop, depth + 1)

    def _count(self, kind: bytes) -> None:
        self._all += 1
        require_at_most(self._all, self._bounds.elements, "elements")
        self._counts[kind] += 1
        if kind in self._most:
            what, most = self._most[kind]
            require_at_most(self._counts[kind], most, what)

    def _elements(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """(kind, first byte of its content, end) of each.

        A live recording has clusters of no stated length: what follows is not looked at.
        """
        while start < end:
            self._file.seek(start)
            head = self._file.read(_LONGEST_HEAD)
            wide = _width(head[:1])
            size = head[wide:]
            digits = _width(size[:1])
            if not 1 <= wide <= 4 or not 1 <= digits <= 8 or len(size) < digits:
                return
            unknown = (1 << 7 * digits) - 1
            length = int.from_bytes(size[:digits]) & unknown
            kind, begin = head[:wide], start + wide + digits
            if length == unknown and kind == _CLUSTER:
                return
            start = end if length == unknown else min(begin + length, end)
            yield kind, begin, start


def _width(first: bytes) -> int:
    """How many bytes the number has that begins so; 0 for none, 9 for one that is too long."""
    return 9 - first[0].bit_length() if first else 0
