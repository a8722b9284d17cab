"""Fragments that announce more than they have."""

from __future__ import annotations

import io
from functools import cache

import av

from hostile_videos.boxes import FULL, TICKS, box, children, number, plain


@cache
def fragmented() -> bytes:
    """The clip as a fragmented MP4, as browsers record and players are served."""
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(plain()), "r") as source,
        av.open(
            buffer,
            "w",
            format="mp4",
            options={"movflags": "frag_keyframe+empty_moov+default_base_moof"},
        ) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return buffer.getvalue()


def _head() -> bytes:
    return b"".join(box(k, b) for k, b in children(fragmented()) if k in {b"ftyp", b"moov"})


def _fragment(*runs_: bytes, track: int = 1) -> bytes:
    # base is moof; default duration 1, size 1, flags 0
    head = box(b"tfhd", number(0x020038), number(track), number(1), number(1), number(0))
    return box(b"moof", box(b"mfhd", FULL, number(1)), box(b"traf", head, *runs_))


def run(count: int) -> bytes:
    """One run of samples that all are as the fragment says: no byte for each."""
    return _head() + _fragment(box(b"trun", FULL, number(count))) + box(b"mdat", bytes(64))


def runs(count: int) -> bytes:
    """Many fragments with many samples each, of no bytes."""
    one = _fragment(box(b"trun", FULL, number(20_000)))
    return _head() + one * count + box(b"mdat", bytes(64))


def fragments(count: int) -> bytes:
    """So many fragments of one sample."""
    return _head() + (_fragment(box(b"trun", FULL, number(1))) + box(b"mdat", b"\0")) * count


def segments_backwards(count: int) -> bytes:
    """Indexes of segments, each of which begins before the one before."""
    made = [_head()]
    entries = 65_535
    for index in range(count):
        earliest = (count - index) * entries
        head = FULL + number(1) + number(TICKS) + number(earliest) + number(0)
        made.append(
            box(
                b"sidx",
                head,
                bytes(2),
                number(entries, 2),
                (number(1) + number(1) + bytes(4)) * entries,
            )
        )
    return b"".join(made) + fragmented()[len(_head()) :]


def tracks_and_fragments(count: int) -> bytes:
    """Tracks times fragments: each pair takes memory."""
    body = children(plain())
    moov = b"".join(b for k, b in body if k == b"moov")
    trak = b"".join(box(k, b) for k, b in children(moov) if k == b"trak")
    rest = b"".join(box(k, b) for k, b in children(moov) if k != b"trak")
    head = box(b"ftyp", b"isom", bytes(4)) + box(b"moov", rest, trak * count)
    return head + (_fragment(box(b"trun", FULL, number(1))) + box(b"mdat", b"\0")) * 20 * count
