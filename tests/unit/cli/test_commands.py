from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from portraits import spoilt
from reknown.biometrics.errors import (
    AlreadyExistsError,
    InputError,
    ModelNotFoundError,
    NoFaceError,
    NotFoundError,
    ReknownError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


@pytest.fixture
def eileen_jpg(people: Path) -> Path:
    return people / "Eileen Collins" / "1.jpg"


@pytest.fixture
def grace_jpg(people: Path) -> Path:
    return people / "Grace Hopper" / "1.jpg"


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    path = tmp_path / "blank.png"
    Image.new("RGB", (100, 100)).save(path)
    return path


@pytest.fixture
def gallery(run: RunCommand, people: Path) -> None:
    """Both people enrolled."""
    assert run("enroll", people).status == 0


def test_detect_shows_the_faces(run: RunCommand, eileen_jpg: Path) -> None:
    done = run("detect", eileen_jpg)
    assert done.status == 0
    assert "300 x 300 pixels, faces: 1" in " ".join(done.out.split())  # however long the path
    (line,) = run("detect", eileen_jpg, "--json").lines
    (face,) = line["faces"]
    assert line["image"] == str(eileen_jpg)
    assert set(face) == {"box", "landmarks", "confidence", "pose", "quality", "attributes"}
    assert 0 <= face["quality"]["unified_score"]["score"] <= 100
    assert face["quality"]["magnitude"]["native"] == pytest.approx(12.8, abs=0.5)
    scores = [face["quality"][measure]["score"] for measure in ("magnitude", "unified_score")]
    assert _last_row(done)[-2:] == [str(score) for score in scores]


def test_detect_leaves_open_what_a_pack_does_not_measure(run: RunCommand, eileen_jpg: Path) -> None:
    assert _last_row(run("detect", eileen_jpg, "--pack", "public-domain"))[-2] == "-"
    (line,) = run("detect", eileen_jpg, "--pack", "public-domain", "--json").lines
    assert line["faces"][0]["quality"]["magnitude"] is None


def _last_row(done: Run) -> list[str]:
    return [line.split() for line in done.out.splitlines() if line.strip()][-1]


def test_detect_says_when_there_is_no_face(run: RunCommand, blank: Path) -> None:
    done = run("detect", blank)
    assert (done.status, "faces: 0" in done.out) == (1, True)
    assert run("detect", blank, "--json").lines[0]["faces"] == []


def test_one_bad_image_does_not_keep_the_others_back(
    run: RunCommand, eileen_jpg: Path, blank: Path, tmp_path: Path
) -> None:
    absent = tmp_path / "absent.jpg"
    done = run("detect", blank, absent, eileen_jpg, "--json")
    assert done.status == 2
    assert [line["image"] for line in done.lines] == [str(blank), str(absent), str(eileen_jpg)]
    assert done.lines[1]["error"]["type"] == "InputError"
    text = run("detect", absent, eileen_jpg)
    assert text.status == 2
    assert "cannot read" in text.err


def test_compare_tells_same_from_different(
    run: RunCommand, eileen_jpg: Path, grace_jpg: Path
) -> None:
    same, different = run("compare", eileen_jpg, eileen_jpg), run("compare", eileen_jpg, grace_jpg)
    assert (same.status, different.status) == (0, 1)
    assert "above threshold" in same.out
    assert "below threshold" in different.out
    (line,) = run("compare", eileen_jpg, eileen_jpg, "--json").lines
    assert line["faces"][0]["comparison"]["accepted"] is True
    assert line["faces"][0]["comparison"]["score"] == pytest.approx(1, abs=1e-5)


def test_poor_images_are_compared_and_enrolled_where_that_is_wanted(
    run: RunCommand, people: Path, eileen_jpg: Path, tmp_path: Path
) -> None:
    poor = people / "Eileen Collins" / "2.jpg"
    poor.write_bytes(spoilt()["LOW_SHARPNESS"])
    (line,) = run("compare", poor, eileen_jpg, "--json").lines
    assert len(line["faces"]) == 1
    plan = people / "plan.csv"
    plan.write_text("image,subject\nEileen Collins/2.jpg,Eileen\n")
    refused = run("enroll", plan)
    assert (refused.status, "the face is too blurry" in refused.out) == (1, True)
    assert run("enroll", plan, "--any-quality").status == 0


def test_compare_needs_a_face(run: RunCommand, eileen_jpg: Path, blank: Path) -> None:
    with pytest.raises(NoFaceError, match="reference"):
        run("compare", eileen_jpg, blank)


def test_enroll_counts_and_goes_on_where_it_stopped(run: RunCommand, people: Path) -> None:
    first, second = run("enroll", people), run("enroll", people)
    assert (first.status, second.status) == (0, 0)
    assert "2 people; 2 images enrolled, 0 were in already, 0 refused" in first.out
    assert "2 people; 0 images enrolled, 2 were in already, 0 refused" in second.out


def test_enroll_says_what_it_refused_and_why(run: RunCommand, people: Path, blank: Path) -> None:
    blank.rename(people / "Grace Hopper" / "2.png")
    done = run("enroll", people)
    assert done.status == 1
    assert "no face found" in done.out
    lines = run("enroll", people, "--json").lines
    assert [line["outcome"] for line in lines] == ["already enrolled"] * 2 + ["refused"]
    assert [line["face_id"] is None for line in lines] == [False, False, True]


def test_enroll_takes_a_csv(run: RunCommand, people: Path) -> None:
    plan = people / "plan.csv"
    plan.write_text("image,subject\nGrace Hopper/1.jpg,Grace\n")
    assert [line["subject"] for line in run("enroll", plan, "--json").lines] == ["Grace"]


def test_identify_names_candidates(run: RunCommand, gallery: None, eileen_jpg: Path) -> None:
    done = run("identify", eileen_jpg)
    assert done.status == 0
    assert "Eileen Collins" in done.out
    assert "searching 2 people with 2 faces in people; threshold: similarity 80.0" in done.out
    (line,) = run("identify", eileen_jpg, "--json").lines
    search = line["faces"][0]["search"]
    assert search["candidates"][0]["user"] == "Eileen Collins"
    assert search["gallery_size"] == 2


@pytest.mark.parametrize("command", ["identify", "detect"])
def test_folders_of_images_are_walked(
    run: RunCommand, gallery: None, eileen_jpg: Path, tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "photos"
    for name in ("b/1.jpg", "a.jpg", ".trash/2.jpg", "b/notes.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(eileen_jpg.read_bytes())
    done = run(command, folder, eileen_jpg, "--json")
    assert [line["image"] for line in done.lines] == [
        str(folder / "a.jpg"),
        str(folder / "b" / "1.jpg"),
        str(eileen_jpg),
    ]
    assert "left out: 1 files that are no images" in done.err
    assert "left out: 1 hidden files" in done.err
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no images in"):
        run(command, tmp_path / "empty")


def test_who_is_not_there_is_not_asked_about(run: RunCommand, gallery: None) -> None:
    with pytest.raises(NotFoundError, match="'NOBODY' does not exist"):
        run("users", "delete", "NOBODY", answer="n")


def test_identify_says_when_nobody_is_known(
    run: RunCommand, people: Path, eileen_jpg: Path, grace_jpg: Path
) -> None:
    plan = people / "plan.csv"
    plan.write_text("image,subject\nGrace Hopper/1.jpg,Grace\n")
    run("enroll", plan)
    done = run("identify", eileen_jpg)
    assert (done.status, "no candidate" in done.out) == (1, True)
    assert run("identify", eileen_jpg, "--json").lines[0]["faces"][0]["search"]["candidates"] == []


def test_identify_warns_when_false_candidates_are_to_be_expected(
    run: RunCommand, gallery: None, eileen_jpg: Path
) -> None:
    for also in ([], ["--json"]):
        warned = run("identify", eileen_jpg, "--threshold", 10, *also)
        assert warned.err.count("\n") == 1
        assert "false candidates" in warned.err
        assert ("expected false candidates in each search" in warned.out) == (not also)
        assert "false candidates" not in run("identify", eileen_jpg, *also).err


def test_top_limits_the_candidates(run: RunCommand, gallery: None, eileen_jpg: Path) -> None:
    line = run("identify", eileen_jpg, "--json", "--score", -1, "--top", 1).lines[0]
    assert len(line["faces"][0]["search"]["candidates"]) == 1


@pytest.mark.parametrize("command", ["identify", "compare"])
def test_a_threshold_is_given_once(
    run: RunCommand, gallery: None, eileen_jpg: Path, command: str
) -> None:
    images = [eileen_jpg] * (2 if command == "compare" else 1)
    with pytest.raises(InputError, match="one threshold"):
        run(command, *images, "--threshold", 80, "--score", 0.5)


@pytest.mark.parametrize("option", ["--threshold", "--score"])
def test_nan_is_no_threshold(run: RunCommand, eileen_jpg: Path, option: str) -> None:
    done = run("compare", eileen_jpg, eileen_jpg, option, "nan", "--json")
    assert (done.status, done.out) == (2, "")


def test_collections_tell_their_rules(run: RunCommand, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('purposes = ["reunion"]\nsuspended = true\n')
    run("collections", "create", "free")
    run("collections", "create", "ruled", "--policy", rules)
    shown = run("collections", "show", "ruled").out
    assert shown.endswith(f"\n{rules.read_text()}")
    assert "reunion" not in run("collections", "show", "free").out
    assert run("collections", "list").out.count("suspended") == 1
    free, ruled = run("collections", "list", "--json").lines
    assert (free["policy"], ruled["policy"]["purposes"]) == (None, ["reunion"])


def test_collections_are_made_shown_tagged_and_deleted(run: RunCommand) -> None:
    assert "no collections yet" in run("collections", "list").out
    made = run("collections", "create", "staff", "--tag", "site=Oslo", "--json")
    assert made.lines[0]["tags"] == {"site": "Oslo"}
    assert "site=Oslo" in run("collections", "list").out
    tagged = run("collections", "tag", "staff", "floor=2", "--remove", "site", "--json")
    assert tagged.lines[0]["tags"] == {"floor": "2"}
    shown = run("collections", "show", "staff", "--json").lines[0]
    assert (shown["name"], shown["faces"], shown["users"]) == ("staff", 0, 0)
    assert "staff" in run("collections", "show", "staff").out
    assert run("collections", "delete", "staff", answer="n\n").status == 1
    assert run("collections", "list", "--json").lines
    assert run("collections", "delete", "staff", answer="y\n").status == 0
    assert run("collections", "list", "--json").lines == []


def test_deleting_does_not_ask_when_told(run: RunCommand, gallery: None) -> None:
    assert run("collections", "delete", "people", "--yes").status == 0


def test_what_is_told_of_a_user_replaces_what_was_told(run: RunCommand, gallery: None) -> None:
    words = ("users", "describe", "Grace Hopper")
    told = run(
        *words, "--url", "example.org/a", "--url", "example.org/b", "--known-gender", "female"
    )
    assert told.out == "Grace Hopper: 2 addresses, known as female\n"
    profiles = [user["profile"] for user in run("users", "list", "--json").lines]
    assert {"urls": ["example.org/a", "example.org/b"], "known_gender": "female"} in profiles
    assert run(*words, "--url", "example.org/c").out == "Grace Hopper: 1 address\n"
    assert run(*words, "--json").lines[0]["profile"] == {"urls": [], "known_gender": None}
    assert run(*words, "--known-gender", "male and female").status == 2


def test_users_are_listed_and_deleted(run: RunCommand, gallery: None) -> None:
    assert "Grace Hopper" in run("users", "list").out
    assert [user["faces"] for user in run("users", "list", "--json").lines] == [1, 1]
    deleted = run("users", "delete", "Grace Hopper", "--yes").out
    assert "deleted Grace Hopper and 1 face\n" in deleted
    assert run("users", "delete", "Eileen Collins", "--keep-faces", "-y").status == 0
    assert [face["user"] for face in run("faces", "list", "--json").lines] == [None]


def test_faces_are_listed_and_deleted(run: RunCommand, gallery: None) -> None:
    first, second = (face["face_id"] for face in run("faces", "list", "--json").lines)
    assert first in run("faces", "list").out.replace("\n", "")
    (mine,) = run("faces", "list", "--user", "Grace Hopper", "--json").lines
    assert mine["image"]["name"] == "1.jpg"
    assert mine["magnitude"] == pytest.approx(12.2, abs=0.5)
    assert run("faces", "delete", first).status == 0
    done = run("faces", "delete", first, second)
    assert (done.status, "deleted 1 face\n" in done.out) == (1, True)
    assert f"face {first} does not exist" in done.err


def test_the_ledger_tells_everything(run: RunCommand, gallery: None, eileen_jpg: Path) -> None:
    run("identify", eileen_jpg)
    run("collections", "create", "other")
    operations = [event["operation"] for event in run("ledger", "--json").lines]
    expected = ["create collection", "enrol", "enrol", "identify", "create collection"]
    assert operations == ["adopt master key", *expected]
    assert len(run("ledger", "--json", "-c", "other").lines) == 1
    assert "identify" in run("ledger").out


def test_doctor_finds_this_installation_sound(run: RunCommand) -> None:
    done = run("doctor")
    assert (done.status, "FAILED" in done.out) == (0, False)
    assert all(check["passed"] for check in run("doctor", "--json").lines)


def test_doctor_reports_what_is_broken(run: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("doctor", "--data", tmp_path / "file")
    assert (done.status, "FAILED" in done.out) == (1, True)
    missing = run("doctor", "--pack", "opencv-zoo", "--json")
    assert missing.status == 1
    failed = [check["name"] for check in missing.lines if not check["passed"]]
    assert failed == ["model pack"]


def test_models_are_listed_with_what_is_here(run: RunCommand) -> None:
    states = {pack["name"]: pack["state"] for pack in run("models", "list", "--json").lines}
    assert (states["opencv"], states["public-domain"]) == ("ready", "ready")
    assert states["opencv-zoo"] == "not fetched"
    assert "opencv-zoo" in run("models", "list").out


@pytest.mark.parametrize("pack", ["opencv", "public-domain", "opencv-zoo"])
def test_a_model_is_shown_with_its_licences(run: RunCommand, pack: str) -> None:
    done = run("models", "show", pack)
    assert done.status == 0
    assert "licence" in done.out
    (line,) = run("models", "show", pack, "--json").lines
    assert line["name"] == pack
    assert set(line["states"].values()) <= {"ready", "missing"}


def test_verify_leaves_out_what_was_never_fetched_unless_it_is_named(run: RunCommand) -> None:
    every = run("models", "verify", "--json")
    assert every.status == 0
    assert {line["state"] for line in every.lines} == {"ready"}
    assert "opencv-zoo" not in run("models", "verify").out
    named = run("models", "verify", "opencv-zoo")
    assert (named.status, "missing" in named.out) == (1, True)


def test_a_pack_from_packages_needs_no_pull(run: RunCommand) -> None:
    for pack in ("opencv", "public-domain"):
        assert f"{pack} is ready" in run("models", "pull", pack).out


@pytest.mark.parametrize("name", ["nothing", "../etc", "", "a b"])
@pytest.mark.parametrize("command", ["pull", "show", "verify"])
def test_an_unknown_pack_is_named_with_those_that_there_are(
    run: RunCommand, command: str, name: str
) -> None:
    if command == "verify" and not name:
        pytest.skip("no name means all")
    with pytest.raises(ModelNotFoundError, match="public-domain"):
        run("models", command, name)


def test_a_pack_that_was_not_fetched_says_how_to_get_it(run: RunCommand, eileen_jpg: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="reknown models pull"):
        run("detect", eileen_jpg, "--pack", "opencv-zoo")


def test_errors_name_what_is_missing(run: RunCommand, eileen_jpg: Path, tmp_path: Path) -> None:
    cases: list[tuple[list[object], type[ReknownError]]] = [
        (["identify", eileen_jpg, "-c", "nobody"], NotFoundError),
        (["collections", "show", "nobody"], NotFoundError),
        (["collections", "delete", "nobody", "--yes"], NotFoundError),
        (["users", "delete", "nobody", "--yes"], NotFoundError),
        (["faces", "list", "-c", "nobody"], NotFoundError),
        (["enroll", tmp_path / "absent"], InputError),
        (["collections", "create", "x", "--tag", "novalue"], InputError),
        (["collections", "create", ""], InputError),
        (["enroll", eileen_jpg.parent.parent, "--pack", "a"], ModelNotFoundError),
    ]
    for words, error in cases:
        with pytest.raises(error):
            run(*words)


def test_a_name_is_taken_once(run: RunCommand) -> None:
    run("collections", "create", "staff")
    with pytest.raises(AlreadyExistsError):
        run("collections", "create", "staff")


@pytest.mark.parametrize(
    "words",
    [
        ["identify"],
        ["nonsense"],
        ["detect", "a.jpg", "--nonsense"],
        ["compare", "a", "b", "-t", "101"],
        ["identify", "a", "--top", "0"],
        ["compare", "a", "b", "--score", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_two(run: RunCommand, words: list[str]) -> None:
    done = run(*words)
    assert (done.status, bool(done.err)) == (2, True)


def test_a_consent_to_a_text_without_end_is_refused(run: Callable[..., Run]) -> None:
    run("collections", "create", "people")
    with pytest.raises(InputError, match="/dev/zero has more than 10,000,000 bytes"):
        run("consent", "give", "Grace", "--text", "/dev/zero", "--basis", "signed")


def test_the_console_is_found_at_the_port_of_its_server(run: RunCommand) -> None:
    found = run("console", "--host", "127.0.0.1", "--port", "9100")
    assert found.out.startswith("http://127.0.0.1:9100/console/sign-in?link=")
