from __future__ import annotations

import base64
import itertools
import os
import re
import signal
import threading
import time
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import videos
from broadcasts import Visitor, endless, film, jpeg, number_of, sending, station, steady
from processes import children, wait_for_end
from reknown.biometrics.errors import InputError
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraState
from watching import QUICK, Seen, at_once, frames, places_in, said, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CONNECTED, LOST, FROZEN = CameraState.CONNECTED, CameraState.LOST, CameraState.FROZEN
REFUSED, ENDED, SLOW = CameraState.REFUSED, CameraState.ENDED, CameraState.SLOW
TWENTY_SECONDS = film(steady(20))


def transport(address: str, path: str = "/cam.ts", **more: object) -> Camera:
    return replace(Camera("gate", CameraKind.MPEGTS, address + path), **more)  # type: ignore[arg-type]


def readers() -> list[int]:
    return children(os.getpid(), "reknown.video.live.child")


def steps(seen: Seen) -> list[int]:
    """Milliseconds between frames, for each picture that lies between them."""
    return [
        (after.time_ms - before.time_ms) // (after.number - before.number)
        for before, after in pairwise(seen.frames)
    ]


def test_frames_come_as_they_are_filmed() -> None:
    at_once(as_filmed, ("libx264", False), ("libx264", True), ("libx265", False))


def as_filmed(codec: str, sound: bool) -> None:
    pieces = film(steady(20), codec=codec, sound=sound)
    with station({"/cam.ts": sending(pieces)}) as here, LiveCamera(transport(here.address)) as cam:
        seen = watch(cam, frames(40))
        assert seen.states == [CONNECTED]
        assert cam.counts.frames >= seen.frames[-1].number
        assert cam.counts.bytes > 1000
    assert seen.frames[0].time_ms == 0
    assert {frame.pixels.shape for frame in seen.frames} == {(240, 320, 3)}
    assert set(steps(seen)) == {40}
    for before, after in pairwise(seen.frames):
        between = number_of(after.pixels) - number_of(before.pixels)
        assert abs(between - (after.number - before.number)) <= 1
        assert after.passed_over == after.number - before.number - 1


def test_uneven_frame_rates_come_out_right() -> None:
    times = videos.uneven(0, 15_000, seed=3)
    with (
        station({"/cam.ts": sending(film(times))}) as here,
        LiveCamera(transport(here.address)) as cam,
    ):
        seen = watch(cam, frames(30))
    assert places_in(times, seen) == 1


