from __future__ import annotations

import os
import re
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer import Context
from typer.main import get_command

import videos
from reknown.biometrics.errors import BusyError, InputError, PolicyError
from reknown.biometrics.geometry import Point
from reknown.cli.completion import complete_camera
from reknown.cli.main import cli
from reknown.cli.output import print_json
from reknown.cli.session import open_context
from reknown.cli.watching import films_of, pace
from reknown.configuration import OPTIONS
from reknown.services.context import Actor
from reknown.services.live.recording import WantedFilm
from reknown.services.live.sources import chosen_camera
from reknown.services.live.watch_options import zone_of
from reknown.services.live.watches import start_watch
from reknown.storage.database import open_database
from reknown.video.live.cameras import Camera, CameraKind
from reknown.watches import claims, events

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_a_film_can_be_made_of_a_camera_whose_own_is_missing(tmp_path: Path) -> None:
    camera = Camera("gone", CameraKind.FILE, str(tmp_path / "gone.mp4"))
    place = tmp_path / "film.mp4"
    place.touch()
    assert films_of(camera, place, None, force=True) == (WantedFilm(place, replaces=True),)


@pytest.mark.usefixtures("known")
def test_who_is_before_the_camera_is_told_a_line_an_event(run: RunCommand, film: Path) -> None:
    found = run("watch", str(film), "--json", "--alert", "Eileen Collins")
    assert found.status == 0
    assert [line["kind"] for line in found.lines] == ["camera", "arrived", "left", "camera"]
    arrived = found.lines[1]
    assert (arrived["watch"], arrived["collection"]) == ("front-door", "people")
    assert arrived["candidates"][0]["name"] == "Eileen Collins"
    assert arrived["lists"] == ["alert"]
    assert "\nwatched " in f"\n{found.err}"
    shown = run("watch", str(film), "--for", "1.5", "--name", "hall")
    assert [line.split()[1] for line in shown.out.splitlines()] == [
        "camera",
        "arrived",
        "left",
        "camera",
    ]
    assert "arrived  Eileen Collins 99." in shown.out
    assert "it is not watched any more" in shown.out
    (identified, *_) = run("ledger", "--json", "--operation", "identify").lines
    assert identified["record"]["probe"]["watch"] == "front-door"
    for operation in ("start watch", "stop watch"):
        told = [row["record"] for row in run("ledger", "--json", "--operation", operation).lines]
        named = {(record["watch"], record["camera"]) for record in told}
        assert named == {("front-door", "front-door"), ("hall", "front-door")}


@pytest.mark.usefixtures("known")
def test_films_are_written_where_the_policy_allows_it(
    run: RunCommand, film: Path, tmp_path: Path
) -> None:
    plain, named = tmp_path / "plain.mp4", tmp_path / "named.mp4"
    both = ("--record", str(plain), "--annotate", str(named))
    with pytest.raises(PolicyError, match="add `recording = true` to it"):
        run("watch", str(film), *both)
    rules = tmp_path / "rules.toml"
    rules.write_text("recording = true\n")
    assert run("collections", "policy", "people", "--set", str(rules)).status == 0
    assert run("watch", str(film), "--for", "1.5", *both).status == 0
    for place in (plain, named):
        assert place.read_bytes()[4:8] == b"ftyp"
    begun = run("ledger", "--json", "--operation", "begin recording").lines
    assert sorted(line["record"]["annotated"] for line in begun) == [False, True]
    before = film.read_bytes()
    for words, why in (
        (("--record", str(plain)), "it is there already"),
        (("--record", str(film), "--force"), "is what is watched"),
        (("--force",), "goes with --record or --annotate"),
    ):
        with pytest.raises(InputError, match=why):
            run("watch", str(film), *words)
    assert film.read_bytes() == before


def test_a_file_that_is_no_film_ends_it(run: RunCommand, tmp_path: Path) -> None:
    assert run("collections", "create", "people").status == 0
    (tmp_path / "notes.txt").write_text("nobody came\n" * 100)
    with pytest.raises(InputError, match=r"^notes is no film that can be read$"):
        run("watch", str(tmp_path / "notes.txt"))


def test_status_1_where_nobody_is_known(run: RunCommand, cameras: Path) -> None:
    assert run("collections", "create", "people").status == 0
    found = run("watch", "front-door", "--cameras", str(cameras), "--json")
    assert found.status == 1
    kinds = [line["kind"] for line in found.lines]
    assert kinds == ["camera", "arrived", "left", "camera"]
    assert not any(line.get("candidates") for line in found.lines)


