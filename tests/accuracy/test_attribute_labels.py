"""The labels made by eye: complete, consistent, and of images that exist."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
JUDGED = ("eyes_open", "mouth_open", "eyeglasses", "sunglasses", "smile", "occluded")
GAZES = {"left", "right", "up", "down", "centre", ""}


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def labels() -> list[dict[str, str]]:
    return _rows("attribute_labels.csv")


def test_every_field_is_a_judgement_or_empty(labels: list[dict[str, str]]) -> None:
    for row in labels:
        assert list(row) == ["image", *JUDGED, "gaze", "sample"]
        assert {row[name] for name in JUDGED} <= {"yes", "no", ""}, row
        assert row["gaze"] in GAZES, row
        assert row["sample"] in {"random", "picked"}, row


def test_labels_of_a_face_agree_with_each_other(labels: list[dict[str, str]]) -> None:
    for row in labels:
        assert row["sunglasses"] != "yes" or row["eyeglasses"] == "yes", row
        assert row["eyes_open"] != "no" or not row["gaze"], row


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("eyes_open", "no", 60),
        ("mouth_open", "yes", 100),
        ("mouth_open", "no", 100),
        ("eyeglasses", "yes", 60),
        ("sunglasses", "yes", 25),
        ("occluded", "yes", 30),
        ("sample", "random", 200),
    ],
)
def test_rare_labels_are_many_enough_to_measure_with(
    labels: list[dict[str, str]], name: str, value: str, least: int
) -> None:
    assert Counter(row[name] for row in labels)[value] >= least


def test_an_image_is_labelled_once_and_alike_everywhere(labels: list[dict[str, str]]) -> None:
    eyes = {row["image"]: row["eyes_open"] for row in labels}
    scanned = {row["image"]: row["eyes_open"] for row in _rows("eyes_scan.csv")}
    assert (len(eyes), len(scanned)) == (len(labels), 600)
    assert set(scanned.values()) <= {"yes", "no", ""}
    shared = eyes.keys() & scanned.keys()
    assert {image: eyes[image] for image in shared} == {image: scanned[image] for image in shared}


def test_turned_faces_are_listed_on_every_side() -> None:
    rows = _rows("turned_faces.csv")
    turns = Counter(row["turn"] for row in rows)
    assert len({row["image"] for row in rows}) == len(rows)
    assert turns.keys() == {"left", "right", "up", "down"}
    assert turns["left"] + turns["right"] >= 60
    assert turns["up"] + turns["down"] >= 40


def test_every_labelled_image_exists(shared: Path) -> None:
    if not (shared / "data" / "lfw-view2").is_dir():
        pytest.skip("LFW is not here")
    names = ("attribute_labels.csv", "eyes_scan.csv", "turned_faces.csv")
    images = {row["image"] for name in names for row in _rows(name)}
    assert [image for image in images if not (shared / "data" / image).is_file()] == []
