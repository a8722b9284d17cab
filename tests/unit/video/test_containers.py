from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

import hostile_videos
import videos
from hostile_videos import boxes, camcorders, elements, fragments, frames, shapes, tables
from reknown.biometrics.errors import InvalidVideoError
from reknown.video.containers import REQUESTED, examine

if TYPE_CHECKING:
    from collections.abc import Callable

# what is odd and no more: the decoder bears it, within limits
_ODD = {
    "longer-than-anything",
    "no-timescale",
    "one-tick-a-second",
    "longest-duration",
    "negative-duration",
    "hours-between-frames",
    "sizes-change",
    "tiny-frames",
    "vp9-of-64k",
    "vp9-of-16k",
}
_BOMBS = [kind for kind in hostile_videos.kinds() if kind.name not in _ODD]


class CountedReads(io.BytesIO):
    """Counts the bytes that are read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize("kind", _BOMBS, ids=lambda kind: kind.name)
def test_what_asks_for_more_than_it_is_worth_is_refused(kind: hostile_videos.Hostile) -> None:
    with pytest.raises(InvalidVideoError, match=r"convert it to .* ffmpeg -i in\.mp4 out\.mp4"):
        examine(io.BytesIO(kind.bytes()))


@pytest.mark.parametrize(
    ("make", "count", "reason"),
    [
        (tables.edits, 5000, "5,000 entries in its edit list, 200 are allowed"),
        (tables.declared(b"stts"), 2**31, r"2,147,483,648 durations of frames .* room for 1"),
        (fragments.run, 2**26, "announces 67,108,864 frames"),
        (fragments.fragments, 50_001, "fragments"),
        (shapes.tracks, 101, "101 tracks, 100 are allowed"),
        (shapes.nested, 40, "levels of boxes"),
        (shapes.names, 5001, "5,001 names"),
        (shapes.packed_edits, 201, "201 entries in its edit list"),
        (elements.matroska_tracks, 101, "101 tracks"),
        (elements.matroska_tags, 5001, "5,001 names"),
        (elements.matroska_nested, 40, "levels of elements"),
        (camcorders.avi_streams, 101, "101 streams, 100 are allowed"),
        (camcorders.avi_nested, 40, "levels of lists"),
        (camcorders.avi_places, 1000, "announces 1,000 places in its index"),
        (camcorders.asf_objects, 5001, "objects in its header"),
        (camcorders.asf_streams, 101, "101 streams"),
        (camcorders.transport_streams, 101, "101 streams"),
    ],
)
def test_the_reason_is_named(make: Callable[[int], bytes], count: int, reason: str) -> None:
    with pytest.raises(InvalidVideoError, match=reason):
        examine(io.BytesIO(make(count)))


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (boxes.plain(), "mov"),
        (boxes.plain("mov"), "mov"),
        (boxes.plain("matroska"), "matroska"),
        (boxes.plain("webm", "libvpx-vp9"), "matroska"),
        (fragments.fragmented(), "mov"),
        (tables.edits(3), "mov"),
        (tables.edits(200), "mov"),
        (shapes.tracks(20), "mov"),
        (shapes.packed_edits(2), "mov"),
        (shapes.names(500), "mov"),
        (elements.matroska_tags(500), "matroska"),
        (elements.matroska_cues(500), "matroska"),
        (frames.hours_between(5), "mov"),
        (boxes.plain("avi", "mpeg4"), "avi"),
        (boxes.plain("mpeg", "mpeg2video"), "mpeg"),
        (boxes.plain("mpegts"), "mpegts"),
        (boxes.plain("asf", "wmv2"), "asf"),
        (boxes.plain("flv", "flv"), "flv"),
        (camcorders.avi_streams(50), "avi"),
        (camcorders.avi_chunks(1000), "avi"),
        (camcorders.asf_objects(1000), "asf"),
        (camcorders.asf_streams(50), "asf"),
        (camcorders.transport_streams(50), "mpegts"),
        (camcorders.flash_script(10_000), "flv"),
        (camcorders.gif_blocks(1000), "gif"),
        (boxes.plain()[:3000], "mov"),
        (boxes.plain("matroska")[:3000], "matroska"),
    ],
)
def test_what_cameras_and_editors_write_is_let_through(data: bytes, form: str) -> None:
    file = io.BytesIO(data)
    assert examine(file) == form
    assert file.tell() == 0


def test_a_live_recording_has_clusters_without_a_length() -> None:
    data = bytearray(boxes.plain("matroska"))
    cluster = data.index(b"\x1f\x43\xb6\x75") + 4
    digits = 9 - data[cluster].bit_length()
    data[cluster : cluster + digits] = ((1 << 7 * digits + 1) - 1).to_bytes(digits, "big")
    assert examine(io.BytesIO(bytes(data))) == "matroska"


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_tables_and_frames_are_not_read(container: str) -> None:
    counts = []
    for seconds in (1, 8):
        times = videos.steady(0, seconds * 1000)
        data = videos.rendered(videos.scene(times, [], (160, 120)), container=container)
        file = CountedReads(data)
        examine(file)
        counts.append(file.taken)
    assert counts[1] < 2 * counts[0]


def test_whatever_is_broken_it_is_let_through_or_refused() -> None:
    for data in (boxes.plain(), fragments.fragmented(), boxes.plain("matroska")):
        for place in range(12, len(data), 7):
            broken = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
            try:
                examine(io.BytesIO(broken))
            except InvalidVideoError:
                continue


def test_requests_have_what_amazon_takes_and_the_others_are_named() -> None:
    assert examine(io.BytesIO(boxes.plain()), REQUESTED) == "mov"
    assert examine(io.BytesIO(boxes.plain("avi", "mpeg4")), REQUESTED) == "avi"
    assert examine(io.BytesIO(boxes.plain("webm", "libvpx-vp9")), REQUESTED) == "matroska"
    for container, codec, name in (("mpegts", "libx264", "TS or MTS"), ("asf", "wmv2", "WMV")):
        with pytest.raises(
            InvalidVideoError, match=f"this is {name}: give MP4, MOV, MKV, WebM or AVI"
        ):
            examine(io.BytesIO(boxes.plain(container, codec)), REQUESTED)
    with pytest.raises(InvalidVideoError, match="format: give MP4, MOV, MKV, WebM or AVI"):
        examine(io.BytesIO(b"hello, world"), REQUESTED)
