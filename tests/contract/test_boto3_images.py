"""DetectFaces and CompareFaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import portraits
from own_classifiers import LABELS, install, steady
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
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


_DEFAULT = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
_MEASURED = {"EyesOpen", "MouthOpen", "Smile", "Sunglasses", "EyeDirection"}
_UNMEASURED = {
    "AgeRange", "Beard", "Emotions", "Eyeglasses", "FaceOccluded", "Gender", "Mustache",
}  # fmt: skip


def _detail(client: Any, image: bytes, *attributes: str) -> dict[str, Any]:
    (detail,) = client.detect_faces(Image={"Bytes": image}, Attributes=list(attributes))[
        "FaceDetails"
    ]
    return dict(detail)


def test_the_default_attributes_are_the_default(client: Any, eileen: bytes) -> None:
    (plain,) = client.detect_faces(Image={"Bytes": eileen})["FaceDetails"]
    assert _detail(client, eileen, "DEFAULT") == plain


@pytest.mark.parametrize("attributes", [["ALL"], ["ALL", "DEFAULT"]])
def test_all_attributes_that_are_measured(
    client: Any, eileen: bytes, attributes: list[str]
) -> None:
    detail = _detail(client, eileen, *attributes)
    assert set(detail) == _DEFAULT | _MEASURED
    for name in ("EyesOpen", "MouthOpen", "Smile"):
        assert detail[name]["Value"] is True
        assert 50 <= detail[name]["Confidence"] <= 100
    assert detail["Sunglasses"]["Value"] is False
    gaze = detail["EyeDirection"]
    assert max(abs(gaze["Yaw"]), abs(gaze["Pitch"])) < 10
    _check_landmarks(detail["Landmarks"])


def _check_landmarks(landmarks: list[dict[str, Any]]) -> None:
    """All 30, once each, and where the viewer sees them."""
    places = {each["Type"]: (each["X"], each["Y"]) for each in landmarks}
    assert len(landmarks) == len(places) == 30
    for left in (name for name in places if name.endswith("Left") and "ye" not in name):
        assert places[left][0] < places[left.removesuffix("Left") + "Right"][0]
    for eye in ("leftEye", "rightEye"):
        left, right, up, down = (places[eye + way] for way in ("Left", "Right", "Up", "Down"))
        pupil = places[eye.replace("Eye", "Pupil")]
        assert left[0] < pupil[0] < right[0]
        assert up[1] < pupil[1] < down[1]
        assert places[f"{eye}BrowUp"][1] < up[1]
    assert places["leftPupil"][0] < places["nose"][0] < places["rightPupil"][0]
    assert places["mouthUp"][1] < places["mouthDown"][1] < places["chinBottom"][1]


def test_an_attribute_comes_alone_with_the_default_ones(client: Any, eileen: bytes) -> None:
    detail = _detail(client, eileen, "EYES_OPEN")
    assert set(detail) == _DEFAULT | {"EyesOpen"}
    assert len(detail["Landmarks"]) == 5
    assert set(_detail(client, eileen, "AGE_RANGE", "BEARD")) == _DEFAULT


def test_indexed_faces_have_the_attributes_asked_for(
    client: Any, collection: str, eileen: bytes
) -> None:
    done = client.index_faces(
        CollectionId=collection, Image={"Bytes": eileen}, DetectionAttributes=["ALL"]
    )
    (record,) = done["FaceRecords"]
    detail = record["FaceDetail"]
    assert set(detail) == _DEFAULT | _MEASURED
    assert detail["EyesOpen"] == _detail(client, eileen, "ALL")["EyesOpen"]
    assert detail["Pose"] == _detail(client, eileen, "ALL")["Pose"]


@pytest.fixture(scope="module")
def neutral(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("neutral")
    options = ("--unmeasured-attributes", "neutral")
    with serving(folder, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


def test_what_nothing_measures_may_be_filled_in(neutral: Server, eileen: bytes) -> None:
    client = neutral.client()
    detail = _detail(client, eileen, "ALL")
    assert set(detail) == _DEFAULT | _MEASURED | _UNMEASURED
    assert detail["AgeRange"] == {"Low": 0, "High": 120}
    assert detail["Emotions"] == []
    for name in _UNMEASURED - {"AgeRange", "Emotions"}:
        assert detail[name]["Confidence"] == 0
    for name in ("Beard", "Eyeglasses", "FaceOccluded", "Mustache"):
        assert detail[name]["Value"] is False
    assert detail["Gender"]["Value"] in {"Male", "Female"}
    assert detail["EyesOpen"]["Value"] is True
    assert detail["EyesOpen"]["Confidence"] > 50
    assert set(_detail(client, eileen)) == _DEFAULT
    assert set(_detail(client, eileen, "AGE_RANGE")) == _DEFAULT | {"AgeRange"}
    assert any("answered with confidence 0" in line for line in neutral.log)


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
    filtered = client.compare_faces(
        SourceImage={"Bytes": eileen}, TargetImage=blurred, QualityFilter="AUTO"
    )
    assert (filtered["FaceMatches"], filtered["UnmatchedFaces"]) == ([], [])
    assert "BoundingBox" in filtered["SourceImageFace"]
    (refused,) = filtered["ReknownUncomparedFaces"]
    assert refused["Reasons"] == ["LOW_SHARPNESS", "LOW_FACE_QUALITY"]
    assert [refusal["Measure"] for refusal in refused["ReknownRefusals"]] == [
        "Sharpness",
        "UnifiedQualityScore",
    ]
    with pytest.raises(
        client.exceptions.InvalidParameterException, match=r"quality filter.*sharpness 6, minimum 8"
    ):
        client.compare_faces(
            SourceImage=blurred, TargetImage={"Bytes": eileen}, QualityFilter="AUTO"
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
    for image_format in ("WebP", "TIFF", "GIF"):
        other = tmp_path / "other.jpg"
        Image.new("RGB", (100, 100)).save(other, image_format)
        refused = client.exceptions.InvalidImageFormatException
        with pytest.raises(refused, match=f"this is {image_format}: convert it to JPEG or PNG"):
            client.detect_faces(Image={"Bytes": other.read_bytes()})
    with pytest.raises(client.exceptions.InvalidImageFormatException, match="truncated"):
        client.detect_faces(Image={"Bytes": eileen[:-40]})
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


def test_an_operators_own_classifiers_answer(
    tmp_path: Path, cache_folder: Path, eileen: bytes
) -> None:
    files = {name: steady(len(labels)) for name, labels in LABELS.items()}
    install(tmp_path / "packs", cache_folder, files)
    packs, cache = str(tmp_path / "packs"), str(cache_folder)
    with serving(tmp_path / "data", REKNOWN_CACHE=cache, REKNOWN_PACKS=packs) as server:
        request = {"Image": {"Bytes": eileen}, "Attributes": ["ALL"]}
        (face,) = server.client().detect_faces(**request)["FaceDetails"]
        assert face["AgeRange"] == {"Low": 0, "High": 19}
        assert face["Gender"] == {"Value": "Female", "Confidence": pytest.approx(75)}
        assert [each["Type"] for each in face["Emotions"]] == ["HAPPY", "CALM", "FEAR"]
        assert face["Emotions"][1]["Confidence"] == pytest.approx(300 / 13)
        assert face["Beard"] == {"Value": False, "Confidence": pytest.approx(75)}
        assert "Mustache" not in face
        assert face["EyesOpen"]["Value"] is True
        (plain,) = server.client().detect_faces(Image=request["Image"])["FaceDetails"]
        assert "AgeRange" not in plain
