from __future__ import annotations

import http.server
import io
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

import videos
from broadcasts import film
from hostile_videos import tables
from hostile_videos.frames import sizes_change, vp9
from reknown.biometrics.errors import InvalidVideoError, VideoTooLargeError
from reknown.video.decode import VideoLimits, open_video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.tracks import VideoInfo
    from reknown.video.decode import Frame


def decoded(data: bytes, **limits: float) -> tuple[VideoInfo, list[Frame], list[str]]:
    with open_video(io.BytesIO(data), VideoLimits(**limits)) as video:  # type: ignore[arg-type]
        frames = list(video.frames())
        return video.info, frames, video.warnings


def plain(times: list[int], size: tuple[int, int] = (160, 120)) -> Iterator[tuple[object, int]]:
    """Frames whose brightness says which they are."""
    for number, time_ms in enumerate(times):
        yield np.full((size[1], size[0], 3), 40 + 5 * (number % 40), np.uint8), time_ms


def made(times: list[int], **options: object) -> bytes:
    return videos.rendered(plain(times), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [videos.steady(0, 2000), videos.uneven(0, 2000)])
def test_times_are_those_of_the_frames(times: list[int]) -> None:
    info, frames, warnings = decoded(made(times))
    assert [frame.time_ms for frame in frames] == times
    assert warnings == []
    assert info.duration_ms == pytest.approx(times[-1], abs=100)


def test_a_video_is_described() -> None:
    info, _, _ = decoded(made(videos.steady(0, 1000)))
    assert (info.codec, info.container) == ("h264", "QuickTime / MOV")
    assert (info.width, info.height, info.full_range) == (160, 120, False)
    assert info.frame_rate == pytest.approx(25, abs=1)


