"""Files of an odd shape: too many boxes, too deep, too long, or packed."""

from __future__ import annotations

import zlib

from hostile_videos.boxes import FULL, box, changed, children, number, plain
from hostile_videos.tables import edits


def tracks(count: int) -> bytes:
    """The same track again and again."""
    return changed(
        plain(),
        (b"moov",),
        lambda moov: box(
            b"moov",
            *(box(k, b) * (count if k == b"trak" else 1) for k, b in children(moov)),
        ),
    )


def nested(count: int) -> bytes:
    """Boxes in boxes in boxes."""
    return _nested(count, b"udta", b"")


def nested_meta(count: int) -> bytes:
    """Those that begin with a version, too."""
    return _nested(count, b"meta", FULL)


def _nested(count: int, kind: bytes, head: bytes) -> bytes:
    step = 8 + len(head)
    inner = b"".join(number(step * (count - at)) + kind + head for at in range(count))
    return changed(plain(), (b"moov",), lambda moov: box(b"moov", inner, moov))


def longer(count: int) -> bytes:
    """A box longer than any disk, between others."""
    wrong = number(1) + b"trak" + number(count, 8) + bytes(64)
    return changed(plain(), (b"moov",), lambda moov: box(b"moov", moov, wrong))


def names(count: int) -> bytes:
    """A title for everybody, all different: each is compared with all before."""
    entries = b"".join(
        box(b"%04d" % (at % 10_000), box(b"data", number(1), bytes(4), b"x")) for at in range(count)
    )
    keys = b"".join(box(b"mdta", b"%08d" % at) for at in range(count))
    values = b"".join(
        box(number(at + 1), box(b"data", number(1), bytes(4), b"x")) for at in range(count)
    )
    handler = box(b"hdlr", bytes(8), b"mdta", bytes(13))
    meta = box(b"meta", handler, box(b"keys", FULL, number(count), keys), box(b"ilst", values))
    return changed(
        plain(),
        (b"moov",),
        lambda moov: box(
            b"moov", moov, meta, box(b"udta", box(b"meta", FULL, box(b"ilst", entries)))
        ),
    )


def empty_boxes(count: int) -> bytes:
    """Boxes of nothing, before what counts."""
    return changed(plain(), (b"moov",), lambda moov: box(b"moov", box(b"free") * count, moov))


def packed_header(count: int) -> bytes:
    """A compressed header that grows a thousand times."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(count >> 20)) + packer.flush()
    return _packed(plain(), count, packed)


def packed_edits(count: int) -> bytes:
    """The edit list of above, hidden in a compressed header."""
    data = edits(count)
    moov = b"".join(box(k, b) for k, b in children(data) if k == b"moov")
    return _packed(data, len(moov), zlib.compress(moov))


def _packed(data: bytes, size: int, packed: bytes) -> bytes:
    header = box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", number(size), packed))
    return changed(data, (b"moov",), lambda _: box(b"moov", header))
