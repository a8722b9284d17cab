"""Templates out of one server and into another; images from the operator's folder."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

import callers
import portraits
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Other:
    """A second server: its client, and the folder that it reads stored images from."""

    client: Any
    buckets: Path


@pytest.fixture(scope="module")
def other(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, eileen: bytes
) -> Iterator[Other]:
    buckets = tmp_path_factory.mktemp("buckets")
    for bucket in ("photos", "private"):
        (buckets / bucket / "a").mkdir(parents=True)
        (buckets / bucket / "a" / "eileen.jpg").write_bytes(eileen)
    (buckets / "photos" / "text.jpg").write_text("not an image")
    with (buckets / "photos" / "huge.jpg").open("wb") as huge:
        huge.truncate(15 * 2**20 + 1)
    options = ("--buckets", buckets, "--allow-bucket", "photos")
    folder = tmp_path_factory.mktemp("second")
    with serving(folder, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        rights = ("*", "ReknownExportTemplates", "ReknownImportTemplates")
        key = callers.key(server, *[word for right in rights for word in ("--operation", right)])
        client = callers.distinct(server.client(key, **callers.NO_RETRIES))
        yield Other(client, buckets)


def test_faces_move_to_another_server_as_they_are(
    client: Any, other: Other, collection: str, pair: bytes, grace: bytes
) -> None:
    client.index_faces(CollectionId=collection, Image={"Bytes": pair}, ExternalImageId="pair")
    client.index_faces(CollectionId=collection, Image={"Bytes": portraits.mirrored_grace()})
    faces = client.list_faces(CollectionId=collection)["Faces"]
    for user, face in (("eileen", faces[0]), ("grace", faces[1])):
        client.create_user(CollectionId=collection, UserId=user)
        client.associate_faces(CollectionId=collection, UserId=user, FaceIds=[face["FaceId"]])
    faces = client.list_faces(CollectionId=collection)["Faces"]
    assert _moved(client, other.client, collection, page=2) == 3
    templates = client.reknown_export_templates(CollectionId=collection)["Templates"]
    assert all(10 < template["Magnitude"] < 14 for template in templates)
    moved = other.client.reknown_export_templates(CollectionId=collection)["Templates"]
    assert moved == templates
    assert other.client.list_faces(CollectionId=collection)["Faces"] == faces
    users = client.list_users(CollectionId=collection)["Users"]
    assert other.client.list_users(CollectionId=collection)["Users"] == users
    for search in ("search_faces_by_image", "search_users_by_image"):
        request = {"CollectionId": collection, "Image": {"Bytes": grace}}
        threshold = "UserMatchThreshold" if "users" in search else "FaceMatchThreshold"
        answers = [
            getattr(one, search)(**request, **{threshold: 0}) for one in (client, other.client)
        ]
        for answer in answers:
            del answer["ResponseMetadata"]
        assert answers[0] == answers[1]
    # the image is known there too
    again = other.client.index_faces(
        CollectionId=collection, Image={"Bytes": pair}, ExternalImageId="pair"
    )
    assert [record["Face"] for record in again["FaceRecords"]] == faces[:2]
    assert other.client.describe_collection(CollectionId=collection)["FaceCount"] == 3


def test_what_is_there_already_is_passed_over(
    client: Any, other: Other, collection: str, eileen: bytes
) -> None:
    client.index_faces(CollectionId=collection, Image={"Bytes": eileen})
    _moved(client, other.client, collection, page=1000)
    exported = client.reknown_export_templates(CollectionId=collection)
    request = _import_request(collection, exported)
    answer = other.client.reknown_import_templates(**request)
    assert (answer["Imported"], answer["AlreadyPresent"]) == (0, 1)
    doubled = request | {"Templates": request["Templates"] * 2}
    answer = other.client.reknown_import_templates(**doubled)
    assert (answer["Imported"], answer["AlreadyPresent"]) == (0, 2)
    assert other.client.describe_collection(CollectionId=collection)["FaceCount"] == 1


def test_a_face_named_twice_is_imported_once(client: Any, collection: str) -> None:
    request = _strangers(client, collection, 1)
    answer = client.reknown_import_templates(**request | {"Templates": request["Templates"] * 2})
    assert (answer["Imported"], answer["AlreadyPresent"]) == (1, 1)


def test_templates_of_another_space_are_refused(client: Any, collection: str) -> None:
    request = _strangers(client, collection, 2)
    space = request["TemplateSpace"]
    for wrong in ({"Fingerprint": "ab" * 32}, {"Dimension": space["Dimension"] - 1}):
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.reknown_import_templates(**request | {"TemplateSpace": space | wrong})
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0


@pytest.mark.parametrize("fault", ["length", "norm", "nan", "taken", "box", "magnitude"])
def test_all_or_none_are_imported(client: Any, collection: str, name: str, fault: str) -> None:
    request = _strangers(client, collection, 3)
    last = request["Templates"][2]
    vector = last["Vector"]
    if fault == "taken":
        elsewhere = name + "-elsewhere"
        client.create_collection(CollectionId=elsewhere)
        client.reknown_import_templates(
            **request | {"CollectionId": elsewhere, "Templates": [last]}
        )
    wrong = {
        "length": {"Vector": vector[:-4]},
        "norm": {"Vector": bytes(len(vector))},
        "nan": {"Vector": b"\0\0\xc0\x7f" + vector[4:]},
        "taken": {"UserId": "ada"},
        "box": {"BoundingBox": {"Left": 0.0}},
        "magnitude": {"Magnitude": -0.1},
    }[fault]
    templates = [*request["Templates"][:2], last | wrong]
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.reknown_import_templates(**request | {"Templates": templates})
    found = client.describe_collection(CollectionId=collection)
    assert (found["FaceCount"], found["UserCount"]) == (0, 0)


def test_exports_come_in_pages(client: Any, collection: str) -> None:
    request = _strangers(client, collection, 5)
    client.reknown_import_templates(**request)
    ids: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = client.reknown_export_templates(CollectionId=collection, MaxResults=2, **token)
        assert page["TemplateSpace"] == request["TemplateSpace"]
        ids += [template["FaceId"] for template in page["Templates"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert ids == [template["FaceId"] for template in request["Templates"]]
    with pytest.raises(ClientError, match="ValidationException"):
        client.reknown_export_templates(CollectionId=collection, MaxResults=1001)


def test_what_comes_out_is_what_went_in(client: Any, collection: str) -> None:
    request = _strangers(client, collection, 1)
    (template,) = request["Templates"]
    full = template | {
        "ExternalImageId": "a:1",
        "UserId": "ada",
        "ImageName": "a/1.jpg",
        "Magnitude": 12.345678901234567,
    }
    client.reknown_import_templates(**request | {"Templates": [full]})
    (out,) = client.reknown_export_templates(CollectionId=collection)["Templates"]
    assert out == full


@pytest.mark.parametrize("magnitude", [0.0, 1e-300, 1.7e308, None])
def test_any_length_is_a_magnitude_and_none_stays_none(
    client: Any, collection: str, magnitude: float | None
) -> None:
    request = _strangers(client, collection, 1)
    (template,) = request["Templates"]
    given = template if magnitude is None else template | {"Magnitude": magnitude}
    client.reknown_import_templates(**request | {"Templates": [given]})
    (out,) = client.reknown_export_templates(CollectionId=collection)["Templates"]
    assert out.get("Magnitude") == magnitude


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("NaN", "not well-formed JSON"),
        ("Infinity", "not well-formed JSON"),
        ("-Infinity", "not well-formed JSON"),
        ("1e400", "not well-formed JSON"),
        ("-1e400", "not well-formed JSON"),
        ("-1", "a Magnitude is a length, not -1.0"),
        ("-1e-300", "a Magnitude is a length, not -1e-300"),
        ('"12"', "magnitude' has to be a number"),
        ("[12]", "magnitude' has to be a number"),
        ("true", "magnitude' has to be a number"),
    ],
)
def test_what_is_no_length_is_no_magnitude(
    server: Server, client: Any, collection: str, number: str, message: str
) -> None:
    request = _strangers(client, collection, 1)
    (template,) = request["Templates"]
    vector = base64.b64encode(template["Vector"]).decode()
    request["Templates"] = [template | {"Vector": vector, "Magnitude": "NUMBER"}]
    key = callers.key(server, "--operation", "ReknownImportTemplates")
    body = json.dumps(request).replace('"NUMBER"', number).encode()
    answer = callers.sign(server, "ReknownImportTemplates", body, key).send()
    assert answer.status == 400
    assert message in answer.body["Message"]
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0


def test_stored_images_are_read_from_the_allowed_folder(other: Other, eileen: bytes) -> None:
    stored = {"S3Object": {"Bucket": "photos", "Name": "a/eileen.jpg"}}
    of_bytes = other.client.detect_faces(Image={"Bytes": eileen})
    assert other.client.detect_faces(Image=stored)["FaceDetails"] == of_bytes["FaceDetails"]
    compared = other.client.compare_faces(SourceImage=stored, TargetImage={"Bytes": eileen})
    assert len(compared["FaceMatches"]) == 1


def test_what_cannot_be_read_is_refused_in_the_same_words(other: Other) -> None:
    texts = set()
    for bucket, key in (
        ("photos", "missing.jpg"),
        ("photos", "../private/a/eileen.jpg"),
        ("photos", "a"),
        ("private", "a/eileen.jpg"),
        ("absent", "a/eileen.jpg"),
    ):
        image = {"S3Object": {"Bucket": bucket, "Name": key}}
        with pytest.raises(other.client.exceptions.InvalidS3ObjectException) as refused:
            other.client.detect_faces(Image=image)
        texts.add(refused.value.response["Error"]["Message"])
    assert texts == {
        "Unable to get object metadata from S3. Check object key, region and/or access permissions."
    }


def test_stored_images_have_amazons_limits(other: Other) -> None:
    text = {"S3Object": {"Bucket": "photos", "Name": "text.jpg"}}
    with pytest.raises(other.client.exceptions.InvalidImageFormatException):
        other.client.detect_faces(Image=text)
    huge = {"S3Object": {"Bucket": "photos", "Name": "huge.jpg"}}
    with pytest.raises(other.client.exceptions.ImageTooLargeException):
        other.client.detect_faces(Image=huge)


def _moved(source: Any, target: Any, collection: str, page: int) -> int:
    target.create_collection(CollectionId=collection)
    moved = 0
    token: dict[str, str] = {}
    while True:
        exported = source.reknown_export_templates(
            CollectionId=collection, MaxResults=page, **token
        )
        answer = target.reknown_import_templates(**_import_request(collection, exported))
        assert answer["AlreadyPresent"] == 0
        moved += int(answer["Imported"])
        if "NextToken" not in exported:
            return moved
        token = {"NextToken": exported["NextToken"]}


def _import_request(collection: str, exported: dict[str, Any]) -> dict[str, Any]:
    kept = ("TemplateSpace", "Templates")
    return {"CollectionId": collection} | {member: exported[member] for member in kept}


def _strangers(client: Any, collection: str, count: int) -> dict[str, Any]:
    space = client.reknown_export_templates(CollectionId=collection)["TemplateSpace"]
    made = callers.templates(callers.strangers(count, space["Dimension"]))
    return {"CollectionId": collection, "TemplateSpace": space, "Templates": made}
