"""Other packs than the default one, and galleries made with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import old_galleries
from portraits import mirrored_grace
from reknown.biometrics.errors import ModelNotFoundError, SpaceMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.vision.analyze import Engine
    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


@pytest.fixture
def grace_jpg(tmp_path: Path) -> Path:
    """Grace as she is not enrolled."""
    path = tmp_path / "grace.jpg"
    path.write_bytes(mirrored_grace())
    return path


def _enrolled_now(run: RunCommand, people: Path) -> None:
    assert run("enroll", people, "--pack", "public-domain").status == 0


@pytest.fixture(params=["now", "by the previous release"])
def gallery(
    request: pytest.FixtureRequest,
    run: RunCommand,
    people: Path,
    tmp_path: Path,
    public_domain: Engine,
) -> None:
    """Both people, enrolled with the pack that was the default one."""
    if request.param == "now":
        _enrolled_now(run, people)
        return
    images = {folder.name: (folder / "1.jpg").read_bytes() for folder in sorted(people.iterdir())}
    old_galleries.before_magnitudes(
        tmp_path / "data", old_galleries.references(public_domain, images)
    )


def test_people_enrolled_with_another_pack_are_identified_as_before(
    run: RunCommand, gallery: None, grace_jpg: Path
) -> None:
    (line,) = run("identify", grace_jpg, "--json").lines
    (candidate,) = line["faces"][0]["search"]["candidates"]
    assert candidate["user"] == "Grace Hopper"
    assert candidate["similarity"] > 95
    assert candidate["false_match_rate"] <= 1e-5
    assert line["faces"][0]["search"]["threshold"] == pytest.approx(0.985699)
    shown = run("identify", grace_jpg)
    assert (shown.status, "Grace Hopper" in shown.out) == (0, True)
    assert "threshold: similarity 80.0" in shown.out


def test_a_stranger_stays_unknown_to_it(
    run: RunCommand, people: Path, grace_jpg: Path, tmp_path: Path
) -> None:
    plan = people / "plan.csv"
    plan.write_text("image,subject\nEileen Collins/1.jpg,Eileen\n")
    assert run("enroll", plan, "--pack", "public-domain").status == 0
    assert run("identify", grace_jpg).status == 1


def test_its_faces_have_no_magnitude(run: RunCommand, gallery: None) -> None:
    faces = run("faces", "list", "--json").lines
    assert [(face["user"], face["magnitude"]) for face in faces] == [
        ("Eileen Collins", None),
        ("Grace Hopper", None),
    ]
    assert "Grace Hopper" in run("faces", "list").out


def test_more_people_are_enrolled_with_its_own_pack(
    run: RunCommand, gallery: None, people: Path, grace_jpg: Path
) -> None:
    again = run("enroll", people)
    assert "0 images enrolled, 2 were in already, 0 refused" in again.out
    grace_jpg.rename(people / "Grace Hopper" / "2.jpg")
    assert "1 image enrolled, 2 were in already" in run("enroll", people).out
    assert [face["magnitude"] for face in run("faces", "list", "--json").lines] == [None] * 3
    (shown,) = run("collections", "show", "people", "--json").lines
    assert (shown["space"]["pack"], shown["space"]["dimension"]) == ("public-domain", 384)


def test_another_pack_is_not_mixed_in(run: RunCommand, gallery: None, people: Path) -> None:
    with pytest.raises(SpaceMismatchError):
        run("enroll", people, "--pack", "opencv")
    assert len(run("faces", "list", "--json").lines) == 2


def test_a_new_collection_beside_it_takes_the_default_pack(
    run: RunCommand, gallery: None, people: Path, grace_jpg: Path
) -> None:
    assert run("enroll", people, "-c", "new").status == 0
    packs = {c["name"]: c["space"]["pack"] for c in run("collections", "list", "--json").lines}
    assert packs == {"people": "public-domain", "new": "opencv"}
    for collection in packs:
        (line,) = run("identify", grace_jpg, "-c", collection, "--json").lines
        (candidate,) = line["faces"][0]["search"]["candidates"]
        assert candidate["user"] == "Grace Hopper"
        assert candidate["similarity"] > 95


def test_a_collection_is_made_for_the_pack_that_is_named(run: RunCommand) -> None:
    (default,) = run("collections", "create", "a", "--json").lines
    (named,) = run("collections", "create", "b", "--pack", "public-domain", "--json").lines
    assert (default["space"]["pack"], default["space"]["dimension"]) == ("opencv", 128)
    assert (named["space"]["pack"], named["space"]["dimension"]) == ("public-domain", 384)


def test_images_are_compared_with_the_pack_that_is_named(
    run: RunCommand, people: Path, grace_jpg: Path
) -> None:
    enrolled = people / "Grace Hopper" / "1.jpg"
    scores = []
    for more in ((), ("--pack", "public-domain")):
        (line,) = run("compare", enrolled, grace_jpg, "--json", *more).lines
        (face,) = line["faces"]
        assert face["comparison"]["accepted"] is True
        assert face["comparison"]["similarity"] > 95
        scores.append(face["comparison"]["score"])
    assert scores[0] < 0.99 < scores[1]


_WITH_PACK = {
    "detect": ["a.jpg"],
    "compare": ["a.jpg", "b.jpg"],
    "enroll": ["people"],
    "collections create": ["x"],
    "serve": [],
    "worker": ["--buckets", "."],
    "evaluate verify": ["people"],
    "evaluate identify": ["people"],
    "evaluate groups": ["people"],
    "evaluate calibrate": ["people"],
    "evaluate audit congress": ["people", "others"],
}


@pytest.mark.parametrize("command", _WITH_PACK)
def test_accurate_is_no_option_any_more(run: RunCommand, command: str) -> None:
    done = run(*command.split(), *_WITH_PACK[command], "--accurate")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[-1].startswith("Error: No such option: --accurate")


@pytest.mark.parametrize("command", ["detect", "compare", "enroll", "collections create"])
def test_an_unknown_pack_is_named(
    run: RunCommand, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes((people / "Grace Hopper" / "1.jpg").read_bytes())
    with pytest.raises(ModelNotFoundError, match="no-such-pack"):
        run(*command.split(), *_WITH_PACK[command], "--pack", "no-such-pack")
