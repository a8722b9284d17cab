"""What the pack `attributes` says of real faces whose owners or labels say the same."""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from decoding import decode_image
from reknown.vision.analyze import Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.faces import DetectedFace, FaceAttributes
    from reknown.vision.analyze import Engine

_DATA = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data"
_LABELS = Path(__file__).with_name("attribute_labels.csv")
_VOLUNTEERS, _IMAGES = 30, 120

needs_volunteers = pytest.mark.skipif(
    not (_DATA / "london").is_dir(), reason=f"no images of volunteers in {_DATA}"
)
needs_labels = pytest.mark.skipif(
    not (_LABELS.is_file() and (_DATA / "lfw-view2").is_dir()),
    reason=f"no labels beside this test, or no images in {_DATA}",
)


@pytest.fixture(scope="module")
def volunteers(engine: Engine) -> list[DetectedFace]:
    """Of even numbers, on which nothing was fitted, looking into the camera."""
    paths = sorted((_DATA / "london" / "neutral_front").glob("*.jpg"))
    even = [path for path in paths if int(path.stem[:3]) % 2 == 0][:_VOLUNTEERS]
    return [_face(engine, path) for path in even]


@needs_volunteers
def test_volunteers_look_into_the_camera(volunteers: list[DetectedFace]) -> None:
    for face in volunteers:
        gaze = _told(face).gaze
        assert gaze is not None
        assert max(abs(gaze.yaw), abs(gaze.pitch)) < 15
        assert max(abs(face.pose.yaw), abs(face.pose.pitch), abs(face.pose.roll)) < 20
    far = [f for f in volunteers if abs(f.pose.yaw) > 6 or abs(f.pose.pitch) > 10]
    assert len(far) <= _VOLUNTEERS / 5


@needs_volunteers
def test_volunteers_have_open_eyes_and_wear_nothing_over_them(
    volunteers: list[DetectedFace],
) -> None:
    for face in volunteers:
        found = _told(face)
        assert found.eyes_open is not None
        assert found.eyes_open.value
        assert found.sunglasses is not None
        assert not found.sunglasses.value
        assert found.smile is not None
    assert sum(_told(face).smile.value for face in volunteers) <= 1  # type: ignore[union-attr]


@needs_labels
@pytest.mark.parametrize(
    ("attribute", "missed", "false"),
    [
        # the upper limits of the intervals on the model card
        ("eyes_open", 0.03, 0.5),
        ("mouth_open", 0.15, 0.25),
        ("smile", 0.35, 0.12),
        ("sunglasses", 0.4, 0.04),
    ],
)
def test_errors_stay_what_they_were_on_people_that_nothing_was_fitted_on(
    engine: Engine, attribute: str, missed: float, false: float
) -> None:
    said: dict[bool, list[bool]] = {True: [], False: []}
    for path, label in _labelled(attribute):
        judged = getattr(_told(_face(engine, path)), attribute)
        said[label].append(judged.value)
    assert min(len(said[True]), len(said[False])) >= 15
    assert said[True].count(False) <= missed * len(said[True])
    assert said[False].count(True) <= false * len(said[False])


def _labelled(attribute: str) -> Iterator[tuple[Path, bool]]:
    """As many of either as there are, up to a limit, of the half that was counted on."""
    kept = {"yes": 0, "no": 0}
    with _LABELS.open() as file:
        for row in csv.DictReader(file):
            label, path = row[attribute], Path(row["image"])
            fitted = hashlib.sha256(path.parent.name.encode()).digest()[0] % 2 == 0
            if fitted or not label or kept[label] == _IMAGES // 4:
                continue
            kept[label] += 1
            yield _DATA / path, label == "yes"


def _face(engine: Engine, path: Path) -> DetectedFace:
    """The one nearest to the middle."""
    faces = engine.detect(decode_image(path.read_bytes()).pixels, Look.ATTRIBUTES)
    return min(
        faces,
        key=lambda face: (
            abs(face.box.left + face.box.width / 2 - 0.5)
            + abs(face.box.top + face.box.height / 2 - 0.5)
        ),
    )


def _told(face: DetectedFace) -> FaceAttributes:
    assert face.attributes is not None
    return face.attributes
