from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import ImageOps

from reknown.biometrics.errors import InputError
from reknown.cli.demo_images import EILEEN, GRACE, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    """Two images each of two people, with groups."""
    rows = ["image,subject,group"]
    for portrait, name in ((EILEEN, "e"), (GRACE, "g")):
        image = portrait.crop()
        for number, shown in enumerate((image, ImageOps.mirror(image))):
            (tmp_path / f"{name}{number}.jpg").write_bytes(jpeg(shown))
            rows.append(f"{name}{number}.jpg,{name},{name.upper()}")
    path = tmp_path / "people.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def one_side(folder: Path, name: str, images: dict[str, bytes]) -> Path:
    for number, (person, data) in enumerate(images.items()):
        target = folder / name / person
        target.mkdir(parents=True)
        (target / f"{number}.jpg").write_bytes(data)
    return folder / name


def test_groups_of_a_tiny_set_get_no_figure(run: RunCommand, portraits: Path) -> None:
    done = run("evaluate", "groups", portraits)
    assert done.status == 0
    assert "29 more are needed" in done.out
    assert "too little data for a ratio" in done.out
    figures = json.loads(run("evaluate", "groups", portraits, "--json").out)
    assert figures["fmr"]["trials"] == 4
    assert [group["subjects"] for group in figures["columns"][0]["groups"]] == [1, 1]
    again = run("evaluate", "groups", portraits, "--json").out
    assert json.loads(again) == figures


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--by", "colour"], "no group column"),
        (["--fmr", "1e-4"], "cannot show FMR"),
        (["--fmr", "0.1", "--similarity", "80"], "not both"),
        (["--scores", "x.csv"], "give IMAGES, or"),
    ],
)
def test_groups_refuses_in_words(
    run: RunCommand, portraits: Path, more: list[str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        run("evaluate", "groups", portraits, *more)


def test_groups_of_scores(run: RunCommand, tmp_path: Path) -> None:
    rows = ["score,mated,subject_a,subject_b,group_a,group_b"]
    for one in range(64):
        rows.append(f"0.9,1,{one},{one},{one % 2},{one % 2}")
        rows += [
            f"{0.8 if one % 2 == other % 2 == 0 and (one + other) % 10 == 0 else 0.1},0,"
            f"{one},{other},{one % 2},{other % 2}"
            for other in range(one)
        ]
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(rows) + "\n")
    figures = json.loads(run("evaluate", "groups", "--scores", path, "--fmr", 0.1, "--json").out)
    assert figures["columns"][0]["differentials"]["FMR"]["worst"] == "0"
    with pytest.raises(InputError, match="give --fmr"):
        run("evaluate", "groups", "--scores", path)
    with pytest.raises(InputError, match="for images"):
        run("evaluate", "groups", "--scores", path, "--fmr", 0.1, "--by", "group")


def test_identify_of_a_tiny_set(run: RunCommand, portraits: Path) -> None:
    done = run("evaluate", "identify", portraits, "--json")
    (gallery,) = json.loads(done.out)["galleries"]
    assert gallery["gallery_size"] == 1
    assert gallery["non_mated_searches"] == 2
    text = run("evaluate", "identify", portraits, "--size", 1).out
    assert "cannot show FPIR 0.003" in text
    assert "Growth of the gallery" not in text  # nothing but images
    asked = run("evaluate", "identify", portraits, "--similarity", 92.5, "--json").out
    names = [point["name"] for point in json.loads(asked)["galleries"][0]["points"]]
    assert names[0] == "similarity 92.5"
    assert not any(name == "similarity 80" for name in names)


def test_identify_plans_a_threshold_without_images(run: RunCommand, portraits: Path) -> None:
    done = run("evaluate", "identify", "--gallery-size", 100, "--fpir", 0.01)
    assert "79.98" in done.out
    with pytest.raises(InputError, match="extrapolation refused"):
        run("evaluate", "identify", "--gallery-size", 10_000_000, "--fpir", 0.001)
    with pytest.raises(InputError, match="one --fpir"):
        run("evaluate", "identify", "--gallery-size", 100)
    with pytest.raises(InputError, match="leave IMAGES out"):
        run("evaluate", "identify", portraits, "--gallery-size", 100, "--fpir", 0.1)
    with pytest.raises(InputError, match="leave --similarity out"):
        run("evaluate", "identify", "--gallery-size", 9, "--fpir", 0.1, "--similarity", 80)
    with pytest.raises(InputError, match="give IMAGES"):
        run("evaluate", "identify")


def test_the_congress_test(run: RunCommand, tmp_path: Path, eileen: bytes, grace: bytes) -> None:
    gallery = one_side(tmp_path, "gallery", {"Grace": grace})
    probes = one_side(tmp_path, "probes", {"Eileen": eileen})
    done = run("evaluate", "audit", "congress", gallery, probes, "--json")
    figures = json.loads(done.out)
    assert [row["fpir"]["errors"] for row in figures["thresholds"]] == [0, 0, 0]
    assert [row["fpir"]["trials"] for row in figures["thresholds"]] == [1, 1, 1]
    text = run("evaluate", "audit", "congress", gallery, probes, "--scores", "-1").out
    assert "1 of 1" in text
    for more, words in (
        (["--thresholds", "80,x"], "numbers with commas"),
        (["--thresholds", "101"], "must be between 0 and 100"),
        (["--by", "group"], "no group column"),
    ):
        with pytest.raises(InputError, match=words):
            run("evaluate", "audit", "congress", gallery, probes, *more)
    renamed = one_side(tmp_path, "renamed", {"Somebody": grace})
    with pytest.raises(InputError, match="same file"):
        run("evaluate", "audit", "congress", gallery, renamed)
    with pytest.raises(InputError, match="1 subject is in the gallery"):
        run("evaluate", "audit", "congress", gallery, gallery)
