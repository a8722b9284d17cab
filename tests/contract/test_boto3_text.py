"""DetectText."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

import callers
import drawn_text

if TYPE_CHECKING:
    from servers import Server

SIGN = drawn_text.as_jpeg(drawn_text.sign("Platform 7", "mind the gap"))
UPPER = {"BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 1.0, "Height": 0.5}}
LOWER_LEFT = {"Polygon": [{"X": 0.0, "Y": 0.5}, {"X": 0.45, "Y": 0.5}, {"X": 0.45, "Y": 1.0}]}


def detected(client: Any, image: bytes = SIGN, **filters: Any) -> list[dict[str, Any]]:
    request = {"Filters": filters} if filters else {}
    found: list[dict[str, Any]] = client.detect_text(Image={"Bytes": image}, **request)[
        "TextDetections"
    ]
    return found


def words(found: list[dict[str, Any]]) -> list[str]:
    return [each["DetectedText"] for each in found if each["Type"] == "WORD"]


def test_lines_come_first_and_words_name_theirs(client: Any) -> None:
    answer = client.detect_text(Image={"Bytes": SIGN})
    assert re.fullmatch(r"[0-9]+\.[0-9]+", answer["TextModelVersion"])
    shown = [
        (each["Type"], each["Id"], each.get("ParentId"), each["DetectedText"])
        for each in answer["TextDetections"]
    ]
    assert shown == [
        ("LINE", 0, None, "Platform 7"),
        ("LINE", 1, None, "mind the gap"),
        ("WORD", 2, 0, "Platform"),
        ("WORD", 3, 0, "7"),
        ("WORD", 4, 1, "mind"),
        ("WORD", 5, 1, "the"),
        ("WORD", 6, 1, "gap"),
    ]


def test_confidence_is_a_percentage_and_places_are_ratios(client: Any) -> None:
    for each in detected(client):
        assert 90 < each["Confidence"] <= 100
        box, corners = each["Geometry"]["BoundingBox"], each["Geometry"]["Polygon"]
        assert len(corners) == 4
        for name, side, length in (("X", "Left", "Width"), ("Y", "Top", "Height")):
            values = [corner[name] for corner in corners]
            assert all(0 <= value <= 1 for value in values)
            assert min(values) == pytest.approx(box[side])
            assert max(values) == pytest.approx(box[side] + box[length])
        assert corners[0]["X"] < corners[1]["X"]
        assert corners[0]["Y"] < corners[3]["Y"]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"WordFilter": {"MinConfidence": 0}}, ["Platform", "7", "mind", "the", "gap"]),
        ({"WordFilter": {"MinBoundingBoxWidth": 0.2}}, ["Platform"]),
        ({"WordFilter": {"MinBoundingBoxHeight": 0.9}}, []),
        ({"RegionsOfInterest": [UPPER]}, ["Platform", "7"]),
        ({"RegionsOfInterest": [LOWER_LEFT]}, ["mind"]),
        ({"RegionsOfInterest": [LOWER_LEFT, UPPER]}, ["Platform", "7", "mind"]),
        ({"RegionsOfInterest": []}, ["Platform", "7", "mind", "the", "gap"]),
        (
            {"RegionsOfInterest": [UPPER], "WordFilter": {"MinBoundingBoxWidth": 0.2}},
            ["Platform"],
        ),
    ],
)
def test_filters_let_the_words_through_that_are_wanted(
    client: Any, filters: dict[str, Any], left: list[str]
) -> None:
    found = detected(client, **filters)
    assert words(found) == left
    lines = {each["Id"]: each["DetectedText"].split() for each in found if each["Type"] == "LINE"}
    assert [word for line in lines.values() for word in line] == left
    assert all(each["ParentId"] in lines for each in found if each["Type"] == "WORD")


@pytest.mark.parametrize(
    "region",
    [
        {},
        UPPER | LOWER_LEFT,
        {"BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 1.0}},
        {"Polygon": [{"X": 0.0, "Y": 0.0}, {"X": 1.0, "Y": 0.0}]},
        {"Polygon": [{"X": 0.0}, {"X": 1.0, "Y": 0.0}, {"X": 1.0, "Y": 1.0}]},
        {"Polygon": [{"X": 0.1 * n, "Y": 0.1} for n in range(11)]},
    ],
)
def test_regions_that_are_none_are_refused(client: Any, region: dict[str, Any]) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException):
        detected(client, RegionsOfInterest=[region])


def test_values_out_of_range_are_refused(client: Any) -> None:
    for filters in (
        {"WordFilter": {"MinConfidence": 101}},
        {"WordFilter": {"MinBoundingBoxWidth": 1.1}},
        {"RegionsOfInterest": [UPPER] * 11},
    ):
        with pytest.raises(ClientError, match="ValidationException"):
            detected(client, **filters)


def test_no_more_than_a_hundred_words_are_told(client: Any) -> None:
    row = "be to do if at or it as up"
    page = drawn_text.sign(*[row] * 14, size=(640, 760), letters=24)
    found = detected(client, drawn_text.as_jpeg(page))
    assert words(found) == (row.split() * 14)[:100]


def test_an_image_without_text_has_an_empty_list(client: Any, nobody: bytes) -> None:
    assert detected(client, nobody) == []


def test_an_image_is_read_upright_as_its_file_says(client: Any) -> None:
    with Image.open(io.BytesIO(SIGN)) as image:
        turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", quality=95, exif=exif)
    lines = [each for each in detected(client, buffer.getvalue()) if each["Type"] == "LINE"]
    assert [line["DetectedText"] for line in lines] == ["Platform 7", "mind the gap"]
    assert lines[0]["Geometry"]["BoundingBox"]["Width"] > 0.25


def test_a_key_has_to_have_the_right(server: Server) -> None:
    key = callers.key(server, "--operation", "DetectFaces")
    client = callers.distinct(server.client(key, **callers.NO_RETRIES))
    with pytest.raises(client.exceptions.AccessDeniedException, match="rekognition:DetectText"):
        client.detect_text(Image={"Bytes": SIGN})


def test_what_was_read_is_counted_in_the_ledger_and_not_kept(server: Server, client: Any) -> None:
    detected(client)
    *_, row = callers.ledger(server)
    assert row["operation"] == "read text"
    assert row["record"]["words"] == 5
    assert "gap" not in str(row)
