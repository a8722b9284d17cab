from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

import videos
from reknown.biometrics.errors import BusyError, InputError
from reknown.biometrics.geometry import Point
from reknown.cli.completion import complete_camera
from reknown.cli.output import print_json
from reknown.cli.watching import chosen_camera, zone_of
from reknown.configuration import OPTIONS
from reknown.video.live.cameras import CameraKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

HERE = videos.still((0.5, 0.5))


@pytest.fixture
def known(run: RunCommand, people: Path) -> None:
    assert run("enroll", str(people)).status == 0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eileen Collins, for as long as two seconds."""
    path = tmp_path_factory.mktemp("films") / "front door.mp4"
    videos.render(path, videos.scene(videos.steady(0, 2000), [(videos.eileen(), HERE)]))
    return path


@pytest.fixture
def cameras(tmp_path: Path, film: Path) -> Path:
    path = tmp_path / "cameras.toml"
    path.touch(0o600)
    path.write_text(f'[cameras.front-door]\nfile = "{film}"\n')
    return path


@pytest.mark.usefixtures("known")
def test_who_is_before_the_camera_is_told_a_line_an_event(run: RunCommand, film: Path) -> None:
    found = run("watch", str(film), "--json", "--alert", "Eileen Collins")
    assert found.status == 0
    assert [line["kind"] for line in found.lines] == ["camera", "arrived", "camera", "left"]
    arrived = found.lines[1]
    assert (arrived["watch"], arrived["collection"]) == ("front-door", "people")
    assert arrived["candidates"][0]["name"] == "Eileen Collins"
    assert arrived["lists"] == ["alert"]
    assert "times real time" in found.err
    shown = run("watch", str(film), "--for", "1.5", "--name", "hall")
    assert [line.split()[1] for line in shown.out.splitlines()] == [
        "camera",
        "arrived",
        "camera",
        "left",
    ]
    assert "arrived  Eileen Collins 99." in shown.out
    assert "it is not watched any more" in shown.out
    (identified, *_) = run("ledger", "--json", "--operation", "identify").lines
    assert identified["record"]["probe"]["watch"] == "front-door"


def test_status_1_where_nobody_is_known(run: RunCommand, cameras: Path) -> None:
    assert run("collections", "create", "people").status == 0
    found = run("watch", "front-door", "--cameras", str(cameras), "--json")
    assert found.status == 1
    kinds = [line["kind"] for line in found.lines]
    assert kinds == ["camera", "camera", "arrived", "left"]
    assert not any(line.get("candidates") for line in found.lines)


@pytest.mark.usefixtures("known")
def test_ctrl_c_ends_it_in_order(
    run: RunCommand, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)

    def printed(line: dict[str, Any]) -> None:
        print_json(line)
        if line["kind"] == "arrived":
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("reknown.cli.watching.print_json", printed)
    found = run("watch", str(film), "--json")
    assert found.lines[-1]["kind"] == "left"
    assert found.lines[-2]["reason"] == "it is not watched any more"
    assert signal.getsignal(signal.SIGINT) == before


def test_a_camera_that_is_not_there_is_told_with_those_that_are(cameras: Path, film: Path) -> None:
    assert chosen_camera(cameras, "front-door").kind is CameraKind.FILE
    assert chosen_camera(None, str(film)).name == "front-door"
    for file, wanted, advice in (
        (cameras, "frontdoor", r"did you mean front-door\?"),
        (cameras, "hall", "there are front-door"),
        (None, "hall", "name a cameras file with --cameras, or a film"),
    ):
        with pytest.raises(InputError, match=advice):
            chosen_camera(file, wanted)


def test_a_zone_is_a_box_or_a_polygon() -> None:
    box = (Point(0.5, 0.0), Point(1.0, 0.0), Point(1.0, 0.5), Point(0.5, 0.5))
    assert zone_of("0.5,0,0.5,0.5") == box
    assert zone_of("0,0 1,0 1,1") == (Point(0, 0), Point(1, 0), Point(1, 1))
    for text in ("", "left", "0,0,1", "0,0,2,1", "0,0 1,0 nan,1", "0,0,0.5,0.5,1", "0 1 2"):
        with pytest.raises(InputError, match="--zone"):
            zone_of(text)


def test_the_shell_offers_cameras(cameras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert complete_camera("") == []
    monkeypatch.setenv(OPTIONS["worker.cameras"].variable, str(cameras))
    assert complete_camera("fr") == ["front-door"]
    assert complete_camera("ha") == []


@pytest.mark.usefixtures("known")
def test_a_name_that_a_worker_has_is_not_taken(run: RunCommand, film: Path, cameras: Path) -> None:
    made = run("watches", "create", "hall", "--camera", "front-door", "--json")
    assert made.status == 0, made.err
    quick = ("watch", str(film), "--for", "0.2", "--name", "hall")
    assert run(*quick).status != 2
    assert run("watches", "start", "hall").status == 0
    with pytest.raises(BusyError, match="reknown watches stop hall"):
        run(*quick)
