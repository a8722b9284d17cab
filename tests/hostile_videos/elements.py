"""The same of Matroska (RFC 9559): elements instead of boxes."""

from __future__ import annotations

from hostile_videos.boxes import number, plain


def element(identity: bytes, *parts: bytes) -> bytes:
    """An element of RFC 8794, its length in eight bytes."""
    body = b"".join(parts)
    return identity + number(len(body) | 1 << 56, 8) + body


_SEGMENT, _INFO, _TRACKS, _CUES, _TAGS = (
    b"\x18\x53\x80\x67",
    b"\x15\x49\xa9\x66",
    b"\x16\x54\xae\x6b",
    b"\x1c\x53\xbb\x6b",
    b"\x12\x54\xc3\x67",
)


def _matroska(*extra: bytes) -> bytes:
    """The clip with elements put before everything else in it."""
    data = plain("matroska")
    place = data.index(_SEGMENT)
    size = 1
    while not data[place + 4] & 0x80 >> (size - 1):
        size += 1
    start = place + 4 + size
    return data[:place] + element(_SEGMENT, *extra, data[start:])


def matroska_tracks(count: int) -> bytes:
    """So many tracks."""

    def entry(at: int) -> bytes:
        return element(
            b"\xae",
            element(b"\xd7", number(at, 3)),
            element(b"\x83", b"\x01"),
            element(b"\x86", b"V_VP8"),
            element(b"\xe0", element(b"\xb0", number(160, 2)), element(b"\xba", number(120, 2))),
        )

    return _matroska(element(_TRACKS, *(entry(at + 1) for at in range(count))))


def matroska_cues(count: int) -> bytes:
    """An index whose every entry belongs before all others."""

    def cue(at: int) -> bytes:
        where = element(b"\xb7", element(b"\xf7", b"\x01"), element(b"\xf1", b"\x05"))
        return element(b"\xbb", element(b"\xb3", number(count - at)), where)

    return _matroska(element(_CUES, *(cue(at) for at in range(count))))


def matroska_tags(count: int) -> bytes:
    """A name for everybody."""

    def tag(at: int) -> bytes:
        return element(b"\x67\xc8", element(b"\x45\xa3", b"%06d" % at), element(b"\x44\x87", b"x"))

    tags = element(
        _TAGS, element(b"\x73\x73", element(b"\x63\xc0"), *(tag(at) for at in range(count)))
    )
    return _matroska(tags)


def matroska_nested(count: int) -> bytes:
    """Tags in tags in tags."""
    made = b"".join(b"\x67\xc8" + number(10 * (count - at - 1) | 1 << 56, 8) for at in range(count))
    return _matroska(element(_TAGS, element(b"\x73\x73", made)))
