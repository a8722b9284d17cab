"""SearchUsers and SearchUsersByImage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

import callers
import portraits

if TYPE_CHECKING:
    from reknown.vision.analyze import Engine


@pytest.fixture(scope="module")
def known(client: Any) -> dict[str, str]:
    """Two users of one face each, another face of the second one, and one without a face."""
    name = f"test-{uuid4()}"
    client.create_collection(CollectionId=name)
    for user in ("eileen", "grace", "empty"):
        client.create_user(CollectionId=name, UserId=user)
    records = client.index_faces(CollectionId=name, Image={"Bytes": portraits.pair()})
    mirrored = client.index_faces(CollectionId=name, Image={"Bytes": portraits.mirrored_grace()})
    first, second = (record["Face"]["FaceId"] for record in records["FaceRecords"])
    client.associate_faces(CollectionId=name, UserId="eileen", FaceIds=[first])
    client.associate_faces(CollectionId=name, UserId="grace", FaceIds=[second])
    loose = mirrored["FaceRecords"][0]["Face"]["FaceId"]
    return {"collection": name, "eileen": first, "grace": second, "loose": loose}


def test_a_face_finds_the_users_that_it_resembles(client: Any, known: dict[str, str]) -> None:
    answer = client.search_users(CollectionId=known["collection"], FaceId=known["loose"])
    assert answer["SearchedFace"] == {"FaceId": known["loose"]}
    assert "SearchedUser" not in answer
    (match,) = answer["UserMatches"]
    assert match["User"] == {"UserId": "grace", "UserStatus": "ACTIVE"}
    assert 80 <= match["Similarity"] <= 100
    own = client.search_users(CollectionId=known["collection"], FaceId=known["grace"])
    assert _users(own) == ["grace"]


def test_a_user_finds_others_but_not_itself(client: Any, known: dict[str, str]) -> None:
    request = {"CollectionId": known["collection"], "UserId": "grace"}
    answer = client.search_users(**request)
    assert answer["SearchedUser"] == {"UserId": "grace"}
    assert "SearchedFace" not in answer
    assert answer["UserMatches"] == []
    every = client.search_users(**request, UserMatchThreshold=0, MaxUsers=1)
    assert _users(every) == ["eileen"]
    version = client.describe_collection(CollectionId=known["collection"])["FaceModelVersion"]
    assert answer["FaceModelVersion"] == version


def test_a_user_without_faces_resembles_nobody(client: Any, known: dict[str, str]) -> None:
    answer = client.search_users(
        CollectionId=known["collection"], UserId="empty", UserMatchThreshold=0
    )
    assert answer["UserMatches"] == []


def test_either_a_user_or_a_face_is_asked_for(client: Any, known: dict[str, str]) -> None:
    request = {"CollectionId": known["collection"]}
    for both in ({}, {"UserId": "grace", "FaceId": known["grace"]}):
        with pytest.raises(client.exceptions.InvalidParameterException, match="UserId or FaceId"):
            client.search_users(**request, **both)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.search_users(**request, UserId="nobody")
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.search_users(**request, FaceId=str(uuid4()))


def test_the_best_face_of_a_user_counts(client: Any, collection: str, engine: Engine) -> None:
    table = engine.calibration
    assert table is not None
    probe = callers.strangers(1, engine.space.dimension)[0]
    space = client.reknown_export_templates(CollectionId=collection)["TemplateSpace"]

    def import_(similarity: float, user: str) -> None:
        vector = callers.lookalike(probe, table.score(similarity))
        client.reknown_import_templates(
            CollectionId=collection,
            TemplateSpace=space,
            Templates=callers.templates([vector], user),
        )

    for similarity, user in ((60, "a"), (85, "a"), (90, "b"), (79.5, "c")):
        import_(similarity, user)
    (face,) = callers.templates([probe])
    client.reknown_import_templates(CollectionId=collection, TemplateSpace=space, Templates=[face])
    request = {"CollectionId": collection, "FaceId": face["FaceId"]}
    answer = client.search_users(**request)
    assert _users(answer) == ["b", "a"]
    found = [match["Similarity"] for match in answer["UserMatches"]]
    assert found == pytest.approx([90, 85], abs=0.1)
    assert _users(client.search_users(**request, UserMatchThreshold=79)) == ["b", "a", "c"]
    assert _users(client.search_users(**request, MaxUsers=1)) == ["b"]
    statistics = answer["ReknownStatistics"]
    assert (statistics["GallerySize"], statistics["References"]) == (3, 4)
    with pytest.raises(ClientError, match="ValidationException"):
        client.search_users(**request, MaxUsers=501)


def test_an_image_finds_users_by_its_largest_face(
    client: Any, known: dict[str, str], pair: bytes
) -> None:
    answer = client.search_users_by_image(CollectionId=known["collection"], Image={"Bytes": pair})
    assert _users(answer) == ["eileen"]
    largest, smaller = client.detect_faces(Image={"Bytes": pair})["FaceDetails"]
    searched = answer["SearchedFace"]["FaceDetail"]
    assert callers.without_pose(searched) == callers.without_pose(largest)
    (unsearched,) = answer["UnsearchedFaces"]
    assert unsearched["Reasons"] == ["FACE_NOT_LARGEST"]
    assert callers.without_pose(unsearched["FaceDetails"]) == callers.without_pose(smaller)


def test_an_image_without_faces_resembles_no_user(
    client: Any, known: dict[str, str], nobody: bytes
) -> None:
    answer = client.search_users_by_image(
        CollectionId=known["collection"], Image={"Bytes": nobody}, UserMatchThreshold=0
    )
    assert (answer["UserMatches"], answer["UnsearchedFaces"]) == ([], [])
    assert "SearchedFace" not in answer


def test_a_face_that_fails_the_filter_is_not_searched(client: Any, known: dict[str, str]) -> None:
    request = {
        "CollectionId": known["collection"],
        "Image": {"Bytes": portraits.dark_and_bright()},
    }
    default = client.search_users_by_image(**request)
    assert default["SearchedFace"]["FaceDetail"]["BoundingBox"]["Left"] < 0.5
    assert [face["Reasons"] for face in default["UnsearchedFaces"]] == [["FACE_NOT_LARGEST"]]
    filtered = client.search_users_by_image(**request, QualityFilter="AUTO")
    assert _users(filtered) == ["eileen"]
    (refused,) = filtered["UnsearchedFaces"]
    assert refused["Reasons"] == ["LOW_BRIGHTNESS", "LOW_FACE_QUALITY"]
    assert "luminance mean" in refused["ReknownRefusals"][0]["Message"]


def test_faces_that_all_fail_the_filter_resemble_no_user(
    client: Any, known: dict[str, str], spoilt: dict[str, bytes]
) -> None:
    answer = client.search_users_by_image(
        CollectionId=known["collection"],
        Image={"Bytes": spoilt["LOW_SHARPNESS"]},
        QualityFilter="LOW",
        UserMatchThreshold=0,
    )
    assert answer["UserMatches"] == []
    assert "SearchedFace" not in answer
    (refused,) = answer["UnsearchedFaces"]
    assert refused["Reasons"] == ["LOW_SHARPNESS", "LOW_FACE_QUALITY"]


def _users(answer: dict[str, Any]) -> list[str]:
    return [match["User"]["UserId"] for match in answer["UserMatches"]]
