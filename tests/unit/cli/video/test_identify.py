from __future__ import annotations

import importlib.util
import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from reknown.biometrics.errors import InputError, NotFoundError, VideoWorkError
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import add_faces
from reknown.services import extras
from reknown.storage.database import open_database
from reknown.video import isolation
from video_analyses import analysis, towards, track, turned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.vision.analyze import Engine
    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]
    Vector = NDArray[np.float32]


@pytest.fixture(scope="module")
def enrolled(
    engine: Engine, eileen_pixels: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data folder with Eileen and somebody else in it."""
    folder = tmp_path_factory.mktemp("enrolled")
    (face,) = engine.detect(eileen_pixels)
    (template,) = engine.embed(eileen_pixels, [face])
    other = replace(template, vector=np.eye(1, engine.space.dimension, dtype=np.float32)[0])
    database = open_database(folder)
    with database.begin() as connection:
        create_collection(connection, "people", engine.space)
        for number, (name, made) in enumerate((("Eileen Collins", template), ("Other", other))):
            image = ImageRecord(f"{number:064x}", "1.jpg", 300, 300)
            new = NewFace(made, face.box, face.confidence, 70)
            add_faces(connection, "people", image, [new], name)
    database.dispose()
    return folder


@pytest.fixture
def gallery(enrolled: Path) -> None:
    """Eileen and somebody else are enrolled."""
    shutil.copytree(enrolled, os.environ["REKNOWN_DATA"])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A file: what is in it, tests say."""
    path = tmp_path / "party.mp4"
    path.write_bytes(b"party")
    return path


@pytest.fixture
def show(
    engine: Engine, eileen_pixels: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Lets every video show Eileen, and a stranger after her; or what is given."""
    (template,) = engine.embed(eileen_pixels, engine.detect(eileen_pixels))

    def tell(found: VideoAnalysis | Exception | None = None) -> None:
        known = track(template.vector, 1000, 4960, 0, best_ms=2000, image=(200, 120, 90))
        stranger = track(towards(template.vector, 0.2), 61_000, 3_723_040, 1, image=(9, 9, 9))
        made = found or analysis(engine.space, [known, stranger])

        def analyse(*_: Any) -> VideoAnalysis:
            if isinstance(made, Exception):
                raise made
            return made

        monkeypatch.setattr(isolation, "analyse_isolated", analyse)

    tell()
    return tell


def test_intervals_are_shown_with_what_they_mean(
    run: RunCommand, gallery: None, clip: Path, show: object
) -> None:
    done = run("video", "identify", clip)
    assert (done.status, done.err) == (0, "")
    assert "searching 2 people with 2 faces in people; threshold: similarity 80.0" in done.out
    assert "expected false candidates in each search: 0.0002" in done.out
    assert "expected false candidates in this video: 0.0004" in done.out
    lines = [line.split() for line in done.out.splitlines() if line.strip().startswith("0:")]
    assert lines[0][:4] == ["0:00:01.0", "0:00:05.0", "Eileen", "Collins"]
    assert lines[0][-1] == "0:00:02.0"
    assert lines[1][:4] == ["0:01:01.0", "1:02:03.0", "unknown", "2"]
    assert "people: 2, tracks: 2" in " ".join(done.out.split())


def test_the_same_for_machines(run: RunCommand, gallery: None, clip: Path, show: object) -> None:
    (line,) = run("video", "identify", clip, "--json").lines
    first, second = line["appearances"]
    assert (line["video"], line["tracks"], line["kept"]) == (str(clip), 2, None)
    assert (line["info"]["width"], line["gallery_size"]) == (640, 2)
    assert first["candidates"][0]["user"] == "Eileen Collins"
    assert (first["from_ms"], first["to_ms"], first["best_ms"]) == (1000, 4960, 2000)
    assert (first["person"], second["person"], second["candidates"]) == (1, 2, [])


def test_nobody_known_is_a_negative_answer(
    run: RunCommand, gallery: None, clip: Path, engine: Engine, show: Callable[..., None]
) -> None:
    show(analysis(engine.space, []))
    done = run("video", "identify", clip)
    assert (done.status, "no face was found" in " ".join(done.out.split())) == (1, True)
    nobody = np.eye(2, engine.space.dimension, dtype=np.float32)[1]
    show(analysis(engine.space, [track(nobody)]))
    done = run("video", "identify", clip)
    assert (done.status, "unknown 1" in done.out) == (1, True)


def test_a_face_that_would_not_be_enrolled_is_named_only_on_request(
    run: RunCommand,
    gallery: None,
    clip: Path,
    engine: Engine,
    eileen_pixels: NDArray[np.uint8],
    show: Callable[..., None],
) -> None:
    (template,) = engine.embed(eileen_pixels, engine.detect(eileen_pixels))
    show(analysis(engine.space, [turned(track(template.vector))]))
    done = run("video", "identify", clip)
    why = "unknown 1, not searched: turned away: head pose 70 degrees, maximum 60"
    assert (done.status, why in done.out) == (1, True)
    ((appearance,),) = [a["appearances"] for a in run("video", "identify", clip, "--json").lines]
    assert appearance["candidates"] == []
    assert [(o["measure"], o["measured"]) for o in appearance["objections"]] == [("HeadPose", 70)]
    named = run("video", "identify", clip, "--any-quality")
    assert (named.status, "Eileen Collins" in named.out) == (0, True)


def test_thresholds_are_given_as_elsewhere(
    run: RunCommand, gallery: None, clip: Path, show: object
) -> None:
    line = run("video", "identify", clip, "--score", -1, "--top", 1, "--json").lines[0]
    assert [len(a["candidates"]) for a in line["appearances"]] == [1, 1]
    warned = run("video", "identify", clip, "--threshold", 10)
    assert "false candidates are expected for a stranger" in warned.err
    with pytest.raises(InputError, match="one threshold"):
        run("video", "identify", clip, "--score", 0, "--threshold", 10)


def test_warnings_of_the_analysis_are_told_on_standard_error(
    run: RunCommand, gallery: None, clip: Path, engine: Engine, show: Callable[..., None]
) -> None:
    show(analysis(engine.space, [], warnings=["3 damaged \x1b[2J frames"]))
    done = run("video", "identify", clip, "--json")
    assert done.err == f"warning: {clip}: 3 damaged \ufffd[2J frames\n"
    assert done.lines[0]["warnings"] == ["3 damaged \x1b[2J frames"]


def test_one_bad_video_does_not_keep_the_others_back(
    run: RunCommand, gallery: None, clip: Path, tmp_path: Path, show: Callable[..., None]
) -> None:
    done = run("video", "identify", tmp_path / "absent.mp4", tmp_path, clip, "--json")
    assert done.status == 2
    assert [line.get("error", {}).get("type") for line in done.lines] == [
        "InputError",
        "InputError",
        None,
    ]
    show(VideoWorkError("it broke down"))
    done = run("video", "identify", clip)
    assert (done.status, "it broke down" in done.err) == (2, True)


def test_tracks_are_kept_only_on_request(
    run: RunCommand, gallery: None, clip: Path, show: object
) -> None:
    run("video", "identify", clip)
    assert run("video", "tracks", "list", "--json").out == ""
    done = run("video", "identify", clip, "--keep", 30)
    assert "kept 2 tracks until" in done.out
    again = run("video", "identify", clip, "--keep", 7, "--json")
    assert (again.lines[0]["kept"]["tracks"], again.lines[0]["kept"]["replaced"]) == (2, 2)
    assert len(run("video", "tracks", "list", "--json").lines) == 2
    assert run("video", "identify", clip, "--keep", 0).status == 2


def test_a_page_is_written(
    run: RunCommand, gallery: None, clip: Path, tmp_path: Path, show: object
) -> None:
    target = tmp_path / "deep" / "out.html"
    done = run("video", "identify", clip, "--report", target)
    assert (done.status, f"report: {target}" in done.out.replace("\n", "")) == (0, True)
    assert "Eileen Collins" in target.read_text(encoding="utf-8")
    assert [path.name for path in target.parent.iterdir()] == ["out.html"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--blur-unknown"], "is for --annotate"),
        (["--report", "out.pdf"], "must end in .html"),
        (["--annotate", "out.avi"], "must end in .mp4"),
        (["--annotate", "{clip}"], "would overwrite"),
        (["--report", "out.html", "{clip}"], "one video at a time"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said_before_any_work(
    run: RunCommand,
    gallery: None,
    clip: Path,
    options: list[str],
    message: str,
    show: Callable[..., None],
) -> None:
    show(AssertionError("analysed in vain"))
    words = [word.format(clip=clip) for word in options]
    with pytest.raises(InputError, match=message):
        run("video", "identify", clip, *words)


def test_a_report_that_cannot_be_written_is_an_error(
    run: RunCommand, gallery: None, clip: Path, show: object
) -> None:
    done = run("video", "identify", clip, "--report", clip / "out.html")
    assert (done.status, "cannot write" in done.err) == (2, True)


def test_an_unknown_collection_is_not_found(run: RunCommand, clip: Path) -> None:
    with pytest.raises(NotFoundError):
        run("video", "identify", clip, "--collection", "nobody")


@pytest.mark.parametrize("missing", ["av", "jinja2"])
def test_what_is_missing_is_said(
    run: RunCommand, clip: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(InputError, match=r"pip install 'reknown\[video\]'"):
        run("video", "identify", clip)


def test_the_ledger_has_the_search_before_anything_is_shown(
    run: RunCommand, gallery: None, clip: Path, show: object
) -> None:
    run("video", "identify", clip, "--keep", 1)
    identified, kept = run("ledger", "--json").lines[-2:]
    assert (identified["operation"], kept["operation"]) == ("identify", "keep sightings")
    assert [len(found) for found in identified["record"]["candidates"]] == [1, 0]
    assert "party" not in json.dumps([identified, kept])
