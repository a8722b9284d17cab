from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from contexts import make_context
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.cli.completion import complete_video
from reknown.services.archive.sightings import Keeping, keep_tracks
from reknown.services.galleries.collections import create_collection
from reknown.storage.database import open_database
from video_analyses import analysis, towards, track

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

A, B = "aa" * 32, "bb" * 32


@pytest.fixture(scope="module")
def data(
    engine: Engine, eileen_pixels: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data folder with Eileen and a stranger in a.mp4, Eileen in b.mp4."""
    folder = tmp_path_factory.mktemp("data")
    (template,) = engine.embed(eileen_pixels, engine.detect(eileen_pixels))
    known = track(template.vector, 1000, 4960, 0, best_ms=2000)
    stranger = track(towards(template.vector, 0.2), 61_000, 62_000, 1)
    database = open_database(folder)
    context = make_context(database, engine)
    create_collection(context, "people")
    with database.begin() as connection:
        for name, sha256, tracks in (("a.mp4", A, [known, stranger]), ("b.mp4", B, [known])):
            found = analysis(engine.space, tracks, sha256=sha256)
            keep_tracks(connection, context, "people", found, Keeping(name, 30))
    database.dispose()
    return folder


@pytest.fixture
def kept(data: Path) -> None:
    """These tracks are kept."""
    shutil.copytree(data, os.environ["REKNOWN_DATA"])


@pytest.fixture
def eileen_jpg(people: Path) -> Path:
    return people / "Eileen Collins" / "1.jpg"


def videos(run: RunCommand, *options: object) -> list[str]:
    return [line["video"] for line in run("video", "tracks", "list", "--json", *options).lines]


def test_a_face_is_found_in_past_videos(run: RunCommand, kept: None, eileen_jpg: Path) -> None:
    done = run("video", "search", eileen_jpg)
    assert (done.status, done.err) == (0, "")
    assert "searching 3 kept tracks in people; threshold: similarity 80.0" in done.out
    assert "expected false candidates in each search: 0.0003" in done.out
    rows = [line.split() for line in done.out.splitlines() if ".mp4" in line]
    assert [row[:4] for row in rows] == [
        [name, "0:00:01.0", "0:00:05.0", "0:00:02.0"] for name in ("a.mp4", "b.mp4")
    ]


def test_the_same_for_machines(run: RunCommand, kept: None, eileen_jpg: Path) -> None:
    (line,) = run("video", "search", eileen_jpg, "--json", "--top", 1).lines
    (found,) = line["tracks"]
    assert (line["image"], line["tracks_searched"]) == (str(eileen_jpg), 3)
    assert (found["video"], found["video_sha256"], found["best_ms"]) == ("a.mp4", A, 2000)
    assert found["similarity"] > 99
    assert "template" not in found


def test_nobody_found_is_a_negative_answer(run: RunCommand, kept: None, people: Path) -> None:
    done = run("video", "search", people / "Grace Hopper" / "1.jpg")
    assert (done.status, "no candidate" in done.out) == (1, True)


def test_false_candidates_are_warned_of(run: RunCommand, kept: None, eileen_jpg: Path) -> None:
    assert "false candidates" in run("video", "search", eileen_jpg, "--threshold", 40).err


def test_an_image_without_a_face_is_an_error_of_its_own(
    run: RunCommand, kept: None, eileen_jpg: Path, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (100, 100)).save(tmp_path / "blank.png")
    done = run("video", "search", tmp_path / "blank.png", eileen_jpg, "--json")
    assert done.status == 2
    assert done.lines[0]["error"]["type"] == "NoFaceError"
    assert len(done.lines[1]["tracks"]) == 2


def test_tracks_from_before_a_switch_are_told_of(
    run: RunCommand, kept: None, eileen_jpg: Path
) -> None:
    warning = (
        "warning: 3 kept faces were made with opencv and cannot be compared with public-domain\n"
    )
    words = ("collections", "upgrade", "people", "--from", eileen_jpg)
    prepared = run(*words, "--pack", "public-domain")
    assert (prepared.status, prepared.err) == (0, warning * 2)
    assert run("video", "search", eileen_jpg).err == ""
    run("collections", "upgrade", "people", "--switch")
    searched = run("video", "search", eileen_jpg, "--json")
    assert (searched.status, searched.err) == (1, warning)
    assert searched.lines[0]["tracks_searched"] == 0
    assert searched.lines[0]["tracks_left_out"] == 3
    listed = run("video", "tracks", "list", "--json")
    assert (listed.err, {line["pack"] for line in listed.lines}) == (warning, {"opencv"})
    report = run("collections", "upgrade", "people", "--json").lines[0]
    assert [entry["tracks"] for entry in report["foreign_tracks"]] == [3]
    assert run("video", "tracks", "delete", "--all", "--yes").status == 0
    assert run("collections", "upgrade", "people", "--finish", "--yes").status == 0


def test_tracks_are_listed(run: RunCommand, kept: None) -> None:
    assert videos(run) == ["a.mp4", "a.mp4", "b.mp4"]
    assert videos(run, "--video", "b.mp4") == ["b.mp4"]
    assert videos(run, "--video", A[:8]) == ["a.mp4"] * 2
    assert videos(run, "--before", "2020-01-01") == []
    assert videos(run, "--before", "2999-01-01T12:00+02:00") == ["a.mp4", "a.mp4", "b.mp4"]
    done = run("video", "tracks", "list")
    assert B[:12] in done.out
    assert "no kept tracks" in run("video", "tracks", "list", "--video", "c.mp4").out


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--video", "a.mp4"], ["b.mp4"]),
        (["--video", B], ["a.mp4", "a.mp4"]),
        (["--before", "2999-01-01"], []),
        (["--all", "--yes"], []),
        (["--video", "a.mp4", "--before", "2020-01-01"], ["a.mp4", "a.mp4", "b.mp4"]),
    ],
    ids=str,
)
def test_tracks_are_deleted(
    run: RunCommand, kept: None, options: list[str], left: list[str]
) -> None:
    done = run("video", "tracks", "delete", *options)
    gone = 3 - len(left)
    assert (done.status, done.out) == (0 if gone else 1, f"deleted {gone} tracks\n")
    assert videos(run) == left


def test_single_tracks_are_deleted(run: RunCommand, kept: None) -> None:
    first = run("video", "tracks", "list", "--json").lines[0]["track_id"]
    assert run("video", "tracks", "delete", first).status == 0
    assert run("video", "tracks", "delete", first).status == 1
    assert videos(run) == ["a.mp4", "b.mp4"]


def test_all_are_deleted_only_when_that_is_meant(run: RunCommand, kept: None) -> None:
    assert run("video", "tracks", "delete", "--all", answer="n\n").status == 1
    for options in ([], ["--yes"], ["--all", "--video", "a.mp4"]):
        with pytest.raises(InputError, match="say which tracks"):
            run("video", "tracks", "delete", *options)
    assert len(videos(run)) == 3
    assert run("video", "tracks", "delete", "--all", answer="y\n").status == 0


def test_a_date_is_understood_or_refused(run: RunCommand, kept: None) -> None:
    with pytest.raises(InputError, match="is not a date"):
        run("video", "tracks", "delete", "--before", "yesterday")


@pytest.mark.parametrize("command", [["tracks", "list"], ["tracks", "delete", "--all", "-y"]])
def test_an_unknown_collection_is_not_found(run: RunCommand, command: list[str]) -> None:
    with pytest.raises(NotFoundError):
        run("video", *command, "--collection", "nobody")


def test_videos_are_offered(kept: None) -> None:
    def offered(incomplete: str, **given: Any) -> list[str]:
        return complete_video(Mock(params=given), incomplete)

    assert offered("") == ["a.mp4", "b.mp4"]
    assert offered("b", collection="people") == ["b.mp4"]
    assert offered("", collection="nobody") == []


def test_no_videos_are_offered_where_there_is_nothing() -> None:
    assert complete_video(Mock(params={}), "") == []


def test_candidates_above_the_bound_are_a_case_for_people(
    run: RunCommand, kept: None, eileen_jpg: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("review_from = 80.0\nreviewers = 2\nreview_seeds = 0.0\n")
    run("collections", "policy", "people", "--set", policy)
    told = run("video", "search", eileen_jpg).out
    (case,) = run("reviews", "list", "--json").lines
    assert f"reviewers have to judge case {case['case']}" in told
    (shown,) = run("reviews", "show", case["case"], "--json").lines
    seen = [(it["picture"], it["best_ms"]) for it in shown["candidates"]]
    assert sorted(seen) == [("a.mp4", 2000), ("b.mp4", 2000)]
    text = run("reviews", "show", case["case"]).out
    assert "a.mp4 at 0:00:02.0" in text
    (line,) = run("video", "search", eileen_jpg, "--json").lines
    assert line["case"] == run("reviews", "list", "--json").lines[1]["case"]