@pytest.mark.parametrize(
    ("stated", "created"),
    [
        ("2004-02-29T23:59:58.000000Z", "2004-02-29T23:59:58+00:00"),
        ("1970-01-01T00:00:00.000000Z", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_a_video_knows_when_it_was_recorded(
    container: str, stated: str, created: str | None
) -> None:
    metadata = {"creation_time": stated} if stated else {}
    data = made([0, 40], container=container, metadata=metadata)
    assert decoded(data)[0].created == created


@pytest.mark.parametrize("text", ["yesterday", "2004-02-29T23:59:58\n<script>", "x" * 10_000])
def test_what_is_no_moment_is_no_time_of_recording(text: str) -> None:
    with pytest.raises(ValueError, match="recorded at some time"):
        replace(decoded(made([0, 40]))[0], created=text)


def test_times_begin_at_zero_wherever_the_file_begins() -> None:
    _, frames, _ = decoded(made([5000, 5040, 5100]))
    assert [frame.time_ms for frame in frames] == [0, 40, 100]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_frames_stand_upright_between_whole_ones_that_say_so(codec: str) -> None:
    upright = np.full((320, 240, 3), 30, np.uint8)
    upright[:160] = 220
    times = videos.uneven(0, 1000)
    pieces = film(
        times,
        codec=codec,
        container="matroska",
        turns=3,
        paint=lambda *_: np.rot90(upright, -3),
    )
    _, frames, _ = decoded(b"".join(data for _, data in pieces))
    assert len(frames) == len(times)
    for frame in frames:
        assert frame.size == (240, 320)
        assert np.abs(frame.pixels().astype(int) - upright).mean() < 5


@pytest.mark.parametrize("turns", range(4))
def test_frames_stand_upright(turns: int) -> None:
    upright = np.full((120, 160, 3), 30, np.uint8)
    upright[:60, :80] = 220
    lying = np.rot90(upright, -turns)
    data = videos.rendered([(lying, 0), (lying, 40)], turns=turns)
    info, frames, _ = decoded(data)
    assert (info.width, info.height) == frames[0].size == (160, 120)
    pixels = frames[0].pixels()
    assert pixels.shape == (120, 160, 3)
    assert np.abs(pixels.astype(int) - upright).mean() < 5


def test_frames_come_in_the_size_asked_for() -> None:
    _, frames, _ = decoded(made([0, 40]))
    assert frames[0].pixels(80).shape == (60, 80, 3)
    assert frames[0].pixels(240).shape == (180, 240, 3)
    assert frames[0].pixels(5000).shape == (240, 320, 3)


@pytest.mark.parametrize(
    ("codec", "container"), [("libx264", "mov"), ("libvpx-vp9", "webm"), ("mpeg4", "mp4")]
)
def test_what_phones_and_archives_use_is_read(codec: str, container: str) -> None:
    times = videos.steady(0, 400)
    _, frames, _ = decoded(made(times, codec=codec, container=container))
    assert [frame.time_ms for frame in frames] == times


@pytest.mark.parametrize(
    ("codec", "container", "size"),
    [
        ("mpeg1video", "mpeg", (160, 120)),
        ("mpeg2video", "vob", (160, 120)),
        ("mpeg2video", "mpegts", (160, 120)),
        ("libx264", "mpegts", (160, 120)),
        ("mpeg4", "avi", (160, 120)),
        ("msmpeg4v2", "avi", (160, 120)),
        ("msmpeg4", "avi", (160, 120)),
        ("mjpeg", "avi", (160, 120)),
        ("dvvideo", "avi", (720, 576)),
        ("wmv1", "asf", (160, 120)),
        ("wmv2", "asf", (160, 120)),
        ("flv", "flv", (160, 120)),
        ("h263", "3gp", (176, 144)),
        ("gif", "gif", (160, 120)),
    ],
)
def test_what_older_cameras_made_is_read(codec: str, container: str, size: tuple[int, int]) -> None:
    pixels = {"mjpeg": "yuvj420p", "gif": "rgb8"}.get(codec, "yuv420p")
    times, shown = videos.steady(0, 1000), {720: 768, 176: 192}  # pixels that are no squares
    options: dict[str, Any] = {"codec": codec, "container": container, "pixels": pixels}
    data = videos.rendered(plain(times, size), **options)  # type: ignore[arg-type]
    info, frames, warnings = decoded(data)
    assert len(warnings) <= (container == "vob")  # whose writer gives one time twice
    assert (info.width, info.height) == (shown.get(size[0], size[0]), size[1])
    assert len(frames) >= len(times) - 2
    assert frames[-1].time_ms == pytest.approx(times[-1], abs=120)
    light = [frame.pixels().mean() for frame in frames]
    assert light[0] == pytest.approx(40, abs=6)
    assert light[-1] == pytest.approx(40 + 5 * (len(times) - 1), abs=12)
    assert frames[0].sketch().shape[0] >= 40


def test_a_transport_stream_of_a_disc_has_longer_packets() -> None:
    data = made(videos.steady(0, 400), container="mpegts")
    longer = b"".join(bytes(4) + data[place : place + 188] for place in range(0, len(data), 188))
    assert len(decoded(longer)[1]) == len(decoded(data)[1]) > 5


@pytest.mark.parametrize("left", [0.3, 0.9])
def test_a_recording_that_broke_off_has_no_index(left: float) -> None:
    data = made(videos.steady(0, 2000))
    with pytest.raises(InvalidVideoError, match="index is missing: the recording broke off"):
        decoded(data[: int(left * data.index(b"moov"))])


@pytest.mark.parametrize(
    ("codec", "container"), [("mpeg4", "avi"), ("mpeg2video", "vob"), ("wmv2", "asf"),
                             ("flv", "flv"), ("libx264", "mpegts")]
)  # fmt: skip
def test_whatever_is_broken_in_older_films_the_answer_is_a_video_or_an_error(
    codec: str, container: str
) -> None:
    data = made(videos.steady(0, 200), codec=codec, container=container)
    for place in range(0, len(data), max(1, len(data) // 60)):
        try:
            decoded(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        except (InvalidVideoError, VideoTooLargeError):
            continue


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuv420p10le", "gray"])
def test_a_sketch_is_what_the_image_looks_like(pixels: str) -> None:
    slope = np.broadcast_to(np.linspace(20, 220, 192, dtype=np.uint8)[None, :, None], (96, 192, 3))
    _, frames, _ = decoded(videos.rendered([(slope, 0), (slope, 40)], pixels=pixels, quality="10"))
    sketch = frames[0].sketch()
    assert sketch.shape == (48, 96)
    assert np.diff(sketch.mean(axis=0)).mean() == pytest.approx(200 * 219 / 255 / 96, rel=0.25)
    assert 20 < sketch.min() < 60
    assert 190 < sketch.max() < 230


def image(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 200)).save(buffer, form)
    return buffer.getvalue()


def sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.rate, frame.pts = 44100, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


PLAYLISTS = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:PORT/a.ts\n",
    "concat": b"ffconcat version 1.0\nfile http://127.0.0.1:PORT/a.mp4\n",
    "dash": b"<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1:PORT/</BaseURL></MPD>",
}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, world", "supported format"),
        (image("PNG"), "supported format"),
        (image("BMP"), "supported format"),
        (sound(), "no video stream"),
        (b"\0\0\0\x20ftypisom" + bytes(4000), "not a readable video"),
        (made([0, 40])[:200], "its index is missing"),
        (PLAYLISTS["hls"], "supported format"),
    ],
)
def test_what_is_no_video_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidVideoError, match=reason):
        decoded(data)


@pytest.mark.parametrize("prefix", [b"", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"])
@pytest.mark.parametrize("name", list(PLAYLISTS))
def test_nothing_is_fetched_for_a_playlist(name: str, prefix: bytes) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        data = prefix + PLAYLISTS[name].replace(b"PORT", str(server.server_port).encode())
        with pytest.raises(InvalidVideoError):
            decoded(data)
        server.shutdown()
        thread.join()
    assert asked == []


def test_a_codec_that_is_not_read_is_named() -> None:
    with pytest.raises(InvalidVideoError, match="format cinepak are not supported: convert"):
        decoded(cinepak())


def cinepak() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mov") as output:
        stream = output.add_stream("cinepak", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.zeros((120, 160, 3), np.uint8), format="rgb24")
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_side": 159}, "160 x 120 pixels"),
        ({"max_pixels": 160 * 120 - 1}, "160 x 120 pixels"),
        ({"hours": 1 / 3600}, "hours"),
        ({"max_frames": 10}, "more than 10 frames"),
    ],
)
def test_limits_hold(limits: dict[str, float], reason: str) -> None:
    with pytest.raises(VideoTooLargeError, match=reason):
        decoded(made(videos.steady(0, 2000)), **limits)


def test_too_small_images_are_refused() -> None:
    with pytest.raises(InvalidVideoError, match="at least"):
        decoded(videos.rendered(plain([0, 40], (64, 64))))  # type: ignore[arg-type]


def test_damage_in_the_middle_is_passed_over_and_told() -> None:
    data = bytearray(made(videos.steady(0, 4000), quality="5"))
    media = data.index(b"mdat") + 8
    end = data.index(b"moov") - 4
    middle = (media + end) // 2
    chance = np.random.default_rng(0)
    data[middle : middle + 600] = chance.integers(0, 256, 600, np.uint8).tobytes()
    _, frames, _ = decoded(bytes(data))
    times = [frame.time_ms for frame in frames]
    assert times == sorted(set(times))
    assert len(times) > 40


def test_a_file_that_is_cut_off_tells_where_it_ends() -> None:
    buffer = io.BytesIO()
    videos.render(buffer, plain(videos.steady(0, 8000)), container="matroska")  # type: ignore[arg-type]
    data = buffer.getvalue()
    info, frames, warnings = decoded(data[: len(data) // 2])
    assert 0 < len(frames) < 150
    assert frames[-1].time_ms < info.duration_ms
    assert "the video ends after" in " ".join(warnings)


def patched(data: bytes, atom: bytes, skip: int, value: bytes) -> bytes:
    """The file with `value` written `skip` bytes behind the name of an atom."""
    place = data.index(atom) + 4 + skip
    return data[:place] + value + data[place + len(value) :]


@pytest.mark.parametrize("delta", [0, 1, 2**32 - 256, 2**31, 2**32 - 1])
def test_impossible_timestamps_give_no_impossible_times(delta: int) -> None:
    data = made(videos.steady(0, 2000))
    # stts: version and flags, number of entries, then how many frames take how long
    lying = patched(data, b"stts", 12, delta.to_bytes(4, "big"))
    try:
        _, frames, _ = decoded(lying)
    except (InvalidVideoError, VideoTooLargeError):
        return
    times = [frame.time_ms for frame in frames]
    assert times == sorted(set(times))
    assert all(0 <= time <= 6 * 3_600_000 for time in times)


def test_whatever_is_broken_the_answer_is_a_video_or_an_error() -> None:
    data = made(videos.steady(0, 800), quality="35")
    chance = np.random.default_rng(0)
    outcomes = {"read": 0, "refused": 0}
    for number in range(120):
        broken = bytearray(data)
        # half of them in the tables, which come last
        start = data.index(b"moov") if number % 2 else 0
        for place in chance.integers(start, len(data), 1 + number % 8):
            broken[place] = chance.integers(0, 256)
        try:
            _, frames, _ = decoded(bytes(broken), hours=1.0)
            times = [frame.time_ms for frame in frames]
            assert times == sorted(set(times))
            outcomes["read"] += 1
        except (InvalidVideoError, VideoTooLargeError):
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 0


def test_what_is_read_is_bounded_by_what_is_shown() -> None:
    data = tables.edits(150)
    with pytest.raises(InvalidVideoError, match=r"frames of which .* seconds are shown: convert"):
        decoded(data, spare_packets=200, packets_a_second=1)
    _, frames, _ = decoded(data)
    assert len(frames) >= 150


@pytest.mark.parametrize("side", [16_384, 65_536])
def test_frames_larger_than_the_file_says_are_not_decoded(side: int) -> None:
    with pytest.raises((InvalidVideoError, VideoTooLargeError)):
        decoded(vp9(side))


def test_frames_that_grow_beyond_the_limit_are_passed_over() -> None:
    _, frames, warnings = decoded(sizes_change(24), max_pixels=400 * 400)
    assert {frame.size for frame in frames} <= {(side, side) for side in range(160, 401, 16)}
    assert "damaged frames could not be decoded" in " ".join(warnings)


def test_no_memory_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise av.error.MemoryError(12, "Cannot allocate memory")

    data = made([0, 40])
    monkeypatch.setattr("reknown.video.decode.av.open", full)
    with pytest.raises(InvalidVideoError, match=r"asks for more memory than it may have: convert"):
        decoded(data)
