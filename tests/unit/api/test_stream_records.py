"""Records of stream processors, as programs made for Amazon's read them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from reknown.api.stream_records import stream_record
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.live import Fragment
from reknown.biometrics.records import FaceRecord, ImageRecord
from reknown.services.live.record_sinks import SeenRecord
from unit.watches.live_events import ADA, NOON, arrival
from video_faces import face

VIDEO = "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/door/1530559711205"
# as the developer guide lists them, other than what the API's own model knows
KINESIS_VIDEO = {
    "StreamArn": str,
    "FragmentNumber": str,
    "ProducerTimestamp": float,
    "ServerTimestamp": float,
    "FrameOffsetInSeconds": float,
}
SHAPES: Any = botocore.session.Session().get_service_model("rekognition")


def reference(face_id: str, external_id: str | None = "ada") -> FaceRecord:
    image = ImageRecord("ab" * 32, "ada.jpg", 100, 100)
    box = BoundingBox(0.1, 0.2, 0.3, 0.4)
    return FaceRecord(face_id, image, box, 0.999, 87, None, external_id, None, NOON)


def record(camera: str = VIDEO, *references: FaceRecord, **more: Any) -> dict[str, Any]:
    event = replace(arrival(1), sequence=41, **more)
    found = SeenRecord(event, face(), camera, {each.face_id: each for each in references})
    made: dict[str, Any] = json.loads(stream_record(found))
    return made


def follows_the_model(name: str, value: Any) -> None:
    """Every member is one that Amazon's shape has, and of its type."""
    shape = SHAPES.shape_for(name)
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()


def types(value: Any) -> Any:
    """The same with the types of its leaves; a number without a point may be any number."""
    if isinstance(value, dict):
        return {key: types(each) for key, each in value.items()}
    return float if isinstance(value, (int, float)) else type(value)


@pytest.mark.parametrize("references", [(reference("face-1"),), (reference("face-1", None),), ()])
def test_every_field_is_one_of_amazons_and_of_its_type(references: tuple[FaceRecord, ...]) -> None:
    made = record(VIDEO, *references)
    assert set(made) == {"InputInformation", "StreamProcessorInformation", "FaceSearchResponse"}
    assert types(made["InputInformation"]) == {"KinesisVideo": KINESIS_VIDEO}
    assert made["StreamProcessorInformation"] == {"Status": "RUNNING"}
    (seen,) = made["FaceSearchResponse"]
    assert set(seen) == {"DetectedFace", "MatchedFaces"}
    follows_the_model("ComparedFace", seen["DetectedFace"])
    assert set(seen["DetectedFace"]) == set(SHAPES.shape_for("ComparedFace").members) - {
        "Smile",
        "Emotions",
    }
    assert len(seen["MatchedFaces"]) == len(references)
    for match in seen["MatchedFaces"]:
        follows_the_model("FaceMatch", match)
        assert match["Similarity"] == 99.9
        known = {"FaceId", "BoundingBox", "ImageId", "Confidence", "ExternalImageId"}
        assert set(match["Face"]) in (known, known - {"ExternalImageId"})


def test_nobody_who_resembles_is_an_empty_list() -> None:
    (seen,) = record(candidates=())["FaceSearchResponse"]
    assert seen["MatchedFaces"] == []


def test_times_are_seconds_to_the_thousandth_as_of_the_view() -> None:
    view = arrival(1).view
    assert view is not None
    made = record(view=replace(view, time_ms=view.time_ms - 400), at=NOON + timedelta(seconds=1))
    video = made["InputInformation"]["KinesisVideo"]
    taken = (NOON + timedelta(seconds=0.6)).timestamp()
    assert video["ServerTimestamp"] == video["ProducerTimestamp"] == round(taken, 3)
    assert video["FrameOffsetInSeconds"] == 0.0
    assert video["FragmentNumber"] == "41"


def test_a_view_of_a_kinesis_video_stream_has_its_own_fragment() -> None:
    view = arrival(1).view
    assert view is not None
    fragment = Fragment("9" * 47, 1_700_000_000.434, 1_700_000_000.25, 0.9)
    made = record(view=replace(view, fragment=fragment, time_ms=400))
    assert types(made["InputInformation"]) == {"KinesisVideo": KINESIS_VIDEO}
    assert made["InputInformation"]["KinesisVideo"] == {
        "StreamArn": VIDEO,
        "FragmentNumber": "9" * 47,
        "ServerTimestamp": 1_700_000_000.434,
        "ProducerTimestamp": 1_700_000_000.25,
        "FrameOffsetInSeconds": 0.9,
    }


def test_a_camera_by_name_has_the_arn_that_clients_give_it() -> None:
    arn = record("front-door")["InputInformation"]["KinesisVideo"]["StreamArn"]
    assert arn == "arn:aws:kinesisvideo:us-east-1:000000000000:stream/front-door/0"


def test_without_a_calibration_there_is_no_similarity_rather_than_null() -> None:
    unmeasured = replace(ADA, similarity=None)
    (seen,) = record(VIDEO, reference("face-1"), candidates=(unmeasured,))["FaceSearchResponse"]
    assert [set(match) for match in seen["MatchedFaces"]] == [{"Face"}]