def halves(number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bright above, dark below."""
    pixels = np.full((size[1], size[0], 3), 40 + number % 2, np.uint8)
    pixels[: size[1] // 2] = 200
    return pixels


def test_a_camera_that_hangs_askew_is_turned() -> None:
    at_once(turned, (0, "top"), (90, "right"), (180, "bottom"))


def turned(turn: int, bright: str) -> None:
    pieces = film(steady(8), paint=halves)
    with (
        station({"/cam.ts": sending(pieces)}) as here,
        LiveCamera(transport(here.address, turn=turn)) as cam,
    ):
        pixels = watch(cam, frames(1)).frames[0].pixels
    height, width = pixels.shape[:2]
    assert (width > height) == (turn != 90)
    parts = {
        "top": pixels[: height // 4],
        "bottom": pixels[-height // 4 :],
        "right": pixels[:, -width // 4 :],
        "left": pixels[:, : width // 4],
    }
    assert max(parts, key=lambda name: parts[name].mean()) == bright


def test_single_pictures_have_the_times_at_which_they_come() -> None:
    def route(visitor: Visitor) -> None:
        visitor.begin("multipart/x-mixed-replace; boundary=frame")
        for number in range(100):
            data = jpeg(number)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            visitor.send(head.encode() + data + b"\r\n")
            if visitor.gone.wait(0.2):
                return

    with (
        station({"/": route}) as here,
        LiveCamera(Camera("gate", CameraKind.MJPEG, here.address + "/")) as cam,
    ):
        seen = watch(cam, frames(10))
    # five a second, and not the 25 that FFmpeg takes them for
    passed = seen.frames[-1].time_ms - seen.frames[0].time_ms
    assert passed > 150 * (seen.frames[-1].number - seen.frames[0].number)
    first, last = seen.frames[0], seen.frames[-1]
    assert number_of(last.pixels) - number_of(first.pixels) == last.number - first.number


def test_whoever_comes_late_gets_the_newest_frame() -> None:
    with (
        station({"/cam.ts": sending(TWENTY_SECONDS)}) as here,
        LiveCamera(transport(here.address)) as cam,
    ):
        seen = watch(cam, frames(3))
        while seen.frames[-1].passed_over < 10:  # as many as have come meanwhile
            time.sleep(0.6)
            seen = watch(cam, frames(len(seen.frames) + 1), seen)
        counts = cam.counts
    for before, after in pairwise(seen.frames):
        assert after.passed_over == after.number - before.number - 1
    assert counts.passed_over == sum(frame.passed_over for frame in seen.frames)


def test_a_camera_that_falls_silent_is_frozen_and_connected_to_again() -> None:
    def route(visitor: Visitor) -> None:
        visitor.begin()
        visitor.play(TWENTY_SECONDS[:60] if visitor.number == 1 else TWENTY_SECONDS)
        visitor.gone.wait(60)

    with station({"/cam.ts": route}) as here, LiveCamera(transport(here.address), QUICK) as cam:
        seen = watch(cam, said(CONNECTED, FROZEN, CONNECTED))
        at_first = len(seen.frames)
        seen = watch(cam, frames(at_first + 5), seen)
        assert cam.counts.reconnects >= 1
        assert len(readers()) == 1
    assert "sends nothing" in seen.reasons[1]
    assert all(before.time_ms < after.time_ms for before, after in pairwise(seen.frames))
    assert all(before.number < after.number for before, after in pairwise(seen.frames))
    # the clock of the stream has begun again; that of the watch says how long nobody saw anything
    gap = seen.frames[at_first].time_ms - seen.frames[at_first - 1].time_ms
    between = seen.frames[at_first].at - seen.frames[at_first - 1].at
    assert gap == pytest.approx(1000 * between.total_seconds(), abs=200)
    assert gap > 1000 * QUICK.silent


def test_a_camera_that_goes_and_comes_back_is_lost_once() -> None:
    with station({"/cam.ts": sending(TWENTY_SECONDS)}) as here:
        port = int(here.address.rpartition(":")[2])
        cam = LiveCamera(transport(here.address), QUICK)
        seen = watch(cam, frames(3))
    with cam:
        seen = watch(cam, said(LOST), seen)
        seen = watch(cam, lambda _: cam.counts.reconnects >= 3, seen)
        assert seen.states == [CONNECTED, LOST]
        with station({"/cam.ts": sending(TWENTY_SECONDS)}, port):
            seen = watch(cam, said(LOST, CONNECTED), seen)
    assert readers() == []


def test_damage_is_passed_over() -> None:
    chance = np.random.default_rng(4)

    def damaged(data: bytes) -> bytes:
        found = bytearray(data)
        for _ in range(len(found) // 2000):
            found[int(chance.integers(len(found)))] = int(chance.integers(256))
        return bytes(found)

    pieces = [(due, damaged(data) if due > 1 else data) for due, data in TWENTY_SECONDS]
    with station({"/cam.ts": sending(pieces)}) as here, LiveCamera(transport(here.address)) as cam:
        seen = watch(cam, lambda seen: seen.frames and seen.frames[-1].time_ms > 3500)
    assert seen.states == [CONNECTED]
    assert all(before.time_ms < after.time_ms for before, after in pairwise(seen.frames))


def test_noise_is_no_video() -> None:
    noise = np.random.default_rng(5).bytes(2_000_000)

    def route(visitor: Visitor) -> None:
        visitor.begin()
        while True:
            visitor.send(noise)

    limits = replace(QUICK, connect=3.0)
    with station({"/cam.ts": route}) as here, LiveCamera(transport(here.address), limits) as cam:
        seen = watch(cam, lambda _: cam.counts.reconnects >= 1)
    assert seen.states == [LOST]


def test_a_flood_is_read_as_fast_as_it_was_filmed() -> None:
    def route(visitor: Visitor) -> None:
        visitor.begin()
        for _, data in TWENTY_SECONDS:
            visitor.send(data)
        visitor.gone.wait(60)

    limits = replace(QUICK, ahead=1.0)
    with station({"/cam.ts": route}) as here, LiveCamera(transport(here.address), limits) as cam:
        began = time.monotonic()
        watch(cam, lambda _: cam.counts.frames >= 25 * (limits.ahead + 2))
        assert time.monotonic() - began > 1.9


def test_a_camera_that_sends_the_same_picture_for_long_is_frozen() -> None:
    def still(_: int, size: tuple[int, int]) -> NDArray[np.uint8]:
        return halves(0, size)

    pieces = film(steady(4), paint=still) + [
        (4 + due, data) for due, data in film(steady(10), start=5)
    ]
    limits = replace(QUICK, still=1.5)
    with (
        station({"/cam.ts": sending(pieces)}) as here,
        LiveCamera(transport(here.address), limits) as cam,
    ):
        seen = watch(cam, said(CONNECTED, FROZEN, CONNECTED))
    assert seen.states == [CONNECTED, FROZEN, CONNECTED]
    assert "not changed for 2 s" in seen.reasons[1]


def leaves_out(seen: Seen, rate: float) -> bool:
    """Whether not all was decoded at last of so many pictures a second."""
    if len(seen.frames) < 2:
        return False
    before, after = seen.frames[-2:]
    passed = (after.time_ms - before.time_ms) / 1000
    # more than some seconds is a clock that has given up, as nothing is left out
    return 2 * (after.number - before.number) < rate * passed < 5 * rate


def test_what_cannot_be_decoded_in_time_is_slow_and_still_new() -> None:
    # of little to send, and much to decode
    pieces = endless(np.full((2160, 4096, 3), 99, np.uint8), every=80, rate=600)
    first = next(pieces)  # takes a while

    def route(visitor: Visitor) -> None:
        visitor.begin()
        since = time.monotonic()
        for piece in itertools.chain([first], pieces):
            visitor.play([piece], since)

    with (
        station({"/cam.ts": route}) as here,
        LiveCamera(transport(here.address), QUICK) as cam,
    ):
        seen = watch(cam, said(SLOW))
        seen = watch(cam, lambda seen: leaves_out(seen, 600) and seen.late[-1] < 3, seen)
    assert all(one is not then for one, then in pairwise(seen.states))  # each is said once
    assert "fewer pixels" in seen.reasons[seen.states.index(SLOW)]


def test_a_turned_film_is_played_in_real_time_and_ends(tmp_path: Path) -> None:
    place = tmp_path / "film.mp4"
    walk = [(videos.eileen(), videos.line((0.25, 0.5), (0.75, 0.5)))]
    videos.render(place, videos.scene(videos.steady(0, 2000), walk), turns=1)
    began = time.monotonic()
    with LiveCamera(Camera("film", CameraKind.FILE, str(place)), QUICK) as cam:
        seen = watch(cam, said(ENDED))
        assert cam.is_over
        assert cam.next(30) is None
        assert cam.counts.frames == 50
    assert time.monotonic() - began > 1.9
    assert seen.states == [CONNECTED, ENDED]
    assert seen.frames[0].pixels.shape == (640, 360, 3)
    assert set(steps(seen)) == {40}


def test_a_film_does_not_begin_again(tmp_path: Path) -> None:
    place = tmp_path / "film.mp4"
    walk = [(videos.eileen(), videos.line((0.25, 0.5), (0.75, 0.5)))]
    videos.render(place, videos.scene(videos.steady(0, 20_000), walk))
    with LiveCamera(Camera("film", CameraKind.FILE, str(place)), QUICK) as cam:
        seen = watch(cam, frames(3))
        os.kill(readers()[0], signal.SIGSTOP)
        seen = watch(cam, said(ENDED), seen)
        assert cam.is_over
    assert "crashed" in seen.reasons[-1]


def test_a_device_that_is_not_there_is_waited_for() -> None:
    with LiveCamera(Camera("desk", CameraKind.DEVICE, "/dev/video97"), QUICK) as cam:
        seen = watch(cam, said(LOST))
    assert "it is not there" in seen.reasons[0]
    assert "video97" not in seen.reasons[0]


def test_a_file_that_is_no_film_is_not_tried_again(tmp_path: Path) -> None:
    text, empty = tmp_path / "notes.txt", tmp_path / "empty.mp4"
    text.write_text("gate: nobody came\n" * 100)
    empty.write_bytes(b"")
    missing = "cannot read the film of camera gate: no such file"
    for place, reason in (
        (text, "gate is no film that can be read"),
        (empty, "gate is no film that can be read"),
        (tmp_path / "none.mp4", missing),
        (tmp_path, missing),
    ):
        with (
            LiveCamera(Camera("gate", CameraKind.FILE, str(place)), QUICK) as cam,
            pytest.raises(InputError, match=f"^{reason}") as raised,
        ):
            watch(cam, said(LOST))
        assert cam.is_over
        assert str(place) not in str(raised.value)


def test_a_reader_that_is_killed_is_replaced() -> None:
    with (
        station({"/cam.ts": sending(TWENTY_SECONDS)}) as here,
        LiveCamera(transport(here.address), QUICK) as cam,
    ):
        seen = watch(cam, frames(3))
        (reader,) = readers()
        os.kill(reader, signal.SIGKILL)
        seen = watch(cam, said(CONNECTED, LOST, CONNECTED), seen)
    assert "crashed" in seen.reasons[1]


def test_a_reader_that_hangs_is_replaced() -> None:
    with (
        station({"/cam.ts": sending(TWENTY_SECONDS)}) as here,
        LiveCamera(transport(here.address), QUICK) as cam,
    ):
        seen = watch(cam, frames(3))
        (reader,) = readers()
        os.kill(reader, signal.SIGSTOP)
        seen = watch(cam, said(CONNECTED, FROZEN, CONNECTED), seen)
        wait_for_end(reader)


def test_a_camera_that_says_nothing_does_not_answer() -> None:
    at_once(unanswered, (CameraKind.MPEGTS,), (CameraKind.MJPEG,), (CameraKind.HLS,))


def unanswered(kind: CameraKind) -> None:
    def route(visitor: Visitor) -> None:
        visitor.begin()
        visitor.gone.wait(60)

    with (
        station({"/cam": route}) as here,
        LiveCamera(Camera("gate", kind, f"{here.address}/cam"), QUICK) as cam,
    ):
        seen = watch(cam, lambda _: cam.counts.reconnects >= 2)
    assert seen.states == [LOST]
    assert "does not answer" in seen.reasons[0]


def silent(visitor: Visitor) -> None:
    visitor.gone.wait(60)


def test_whoever_stops_it_does_not_wait() -> None:
    with station({"/cam.ts": silent}) as here, LiveCamera(transport(here.address)) as cam:
        threading.Timer(0.5, cam.stop).start()
        began = time.monotonic()
        assert cam.next(60) is None
        assert time.monotonic() - began < 30
        assert cam.is_over
        assert cam.next(60) is None
    assert readers() == []


def basic(visitor: Visitor) -> bool:
    expected = "Basic " + base64.b64encode(b"viewer:s3cret/p@ss").decode()
    if visitor.handler.headers.get("Authorization") == expected:
        return True
    visitor.begin(status=401, WWW_Authenticate='Basic realm="cam"')
    return False


def digest(visitor: Visitor) -> bool:
    """Taken for right without a look at the sum, which another test has the real server for."""
    said = visitor.handler.headers.get("Authorization", "")
    if re.search('Digest .*username="viewer".*response="[0-9a-f]{32}"', said):
        assert "s3cret" not in said
        return True
    visitor.begin(status=401, WWW_Authenticate='Digest realm="cam", nonce="n", qop="auth"')
    return False


@pytest.mark.parametrize("allows", [basic, digest])
def test_a_password_is_told_to_the_camera_and_to_nobody_else(
    allows: Callable[[Visitor], bool],
) -> None:
    def route(visitor: Visitor) -> None:
        if allows(visitor):
            visitor.begin()
            visitor.play(TWENTY_SECONDS)

    with station({"/cam.ts": route}) as here:
        camera = transport(here.address, user="viewer", password="s3cret/p@ss")
        with LiveCamera(camera) as cam:
            seen = watch(cam, frames(3))
            (reader,) = readers()
            seen_by_others = Path(f"/proc/{reader}/cmdline").read_bytes()
            seen_by_others += Path(f"/proc/{reader}/environ").read_bytes()
        assert seen.states == [CONNECTED]
        assert b"s3cret" not in seen_by_others
        assert here.address.encode() not in seen_by_others
        assert b"REKNOWN" not in seen_by_others


def test_a_wrong_password_is_said_to_be() -> None:
    at_once(refused, (None,), ("wrong-s3cret",))


def refused(password: str | None) -> None:
    def route(visitor: Visitor) -> None:
        basic(visitor)

    with station({"/cam.ts": route}) as here:
        user = password and "viewer"
        with LiveCamera(transport(here.address, user=user, password=password), QUICK) as cam:
            seen = watch(cam, lambda _: cam.counts.reconnects >= 2)
    assert seen.states == [REFUSED]
    assert seen.reasons == ["it refuses this user and password: correct them in the cameras file"]


def test_a_redirect_to_another_place_is_not_followed() -> None:
    with station({"/secret.ts": sending(TWENTY_SECONDS)}) as elsewhere:

        def route(visitor: Visitor) -> None:
            visitor.begin(status=302, Location=f"{elsewhere.address}/secret.ts")

        with station({"/cam.ts": route}) as here, LiveCamera(transport(here.address), QUICK) as cam:
            seen = watch(cam, said(LOST))
        assert elsewhere.visits == []
    assert "another place" in seen.reasons[0]


def test_a_redirect_within_the_camera_is_followed_without_a_look_at_its_page() -> None:
    at_once(followed, (301,), (302,), (303,), (307,), (308,))


def followed(status: int) -> None:
    def route(visitor: Visitor) -> None:
        visitor.begin(status=status, Location="/other.ts")
        visitor.send(b"This has moved")
        visitor.gone.wait(60)

    with (
        station({"/cam.ts": route, "/other.ts": sending(TWENTY_SECONDS)}) as here,
        LiveCamera(transport(here.address), QUICK) as cam,
    ):
        assert watch(cam, frames(3)).states == [CONNECTED]


@cache
def segments(seconds: int) -> list[list[tuple[float, bytes]]]:
    return [film(steady(seconds), start=1.0 + start) for start in range(0, 20, seconds)]


class Playlist:
    """An HLS stream of segments of so many seconds, the last of which are `made` in the end."""

    def __init__(self, seconds: int = 1, made: int = 100) -> None:
        self._segments = segments(seconds)
        self._seconds = seconds
        self._made = made
        self._began = time.monotonic()
        self.foreign = ""
        self.foreign_from = 1
        self.missing: set[int] = set()
        self.ends = False

    def routes(self) -> dict[str, Callable[[Visitor], None]]:
        segments = {f"/{n}.ts": self._segment(n) for n in range(len(self._segments))}
        return {"/cam.m3u8": self._playlist, **segments}

    def _playlist(self, visitor: Visitor) -> None:
        if self.ends:
            visitor.begin(status=404)
            return
        visitor.begin("application/vnd.apple.mpegurl")
        made = int((time.monotonic() - self._began) / self._seconds)
        newest = min(4 + made, self._made)
        first = newest - 4
        target = f"#EXT-X-TARGETDURATION:{self._seconds}"
        lines = ["#EXTM3U", target, f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for number in range(first, newest):
            foreign = self.foreign if visitor.number >= self.foreign_from else ""
            lines += [f"#EXTINF:{self._seconds}.0,", foreign or f"{number}.ts"]
        visitor.send("\n".join([*lines, ""]).encode())

    def _segment(self, number: int) -> Callable[[Visitor], None]:
        def route(visitor: Visitor) -> None:
            visitor.begin(status=404 if number in self.missing else 200)
            visitor.send(b"".join(data for _, data in self._segments[number]))

        return route


def test_a_playlist_is_watched_at_its_end() -> None:
    playlist = Playlist()
    with (
        station(playlist.routes()) as here,
        LiveCamera(Camera("gate", CameraKind.HLS, f"{here.address}/cam.m3u8")) as cam,
    ):
        seen = watch(cam, lambda seen: seen.frames and seen.frames[-1].time_ms > 2500)
    assert seen.states == [CONNECTED]
    assert all(before.time_ms < after.time_ms for before, after in pairwise(seen.frames))


def test_long_parts_of_a_playlist_are_shown_as_they_were_filmed() -> None:
    playlist = Playlist(seconds=4)
    with (
        station(playlist.routes()) as here,
        LiveCamera(Camera("gate", CameraKind.HLS, f"{here.address}/cam.m3u8"), QUICK) as cam,
    ):
        seen = watch(cam, lambda seen: seen.frames and seen.frames[-1].time_ms > 9000)
        assert cam.counts.reconnects == 0
    assert seen.states == [CONNECTED]
    # however busy the machine is: nothing like a part at once
    assert max(after.time_ms - before.time_ms for before, after in pairwise(seen.frames)) < 3000


def test_a_playlist_to_which_nothing_is_added_is_frozen() -> None:
    playlist = Playlist(made=6)
    with (
        station(playlist.routes()) as here,
        LiveCamera(Camera("gate", CameraKind.HLS, f"{here.address}/cam.m3u8"), QUICK) as cam,
    ):
        seen = watch(cam, said(CONNECTED, FROZEN))
    assert "sends nothing" in seen.reasons[-1]


def test_a_part_that_is_missing_is_passed_over_and_a_playlist_is_not() -> None:
    playlist = Playlist()
    playlist.missing = set(range(1, 20, 2))
    with (
        station(playlist.routes()) as here,
        LiveCamera(Camera("gate", CameraKind.HLS, f"{here.address}/cam.m3u8")) as cam,
    ):
        seen = watch(cam, lambda seen: seen.frames and seen.frames[-1].time_ms > 4500)
        assert (seen.states, cam.counts.reconnects) == ([CONNECTED], 0)
        assert len({f"/{number}.ts" for number in playlist.missing} & set(here.visits)) >= 2
        playlist.ends = True
        assert watch(cam, said(LOST)).reasons == ["the connection broke off"]


@pytest.mark.parametrize("first", [1, 2], ids=["at once", "later"])
def test_a_playlist_cannot_name_what_is_not_the_cameras(first: int) -> None:
    foreign = (
        "file:///etc/passwd",
        "{elsewhere}/secret.ts",
        "concat:file:///etc/passwd|{elsewhere}/secret.ts",
        "crypto+{elsewhere}/secret.ts",
        "/away.ts",
    )
    at_once(not_fetched, *((each, first) for each in foreign))


def not_fetched(foreign: str, first: int) -> None:
    with station({"/secret.ts": sending(TWENTY_SECONDS)}) as elsewhere:

        def away(visitor: Visitor) -> None:
            visitor.begin(status=302, Location=f"{elsewhere.address}/secret.ts")

        playlist = Playlist()
        playlist.foreign = foreign.format(elsewhere=elsewhere.address)
        playlist.foreign_from = first
        with station({**playlist.routes(), "/away.ts": away}) as here:
            camera = Camera("gate", CameraKind.HLS, f"{here.address}/cam.m3u8")
            with LiveCamera(camera, replace(QUICK, connect=5.0)) as cam:
                seen = watch(cam, said(LOST))
        assert elsewhere.visits == []
    assert seen.states == [LOST]
    if first == 1 and foreign != "/away.ts":
        assert "another place" in seen.reasons[0]


def test_hosts_that_the_operator_names_are_the_cameras_too() -> None:
    with station({"/part.ts": sending(TWENTY_SECONDS)}) as elsewhere:
        playlist = Playlist()
        playlist.foreign = f"{elsewhere.address}/part.ts"
        with station(playlist.routes()) as here:
            host = elsewhere.address.removeprefix("http://")
            place = f"{here.address}/cam.m3u8"
            with LiveCamera(Camera("gate", CameraKind.HLS, place, hosts=(host,))) as cam:
                assert watch(cam, frames(3)).states == [CONNECTED]
