from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest

from reknown.api import shapes, wire_faces
from reknown.biometrics.quality_filter import Objection, Reason
from reknown.biometrics.records import FaceRecord, ImageRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine


@pytest.fixture(scope="session")
def face(engine: Engine, eileen_pixels: NDArray[np.uint8]) -> DetectedFace:
    return engine.detect(eileen_pixels)[0]


def shown(shape: msgspec.Struct) -> Any:
    """As it goes over the wire."""
    return msgspec.json.decode(msgspec.json.encode(shape))


def test_a_face_is_shown_with_what_is_measured_and_no_more(face: DetectedFace) -> None:
    detail = shown(wire_faces.face_detail(face))
    assert set(detail) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    assert shown(wire_faces.compared_face(face)) == detail
    assert 90 <= detail["Confidence"] <= 100
    assert detail["BoundingBox"] == {
        "Left": face.box.left,
        "Top": face.box.top,
        "Width": face.box.width,
        "Height": face.box.height,
    }
    assert all(0 <= value <= 100 for value in detail["Quality"].values())


def test_eyes_are_named_from_the_viewers_side(face: DetectedFace) -> None:
    places = {mark["Type"]: mark for mark in shown(wire_faces.face_detail(face))["Landmarks"]}
    assert set(places) == {"eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight"}
    assert places["eyeLeft"]["X"] < places["nose"]["X"] < places["eyeRight"]["X"]
    assert places["mouthLeft"]["X"] < places["mouthRight"]["X"]
    assert places["eyeLeft"]["Y"] < places["nose"]["Y"] < places["mouthLeft"]["Y"]


@pytest.mark.parametrize(("share", "percent"), [(0.0, 0.0), (0.5, 50.0), (1.0000001, 100.0)])
def test_percent(share: float, percent: float) -> None:
    assert wire_faces.percent(share) == percent


def test_a_stored_face_leaves_out_what_it_does_not_have(face: DetectedFace) -> None:
    image = ImageRecord("ab" * 32, "1.jpg", 640, 480)
    now = datetime.now(UTC)
    record = FaceRecord("f", image, face.box, 0.99, 50, 12.5, None, None, now)
    stored = shown(wire_faces.stored_face(record, "7"))
    assert set(stored) == {
        "FaceId",
        "BoundingBox",
        "ImageId",
        "Confidence",
        "IndexFacesModelVersion",
    }
    named = replace(record, external_id="e", user="u")
    more = shown(wire_faces.stored_face(named, "7"))
    assert more == stored | {"ExternalImageId": "e", "UserId": "u"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code(reason: Reason) -> None:
    objection = Objection(reason, "Sharpness", 7, 8, " of 100")
    (code,) = wire_faces.reasons([objection])
    assert code in get_args(shapes.Reason)
    (refusal,) = wire_faces.refusals([objection])
    assert shown(refusal) == {
        "Reason": code,
        "Measure": "Sharpness",
        "Measured": 7,
        "Required": 8,
        "Message": str(objection),
    }


def test_every_filter_of_the_protocol_is_there_and_stricter_than_the_one_before() -> None:
    assert set(wire_faces.QUALITY_FILTERS) == set(get_args(shapes.QualityFilter))
    order: tuple[shapes.QualityFilter, ...] = ("NONE", "LOW", "MEDIUM", "HIGH")
    filters = [wire_faces.QUALITY_FILTERS[name] for name in order]
    assert [one.min_unified for one in filters] == [0, 25, 40, 60]
    assert all(one.min_sharpness >= filters[1].min_sharpness for one in filters[2:])
    assert wire_faces.QUALITY_FILTERS["AUTO"] is filters[1]
