"""RecognizeCelebrities and GetCelebrityInfo over the gallery that the operator named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

import callers
import portraits
from callers import CELEBRITIES, Celebrity

if TYPE_CHECKING:
    from servers import Server


def test_faces_are_told_apart_into_celebrities_and_others(
    client: Any, grace_hopper: Celebrity
) -> None:
    image = {"Bytes": portraits.three()}
    answer = client.recognize_celebrities(Image=image)
    details = client.detect_faces(Image=image)["FaceDetails"]
    boxes = [detail["BoundingBox"] for detail in details]
    for found in answer["CelebrityFaces"]:
        assert (found["Name"], found["Id"]) == ("grace", grace_hopper.id)
        assert found["Urls"] == grace_hopper.urls
        assert found["KnownGender"] == {"Type": "Female"}
        assert 80 <= found["MatchConfidence"] <= 100
        assert found["ReknownFalseMatchRate"] <= 1e-4
        assert found["Face"].keys() == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    assert [found["Face"]["BoundingBox"] for found in answer["CelebrityFaces"]] == boxes[::2]
    # Eileen is in the gallery, but nobody has told who she is
    assert [face["BoundingBox"] for face in answer["UnrecognizedFaces"]] == [boxes[1]]
    assert "OrientationCorrection" not in answer
    statistics = answer["ReknownStatistics"]
    assert (statistics["Threshold"], statistics["GallerySize"]) == (80, 1)
    assert statistics["References"] == 1


def test_the_very_faces_of_a_user_search(client: Any, grace_hopper: Celebrity) -> None:
    image = {"Bytes": portraits.mirrored_grace()}
    (match,) = client.search_users_by_image(CollectionId=CELEBRITIES, Image=image)["UserMatches"]
    (found,) = client.recognize_celebrities(Image=image)["CelebrityFaces"]
    assert found["MatchConfidence"] == match["Similarity"]
    assert found["ReknownFalseMatchRate"] == match["ReknownFalseMatchRate"]


def test_every_search_is_on_the_record(
    server: Server, client: Any, grace_hopper: Celebrity
) -> None:
    client.recognize_celebrities(Image={"Bytes": portraits.three()})
    client.get_celebrity_info(Id=grace_hopper.id)
    searched, read = callers.ledger(server)[-2:]
    assert (searched["operation"], searched["collection"]) == ("identify", CELEBRITIES)
    rows = searched["record"]["candidates"]
    assert [[hit["face_id"] for hit in row] for row in rows] == [
        [grace_hopper.face],
        [],
        [grace_hopper.face],
    ]
    assert (read["operation"], read["collection"]) == ("read user", CELEBRITIES)
    assert read["record"]["subject_id"].replace("-", "") == grace_hopper.id


def test_a_face_that_would_not_be_indexed_is_not_named(
    client: Any, grace_hopper: Celebrity
) -> None:
    image = {"Bytes": portraits.dark_and_bright()}
    answer = client.recognize_celebrities(Image=image)
    assert answer["CelebrityFaces"] == []
    assert len(answer["UnrecognizedFaces"]) == 2
    whoever = {"CollectionId": CELEBRITIES, "UserMatchThreshold": 0}
    (match,) = client.search_users_by_image(**whoever, Image=image)["UserMatches"]
    assert match["User"]["UserId"] == "grace"  # without a filter the poor face is searched with


def test_nobody_learns_the_gallerys_name_from_an_unknown_id(
    client: Any, grace_hopper: Celebrity
) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as raised:
        client.get_celebrity_info(Id="0" * 32)
    assert str(raised.value).endswith("RecognizeCelebrities tells Ids")


def test_64_faces_at_most_the_largest(client: Any, grace_hopper: Celebrity) -> None:
    answer = client.recognize_celebrities(Image={"Bytes": portraits.crowd(9, 8)})
    faces = [found["Face"] for found in answer["CelebrityFaces"]] + answer["UnrecognizedFaces"]
    assert len(faces) == 64
    nobody = client.recognize_celebrities(Image={"Bytes": portraits.nobody()})
    assert (nobody["CelebrityFaces"], nobody["UnrecognizedFaces"]) == ([], [])


def test_what_the_operator_tells_is_what_clients_learn(
    server: Server, client: Any, grace_hopper: Celebrity
) -> None:
    info = client.get_celebrity_info(Id=grace_hopper.id)
    del info["ResponseMetadata"]
    assert info == {"Urls": grace_hopper.urls, "Name": "grace", "KnownGender": {"Type": "Female"}}
    client.create_user(CollectionId=CELEBRITIES, UserId="untold")
    users = server.reknown("users", "list", "--collection", CELEBRITIES, "--json")
    untold = next(user for user in map(json.loads, users.splitlines()) if user["name"] == "untold")
    celebrity = untold["subject_id"].replace("-", "")
    info = client.get_celebrity_info(Id=celebrity)
    del info["ResponseMetadata"]
    assert info == {"Urls": [], "Name": "untold"}
    client.delete_user(CollectionId=CELEBRITIES, UserId="untold")
    for gone in (celebrity, "", "x", str(uuid4().hex)):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_celebrity_info(Id=gone)
    with pytest.raises(ClientError, match="ValidationException"):
        client.get_celebrity_info(Id="no-id")


def test_users_of_other_collections_are_no_celebrities(
    server: Server, client: Any, collection: str, grace_hopper: Celebrity
) -> None:
    client.create_user(CollectionId=collection, UserId="secret")
    user = json.loads(server.reknown("users", "list", "--collection", collection, "--json"))
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.get_celebrity_info(Id=user["subject_id"].replace("-", ""))
    assert "secret" not in str(refused.value)


def test_a_key_needs_rights_on_the_gallery_and_does_not_learn_its_name(
    server: Server, grace_hopper: Celebrity
) -> None:
    key = callers.key(server, "--collection", "others-*")
    stranger = callers.distinct(server.client(key, **callers.NO_RETRIES))
    for operation, request in (
        ("recognize_celebrities", {"Image": {"Bytes": portraits.three()}}),
        ("get_celebrity_info", {"Id": grace_hopper.id}),
    ):
        with pytest.raises(stranger.exceptions.AccessDeniedException) as refused:
            getattr(stranger, operation)(**request)
        assert f"collection/{CELEBRITIES}" not in str(refused.value)


def test_what_is_told_moves_with_the_templates(
    client: Any, grace_hopper: Celebrity, collection: str
) -> None:
    exported = client.reknown_export_templates(CollectionId=CELEBRITIES)
    space, templates = exported["TemplateSpace"], exported["Templates"]
    (named,) = (template for template in templates if "UserId" in template)
    profile = {"Urls": grace_hopper.urls, "KnownGender": {"Type": "Female"}}
    assert named["UserProfile"] == profile
    assert all("UserProfile" not in other for other in templates if other is not named)

    def bring(**profile: Any) -> dict[str, Any]:
        template = named | {"FaceId": str(uuid4()), "UserProfile": profile}
        client.reknown_import_templates(
            CollectionId=collection, TemplateSpace=space, Templates=[template]
        )
        back = client.reknown_export_templates(CollectionId=collection)["Templates"]
        told: dict[str, Any] = back[-1]["UserProfile"]
        return told

    assert bring(**profile) == profile
    # what is told already stays
    assert bring(Urls=["example.org/another"]) == profile
    nameless = {name: value for name, value in named.items() if name != "UserId"}
    with pytest.raises(client.exceptions.InvalidParameterException, match="needs a UserId"):
        client.reknown_import_templates(
            CollectionId=collection,
            TemplateSpace=space,
            Templates=[nameless | {"FaceId": str(uuid4())}],
        )
    with pytest.raises(client.exceptions.InvalidParameterException, match="web address"):
        bring(Urls=["javascript:alert(1)"])
    assert len(client.list_faces(CollectionId=collection)["Faces"]) == 2