def test_what_was_kept_for_long_enough_goes_when_a_watch_begins(
    run: RunCommand, film: Path, tmp_path: Path
) -> None:
    assert run("collections", "create", "people").status == 0
    assert run("watch", str(film), "--for", "0.1", "--json").status == 1
    (*_, last) = run("events", "--json", "--after", "0").lines
    with closing(sqlite3.connect(tmp_path / "data" / "reknown.db")) as database, database:
        database.execute("UPDATE live_events SET at = '2000' || substr(at, 5)")
    assert run("watch", str(film), "--for", "0.1", "--json").status == 1
    first, *_ = run("events", "--json", "--after", "0").lines
    assert first["sequence"] == last["sequence"] + 1


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_it_in_order(
    run: RunCommand, film: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = signal.getsignal(number)

    def printed(line: dict[str, Any]) -> None:
        print_json(line)
        if line["kind"] == "arrived":
            os.kill(os.getpid(), number)

    monkeypatch.setattr("reknown.cli.watching.print_json", printed)
    found = run("watch", str(film), "--json")
    assert found.lines[-2]["kind"] == "left"
    assert found.lines[-1]["reason"] == "it is not watched any more"
    assert "watched " in found.err
    assert signal.getsignal(number) == before


def test_a_camera_that_is_not_there_is_told_with_those_that_are(cameras: Path, film: Path) -> None:
    assert chosen_camera(cameras, "front-door").kind is CameraKind.FILE
    assert chosen_camera(None, str(film)).name == "front-door"
    for file, wanted, advice in (
        (cameras, "frontdoor", r"did you mean front-door\?"),
        (cameras, "hall", "there are front-door"),
        (None, "hall", "name a cameras file with --cameras, or a film"),
        (cameras, "rtsp://admin:secret@10.0.0.5/x", "^[^@]*its address into a cameras file[^@]*$"),
    ):
        with pytest.raises(InputError, match=advice):
            chosen_camera(file, wanted)


def test_a_zone_is_a_box_or_a_polygon() -> None:
    box = (Point(0.5, 0.0), Point(1.0, 0.0), Point(1.0, 0.5), Point(0.5, 0.5))
    assert zone_of("0.5,0,0.5,0.5").region == box
    assert zone_of("0.5,0,0.504,0.5").region == box
    assert zone_of("0,0 1.004,0 1,1").region == (Point(0, 0), Point(1, 0), Point(1, 1))
    for text in ("", "left", "0,0,1", "0,0,2,1", "0,0 1,0 nan,1", "0,0,0.5,0.5,1", "0 1 2"):
        with pytest.raises(InputError, match="zone '"):
            zone_of(text)


def test_the_shell_offers_cameras(cameras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context(get_command(cli), info_name="reknown")
    assert complete_camera(context, "") == []
    context.params["cameras"] = cameras
    assert complete_camera(context, "fr") == ["front-door"]
    del context.params["cameras"]
    monkeypatch.setenv(OPTIONS["worker.cameras"].variable, str(cameras))
    assert complete_camera(context, "fr") == ["front-door"]
    assert complete_camera(context, "ha") == []


@pytest.mark.usefixtures("known")
def test_a_name_that_a_worker_has_is_not_taken(run: RunCommand, film: Path, cameras: Path) -> None:
    made = run("watches", "create", "hall", "--camera", "front-door", "--json")
    assert made.status == 0, made.err
    quick = ("watch", str(film), "--for", "0.2", "--name", "hall")
    assert run(*quick).status != 2
    assert run("watches", "start", "hall").status == 0
    with pytest.raises(BusyError, match="reknown watches stop hall"):
        run(*quick)


@pytest.mark.usefixtures("known")
def test_a_look_at_what_is_not_watched_says_so(run: RunCommand, tmp_path: Path) -> None:
    assert run("watches", "create", "hall", "--camera", "door", "--json").status == 0
    place = tmp_path / "now.jpg"
    with pytest.raises(InputError, match=r"is a JPEG: call it now.jpg"):
        run("watches", "look", "hall", "--output", place.with_suffix(".png"))
    looked = run("watches", "look", "hall", "--output", place)
    assert (looked.status, looked.out) == (1, "")
    assert looked.err == "no picture of hall: the watch is STOPPED\n"
    place.touch()
    with pytest.raises(InputError, match="would overwrite"):
        run("watches", "look", "hall", "--output", place)


def test_a_worker_says_what_it_needs(run: RunCommand) -> None:
    with pytest.raises(InputError, match="--streams and --cameras to watch"):
        run("worker")
    with pytest.raises(InputError, match="--once ends when no video waits"):
        run("worker", "--streams", "1", "--once")


@pytest.mark.usefixtures("known")
def test_a_start_states_its_purpose(run: RunCommand, tmp_path: Path) -> None:
    assert run("watches", "create", "hall", "--camera", "front-door").out.startswith("made: hall;")
    with pytest.raises(InputError, match="nothing to change: give at least one option"):
        run("watches", "change", "hall")
    rules = tmp_path / "rules.toml"
    rules.write_text('purposes = ["access-control"]\n')
    assert run("collections", "policy", "people", "--set", str(rules)).status == 0
    with pytest.raises(PolicyError, match="say what for: --purpose"):
        run("watches", "start", "hall")
    (started,) = run("watches", "start", "hall", "--purpose", "access-control", "--json").lines
    assert started["purpose"] == "access-control"
    assert "\nstarted for access-control\n" in run("watches", "show", "hall").out
    run("watches", "stop", "hall")
    assert "\nlast started for access-control\n" in run("watches", "show", "hall").out


@pytest.mark.usefixtures("known")
def test_a_killed_watch_is_waited_for_before_the_time_of_the_next_one_begins(
    run: RunCommand, film: Path
) -> None:
    (_, arrived, *_) = run("watch", str(film), "--json").lines
    database = open_database(Path(os.environ["REKNOWN_DATA"]))
    with database.begin() as connection:
        event = next(it for it in events.read(connection, 0, 9) if it.visit == arrived["visit"])
        events.append(connection, replace(event, visit="of a watch that was killed"))
        claims.claim(connection, "front-door", "people", timedelta(seconds=5))
    database.dispose()
    again = run("watch", str(film), "--json", "--for", "4")
    kinds = [line["kind"] for line in again.lines]
    assert kinds == ["left", "camera", "arrived", "left", "camera"]
    assert "front-door seems to have been killed: waiting up to " in again.err


@pytest.mark.usefixtures("known")
def test_a_watch_that_rests_says_until_when_and_that_it_looked_at_nothing(
    run: RunCommand, film: Path
) -> None:
    other_days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"} - {
        f"{datetime.now().astimezone() + timedelta(days=days):%a}".lower() for days in (0, 1)
    }
    hours = ", ".join(f"{day} 08:00-09:00" for day in sorted(other_days))
    found = run("watch", str(film), "--for", "1.5", "--schedule", hours)
    rests, waited = found.err.splitlines()
    assert re.fullmatch(r"outside its hours until ... 08:00: nothing is looked at", rests)
    assert re.fullmatch(r"waited 1\.. s outside its hours; nothing was looked at", waited)


def test_a_list_of_watches_has_a_line_each_whatever_their_cameras_and_keys(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    arn = "arn:aws:kinesisvideo:us-east-1:000000000000:stream/front-door/1"
    key = f"key:AKIA{'B' * 16}"
    assert run("collections", "create", "people").status == 0
    assert run("watches", "create", "gate", "--camera", arn).status == 0
    with open_context(None) as context:
        start_watch(context.by(Actor(key)), "gate")
    listed = run("watches", "list").out.splitlines()
    (row,) = (line for line in listed if key in line)
    assert row.split()[:4] == ["gate", "front-door", "(ARN)", "people"]
    assert listed[-1].startswith("gate: It waits for a worker that has ")
    assert f"\ncamera {arn}\n" in run("watches", "show", "gate").out
    assert run("watches", "list", "--json").lines[0]["camera"] == arn


def test_pace_is_told_where_it_tells_something() -> None:
    assert pace(1.9, 1.95) == ""
    assert pace(9.0, 10.0) == ", 0.90 times real time"


@pytest.mark.usefixtures("known")
def test_the_newest_events_are_shown_and_how_to_go_on(run: RunCommand, film: Path) -> None:
    assert run("watch", str(film), "--alert", "crew=Eileen Collins").status == 0
    newest = run("events", "--limit", "2", "--watch", "front-door")
    assert [line.split()[5] for line in newest.out.splitlines()] == ["left", "camera"]
    assert "Eileen Collins 9" in newest.out
    assert ", was there for " in newest.out
    assert newest.err == "older ones: reknown events --watch front-door --after 0\n"
    oldest = run("events", "--limit", "2", "--after", "0")
    assert oldest.out.splitlines()[-1].endswith(" [crew]")
    assert oldest.err == "more: reknown events --after 2\n"
    assert run("events", "--after", "2").err == ""
    none = run("events", "--watch", "nix")
    assert (none.status, none.out) == (0, "")
    assert none.err == "no watch is called nix, and there are no events of it\n"
    assert run("watches", "create", "nix", "--camera", "door").status == 0
    assert run("events", "--watch", "nix").out.startswith("no events: ")
