"""A look at how an MP4 or MOV is built, before FFmpeg sees it.

A file of a kilobyte can ask a demuxer for gigabytes and minutes: tables that say they have a
billion entries, thousands of edits of the same second, a million boxes. Here only the heads of
boxes and the numbers of entries are read, never a table, so that refusing costs next to nothing.
What is merely broken is left for the decoder to say.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from reknown.video.bounds import require_at_most, require_room

if TYPE_CHECKING:
    from collections.abc import Iterator

# Boxes that hold boxes, as FFmpeg's demuxer takes them apart wherever they are.
_CONTAINERS = frozenset(
    b"moov trak mdia minf stbl dinf edts mvex moof traf udta ilst wave mfra sinf schi rinf".split()
)
_HIDDEN_HEADERS = (b"mvhd", b"cmov")
_PACKED_AT = 24  # cmov: a box of 12 that names the method, the next one's head, the size unpacked


@dataclass(frozen=True, slots=True)
class BoxBounds:
    """What the boxes of one file may be, each far above what cameras and editors write.

    `boxes` are those outside of fragments, of which each may have `boxes_a_fragment` more; `depth`
    is how many lie within each other, `entries` how many names or references a list may have,
    `samples` how many all tracks have together, `packed` how many bytes a compressed header.
    """

    boxes: int = 20_000
    boxes_a_fragment: int = 50
    depth: int = 12
    tracks: int = 100
    edits: int = 200
    fragments: int = 50_000
    entries: int = 200_000
    names: int = 5_000
    samples: int = 20_000_000
    packed: int = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Table:
    """A table: `before` bytes, the number of entries in `digits` bytes, `entry` bytes of each."""

    name: str
    entry: int
    before: int = 4
    digits: int = 4


# ISO/IEC 14496-12 and, for keys, QuickTime's file format. Where entries differ, the shortest.
_TABLES = {
    b"stts": _Table("durations of frames", 8),
    b"ctts": _Table("times of frames", 8),
    b"stsc": _Table("frames in chunks", 12),
    b"stco": _Table("places of chunks", 4),
    b"co64": _Table("places of chunks", 8),
    b"stss": _Table("key frames", 4),
    b"stps": _Table("partial key frames", 4),
    b"elst": _Table("edits", 12),
    b"dref": _Table("references", 12),
    b"keys": _Table("names", 8),
    b"sbgp": _Table("groups of frames", 8, before=8),
    b"tfra": _Table("places of fragments", 11, before=12),
}
# a segment index of version 0 and of version 1, which has longer times
_SEGMENTS = (_Table("segments", 12, 22, 2), _Table("segments", 12, 30, 2))
# bits of a run's flags that add a number to its head, and those that add one to each sample
_RUN_HEAD, _RUN_SAMPLE = (0x1, 0x4), (0x100, 0x200, 0x400, 0x800)


def check_boxes(file: BinaryIO, bounds: BoxBounds = BoxBounds()) -> None:
    """Looks at all boxes of a seekable file, and leaves it at its beginning.

    Raises `InvalidVideoError` for a file that asks for more work than its bytes are worth.
    """
    size = file.seek(0, os.SEEK_END)
    _Look(file, size, size, bounds, Counter()).row(0, size, 0)
    file.seek(0)


def has_index(file: BinaryIO) -> bool:
    """Whether a file tells anywhere what its frames are: a recording that broke off does not.

    Cameras write that at the end.
    """
    size = file.seek(0, os.SEEK_END)
    look = _Look(file, size, size, BoxBounds(), Counter())
    kinds = {kind for kind, *_ in look.boxes(0, size)}
    file.seek(0)
    return bool(kinds & {b"moov", b"moof"}) or b"mdat" not in kinds


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at `size` bytes of boxes, which belong to a file of `whole` bytes."""

    file: BinaryIO
    size: int
    whole: int
    bounds: BoxBounds
    counts: Counter[str]

    def row(self, start: int, end: int, depth: int) -> None:
        """Looks at the boxes in a row, and at those in them."""
        require_at_most(depth, self.bounds.depth, "levels of boxes within boxes")
        for kind, begin, stop in self.boxes(start, end):
            self._count(kind)
            self._check(kind, begin, stop, depth)
            inner = self._inside(kind, begin, stop)
            if inner is not None:
                self.row(inner, stop, depth + 1)

    def boxes(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """(kind, first byte of its content, end) of each, until one that is broken."""
        while start + 8 <= end:
            size, kind = struct.unpack(">I4s", self._read(start, 8, end))
            head = 8
            if size == 1 and start + 16 <= end:
                head, size = 16, int.from_bytes(self._read(start + 8, 8, end))
            elif size == 0:
                size = end - start
            if size < head:
                return
            yield kind, start + head, min(start + size, end)
            start += size

    def _read(self, place: int, size: int, end: int) -> bytes:
        """As many bytes, zeros behind the end."""
        self.file.seek(place)
        return self.file.read(max(0, min(size, end - place))).ljust(size, b"\0")

    def _number(self, place: int, end: int, size: int = 4) -> int:
        return int.from_bytes(self._read(place, size, end))

    def _inside(self, kind: bytes, begin: int, stop: int) -> int | None:
        """Where the boxes begin that it holds, if it does."""
        if kind in _CONTAINERS:
            return begin
        if kind == b"meta":  # QuickTime's has no version
            return begin if self._read(begin + 4, 4, stop) == b"hdlr" else begin + 4
        # FFmpeg looks for the header in what is marked as free, too
        hidden = kind in {b"free", b"hoov"} and self._read(begin + 4, 4, stop) in _HIDDEN_HEADERS
        return begin if hidden else None

    def _count(self, kind: bytes) -> None:
        bounds, counts = self.bounds, self.counts
        counts["boxes"] += 1
        if kind == b"trak":
            counts["tracks"] += 1
            require_at_most(counts["tracks"], bounds.tracks, "tracks")
        elif kind == b"moof":
            counts["fragments"] += 1
            require_at_most(counts["fragments"], bounds.fragments, "fragments")
        most = bounds.boxes + bounds.boxes_a_fragment * counts["fragments"]
        require_at_most(counts["boxes"], most, "boxes")

    def _check(self, kind: bytes, begin: int, stop: int, depth: int) -> None:
        if kind in _TABLES:
            self._check_table(_TABLES[kind], begin, stop)
        elif kind == b"sidx":
            self._check_table(_SEGMENTS[self._number(begin, stop, 1) > 0], begin, stop)
        elif kind == b"stsz":
            self._check_sizes(begin, stop)
        elif kind == b"stz2":
            bits = max(1, self._number(begin + 7, stop, 1))
            self._check_samples(self._number(begin + 8, stop), bits, stop - begin - 12)
        elif kind == b"trun":
            self._check_run(begin, stop)
        elif kind == b"cmov":
            self._check_packed(begin, stop, depth)

    def _check_table(self, table: _Table, begin: int, stop: int) -> None:
        count = self._number(begin + table.before, stop, table.digits)
        room = stop - begin - table.before - table.digits
        if table.name == "edits":
            require_at_most(count, self.bounds.edits, "entries in its edit list")
        require_room(count, room // table.entry, table.name)
        self.counts[table.name] += count
        if table.name in {"segments", "places of fragments", "references"}:
            require_at_most(self.counts[table.name], self.bounds.entries, table.name)
        elif table.name == "names":
            require_at_most(self.counts[table.name], self.bounds.names, table.name)

    def _check_sizes(self, begin: int, stop: int) -> None:
        size, count = self._number(begin + 4, stop), self._number(begin + 8, stop)
        if size:  # of each, and no table: sound without compression has a billion of them
            require_room(count, self.whole // size, "frames of one size")
        else:
            self._check_samples(count, 32, stop - begin - 12)

    def _check_samples(self, count: int, bits: int, room: int) -> None:
        """Samples of which each takes so many bits of a table, and a byte of the file at least."""
        if bits:
            require_room(count, room * 8 // bits, "sizes of frames")
        self.counts["samples"] += count
        require_room(self.counts["samples"], self.whole, "frames")
        require_at_most(self.counts["samples"], self.bounds.samples, "frames of sound and image")

    def _check_run(self, begin: int, stop: int) -> None:
        flags, count = self._number(begin, stop), self._number(begin + 4, stop)
        head, each = (
            4 * sum(bool(flags & bit) for bit in bits) for bits in (_RUN_HEAD, _RUN_SAMPLE)
        )
        self._check_samples(count, 8 * each, stop - begin - 8 - head)

    def _check_packed(self, begin: int, stop: int, depth: int) -> None:
        """A compressed header: looked at as any other, as far as it is not a bomb itself."""
        most = self.bounds.packed
        require_at_most(stop - begin, most, "bytes in its compressed header")
        require_at_most(
            self._number(begin + _PACKED_AT - 4, stop), most, "bytes in its compressed header"
        )
        packed = self._read(begin + _PACKED_AT, stop - begin - _PACKED_AT, stop)
        try:
            header = zlib.decompressobj().decompress(packed, most + 1)
        except zlib.error:
            return
        require_at_most(len(header), most, "bytes in its compressed header")
        inner = _Look(io.BytesIO(header), len(header), self.whole, self.bounds, self.counts)
        inner.row(0, len(header), depth + 1)
