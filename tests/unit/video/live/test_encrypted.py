from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from broadcasts import film, needs_rtsp, sending, station, steady, tower
from encrypting import certificate, encrypted
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras import Camera, CameraKind
from reknown.video.live.frames import CameraState
from watching import QUICK, frames, watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PICTURES = (
    "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=12 ! rtph264pay name=pay0"
)


@pytest.fixture(params=["https", pytest.param("rtsps", marks=needs_rtsp)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An encrypted camera whose certificate is in the folder."""
    pem = certificate(tmp_path / "cam.pem")
    if request.param == "https":
        with (
            station({"/cam": sending(film(steady(20)))}) as here,
            encrypted(int(here.address.rpartition(":")[2]), pem) as port,
        ):
            yield f"https://127.0.0.1:{port}/cam"
    else:
        with tower(PICTURES) as there, encrypted(there.port, pem) as port:
            yield f"rtsps://127.0.0.1:{port}/cam"


def camera(place: str, authorities: Path | None = None) -> Camera:
    kind = CameraKind.MPEGTS if place.startswith("https") else CameraKind.RTSP
    return Camera("gate", kind, place, "viewer", "s3cret", authorities=authorities)


def test_a_camera_is_believed_that_the_operators_authorities_vouch_for(
    place: str, tmp_path: Path
) -> None:
    with LiveCamera(camera(place, tmp_path / "cam.pem"), QUICK) as cam:
        assert watch(cam, frames(3)).states == [CameraState.CONNECTED]


def test_a_camera_is_believed_that_the_system_believes(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cam.pem"))
    with LiveCamera(camera(place), QUICK) as cam:
        assert watch(cam, frames(3)).states == [CameraState.CONNECTED]


@pytest.mark.parametrize("authorities", [None, "other.pem", "none.pem"])
def test_a_camera_that_nobody_vouches_for_is_told_nothing(
    place: str, tmp_path: Path, authorities: str | None
) -> None:
    certificate(tmp_path / "other.pem")
    path = tmp_path / authorities if authorities else None
    with LiveCamera(camera(place, path), QUICK) as cam:
        seen = watch(cam, lambda seen: seen.states)
    assert seen.states == [CameraState.LOST]
    assert "certificate is not trusted" in seen.reasons[0]


def test_a_certificate_of_another_camera_is_none(tmp_path: Path) -> None:
    pem = certificate(tmp_path / "cam.pem", "127.0.0.9")
    with (
        station({"/cam": sending(film(steady(20)))}) as here,
        encrypted(int(here.address.rpartition(":")[2]), pem) as port,
        LiveCamera(camera(f"https://127.0.0.1:{port}/cam", pem), QUICK) as cam,
    ):
        seen = watch(cam, lambda seen: seen.states)
    assert "certificate is not trusted" in seen.reasons[0]


@needs_rtsp
def test_nor_is_it_over_rtsp(tmp_path: Path) -> None:
    pem = certificate(tmp_path / "cam.pem", "127.0.0.9")
    with (
        tower(PICTURES) as here,
        encrypted(here.port, pem) as port,
        LiveCamera(camera(f"rtsps://127.0.0.1:{port}/cam", pem), QUICK) as cam,
    ):
        seen = watch(cam, lambda seen: seen.states)
    assert "certificate is not trusted" in seen.reasons[0]
