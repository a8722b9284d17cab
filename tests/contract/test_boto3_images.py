"""DetectFaces and CompareFaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import portraits

if TYPE_CHECKING:
    from pathlib import Path

_SIDES = ("Left", "Top", "Width", "Height")
_NO_FACES = "There are no faces in the {} image. Should be at least 1."


def test_faces_come_largest_first_with_all_that_is_measured(client: Any, pair: bytes) -> None:
    answer = client.detect_faces(Image={"Bytes": pair})
    first, second = answer["FaceDetails"]
    assert first["BoundingBox"]["Left"] < 0.5 < second["BoundingBox"]["Left"]
    assert _area(first) > _area(second)
    for face in (first, second):
        assert set(face) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
        assert [mark["Type"] for mark in face["Landmarks"]] == [
            "eyeLeft",
            "eyeRight",
            "nose",
            "mouthLeft",
            "mouthRight",
        ]
        assert set(face["Pose"]) == {"Roll", "Yaw", "Pitch"}
        assert set(face["Quality"]) == {"Brightness", "Sharpness"}
        values = [face["Confidence"], *face["Quality"].values()]
        assert all(0 <= value <= 100 for value in values)
    left_eye, right_eye = first["Landmarks"][:2]
    assert left_eye["X"] < right_eye["X"]
    assert "OrientationCorrection" not in answer


@pytest.mark.parametrize("attributes", [["DEFAULT"], ["ALL"], ["ALL", "DEFAULT"], ["AGE_RANGE"]])
def test_attributes_that_are_not_measured_are_left_out(
    client: Any, eileen: bytes, attributes: list[str]
) -> None:
    plain = client.detect_faces(Image={"Bytes": eileen})
    asked = client.detect_faces(Image={"Bytes": eileen}, Attributes=attributes)
    assert asked["FaceDetails"] == plain["FaceDetails"]


def test_an_image_without_faces_has_an_empty_list(client: Any, nobody: bytes) -> None:
    assert client.detect_faces(Image={"Bytes": nobody})["FaceDetails"] == []


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
    ],
)
def test_boxes_are_those_of_the_upright_image(
    client: Any, pair: bytes, orientation: int, turn: Image.Transpose
) -> None:
    upright = client.detect_faces(Image={"Bytes": pair})["FaceDetails"]
    turned = portraits.rotated(pair, orientation, turn)
    found = client.detect_faces(Image={"Bytes": turned})["FaceDetails"]
    assert len(found) == len(upright)
    for face, other in zip(found, upright, strict=True):
        for side in _SIDES:
            assert face["BoundingBox"][side] == pytest.approx(other["BoundingBox"][side], abs=0.02)


def test_png_is_read_too(client: Any, eileen: bytes) -> None:
    (of_jpeg,) = client.detect_faces(Image={"Bytes": eileen})["FaceDetails"]
    (of_png,) = client.detect_faces(Image={"Bytes": portraits.png(eileen)})["FaceDetails"]
    assert of_png == of_jpeg


def test_matches_come_most_similar_first(client: Any, grace: bytes) -> None:
    answer = client.compare_faces(
        SourceImage={"Bytes": grace}, TargetImage={"Bytes": portraits.three()}
    )
    assert len(answer["FaceMatches"]) == 2
    similarities = [match["Similarity"] for match in answer["FaceMatches"]]
    assert similarities == sorted(similarities, reverse=True)
    assert all(80 <= similarity <= 100 for similarity in similarities)
    (other,) = answer["UnmatchedFaces"]
    assert set(other) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    assert set(answer["FaceMatches"][0]["Face"]) == set(other)
    assert set(answer["SourceImageFace"]) == {"BoundingBox", "Confidence"}
    assert not any("OrientationCorrection" in key for key in answer)


def test_the_sources_largest_face_is_compared(client: Any, pair: bytes, eileen: bytes) -> None:
    answer = client.compare_faces(SourceImage={"Bytes": pair}, TargetImage={"Bytes": eileen})
    assert len(answer["FaceMatches"]) == 1
    detected = client.detect_faces(Image={"Bytes": pair})["FaceDetails"]
    assert answer["SourceImageFace"]["BoundingBox"] == detected[0]["BoundingBox"]


def test_the_threshold_divides_matches_from_others(
    client: Any, eileen: bytes, grace: bytes
) -> None:
    images = {"SourceImage": {"Bytes": eileen}, "TargetImage": {"Bytes": grace}}
    at_80 = client.compare_faces(**images)
    assert (at_80["FaceMatches"], len(at_80["UnmatchedFaces"])) == ([], 1)
    assert client.compare_faces(**images, SimilarityThreshold=80) | _META == at_80 | _META
    at_0 = client.compare_faces(**images, SimilarityThreshold=0)
    assert at_0["UnmatchedFaces"] == []
    (match,) = at_0["FaceMatches"]
    similarity = match["Similarity"]
    assert 0 <= similarity < 80
    above = client.compare_faces(**images, SimilarityThreshold=similarity + 1)
    assert above["FaceMatches"] == []
    same = client.compare_faces(
        SourceImage={"Bytes": eileen}, TargetImage={"Bytes": eileen}, SimilarityThreshold=99.9
    )
    assert same["FaceMatches"][0]["Similarity"] == pytest.approx(100)


def test_images_without_faces_cannot_be_compared(client: Any, eileen: bytes, nobody: bytes) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException) as source:
        client.compare_faces(SourceImage={"Bytes": nobody}, TargetImage={"Bytes": eileen})
    assert source.value.response["Error"]["Message"] == _NO_FACES.format("source")
    with pytest.raises(client.exceptions.InvalidParameterException) as target:
        client.compare_faces(SourceImage={"Bytes": eileen}, TargetImage={"Bytes": nobody})
    assert target.value.response["Error"]["Message"] == _NO_FACES.format("target")


def test_comparisons_filter_only_when_asked_to(
    client: Any, eileen: bytes, spoilt: dict[str, bytes]
) -> None:
    blurred = {"Bytes": spoilt["LOW_SHARPNESS"]}
    client.compare_faces(SourceImage={"Bytes": eileen}, TargetImage=blurred)
    client.compare_faces(SourceImage={"Bytes": eileen}, TargetImage=blurred, QualityFilter="NONE")
    with pytest.raises(client.exceptions.InvalidParameterException, match="quality filter"):
        client.compare_faces(
            SourceImage={"Bytes": eileen}, TargetImage=blurred, QualityFilter="AUTO"
        )


@pytest.mark.parametrize(
    "image",
    [
        {},
        {"Bytes": b"x", "S3Object": {"Bucket": "bucket", "Name": "name"}},
        {"S3Object": {"Bucket": "bucket"}},
        {"S3Object": {"Name": "name"}},
    ],
)
def test_an_image_is_given_in_exactly_one_way(client: Any, image: dict[str, Any]) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.detect_faces(Image=image)


def test_what_is_no_image_is_refused(client: Any, tmp_path: Path, eileen: bytes) -> None:
    for data in (b"GIF89a", b"not an image", eileen[:300]):
        with pytest.raises(client.exceptions.InvalidImageFormatException):
            client.detect_faces(Image={"Bytes": data})
    small = tmp_path / "small.png"
    Image.new("RGB", (79, 200)).save(small)
    with pytest.raises(client.exceptions.InvalidParameterException, match="80"):
        client.detect_faces(Image={"Bytes": small.read_bytes()})
    large = tmp_path / "large.png"
    Image.new("1", (10_001, 80)).save(large)
    with pytest.raises(client.exceptions.ImageTooLargeException):
        client.detect_faces(Image={"Bytes": large.read_bytes()})


def test_stored_images_are_not_read_unless_the_operator_says_from_where(client: Any) -> None:
    with pytest.raises(client.exceptions.InvalidS3ObjectException, match="--buckets"):
        client.detect_faces(Image={"S3Object": {"Bucket": "bucket", "Name": "name"}})


_META = {"ResponseMetadata": None}


def _area(face: dict[str, Any]) -> float:
    return float(face["BoundingBox"]["Width"] * face["BoundingBox"]["Height"])
