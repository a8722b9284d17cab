"""Users: made, given faces, relieved of them, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

import callers

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from servers import Server


def test_users_are_listed_with_what_they_have(client: Any, collection: str, eileen: bytes) -> None:
    for user in ("zoe", "ada:1_2.-x"):
        answer = client.create_user(CollectionId=collection, UserId=user)
        assert set(answer) == {"ResponseMetadata"}
    face = _index(client, collection, eileen)
    client.associate_faces(CollectionId=collection, UserId="zoe", FaceIds=[face])
    assert client.list_users(CollectionId=collection)["Users"] == [
        {"UserId": "zoe", "UserStatus": "ACTIVE"},
        {"UserId": "ada:1_2.-x", "UserStatus": "CREATED"},
    ]


def test_a_user_is_made_once(client: Any, collection: str) -> None:
    client.create_user(CollectionId=collection, UserId="ada")
    with pytest.raises(client.exceptions.ConflictException):
        client.create_user(CollectionId=collection, UserId="ada")
    client.create_user(CollectionId=collection, UserId="Ada")
    with pytest.raises(ClientError, match="ValidationException"):
        client.create_user(CollectionId=collection, UserId="a b")


def test_a_deleted_user_leaves_its_faces(client: Any, collection: str, eileen: bytes) -> None:
    client.create_user(CollectionId=collection, UserId="ada")
    face = _index(client, collection, eileen)
    client.associate_faces(CollectionId=collection, UserId="ada", FaceIds=[face])
    answer = client.delete_user(CollectionId=collection, UserId="ada")
    assert set(answer) == {"ResponseMetadata"}
    (left,) = client.list_faces(CollectionId=collection)["Faces"]
    assert left["FaceId"] == face
    assert "UserId" not in left
    assert client.list_users(CollectionId=collection)["Users"] == []
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.delete_user(CollectionId=collection, UserId="ada")
    assert client.search_users(CollectionId=collection, FaceId=face)["UserMatches"] == []


def test_faces_become_the_users(client: Any, collection: str, eileen: bytes) -> None:
    client.create_user(CollectionId=collection, UserId="ada")
    face, absent = _index(client, collection, eileen), str(uuid4())
    request = {"CollectionId": collection, "UserId": "ada"}
    answer = client.associate_faces(**request, FaceIds=[face, absent, face])
    assert answer["AssociatedFaces"] == [{"FaceId": face}]
    assert answer["UnsuccessfulFaceAssociations"] == [
        {"FaceId": absent, "Reasons": ["FACE_NOT_FOUND"]}
    ]
    assert answer["UserStatus"] == "ACTIVE"
    (stored,) = client.list_faces(CollectionId=collection)["Faces"]
    assert stored["UserId"] == "ada"
    again = client.associate_faces(**request, FaceIds=[face])
    assert (again["AssociatedFaces"], again["UnsuccessfulFaceAssociations"]) == ([], [])


def test_a_user_without_faces_gets_none_that_are_not_there(client: Any, collection: str) -> None:
    client.create_user(CollectionId=collection, UserId="ada")
    answer = client.associate_faces(CollectionId=collection, UserId="ada", FaceIds=[str(uuid4())])
    assert answer["UserStatus"] == "CREATED"


def test_strangers_are_not_joined(
    client: Any, collection: str, eileen: bytes, grace: bytes
) -> None:
    client.create_user(CollectionId=collection, UserId="ada")
    first, second = _index(client, collection, eileen), _index(client, collection, grace)
    request = {"CollectionId": collection, "UserId": "ada"}
    # a user without faces resembles nobody: whatever comes first is taken
    client.associate_faces(**request, FaceIds=[first], UserMatchThreshold=100)
    answer = client.associate_faces(**request, FaceIds=[second])
    assert answer["AssociatedFaces"] == []
    (refused,) = answer["UnsuccessfulFaceAssociations"]
    assert refused["FaceId"] == second
    assert refused["Reasons"] == ["LOW_MATCH_CONFIDENCE"]
    assert 0 <= refused["Confidence"] < 75
    assert answer["UserStatus"] == "ACTIVE"
    joined = client.associate_faces(**request, FaceIds=[second], UserMatchThreshold=0)
    assert joined["AssociatedFaces"] == [{"FaceId": second}]


def test_the_gate_is_at_75_unless_stated(client: Any, collection: str, engine: Engine) -> None:
    table = engine.calibration
    assert table is not None
    own = callers.strangers(1, engine.space.dimension)[0]
    at = [callers.lookalike(own, table.score(similarity)) for similarity in (75.5, 74.5)]
    mine, above, below = _import(client, collection, [own, *at])
    client.create_user(CollectionId=collection, UserId="ada")
    request = {"CollectionId": collection, "UserId": "ada"}
    client.associate_faces(**request, FaceIds=[mine])
    strict = client.associate_faces(**request, FaceIds=[above, below], UserMatchThreshold=76)
    assert len(strict["UnsuccessfulFaceAssociations"]) == 2
    # below resembles above, so each is tried alone
    lenient = client.associate_faces(**request, FaceIds=[below])
    (refused,) = lenient["UnsuccessfulFaceAssociations"]
    assert refused["Confidence"] == pytest.approx(74.5, abs=0.1)
    answer = client.associate_faces(**request, FaceIds=[above])
    assert answer["AssociatedFaces"] == [{"FaceId": above}]


def test_a_face_has_one_user(client: Any, collection: str, eileen: bytes) -> None:
    for user in ("ada", "bob"):
        client.create_user(CollectionId=collection, UserId=user)
    face = _index(client, collection, eileen)
    client.associate_faces(CollectionId=collection, UserId="ada", FaceIds=[face])
    reason = [{"FaceId": face, "UserId": "ada", "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]}]
    bobs = {"CollectionId": collection, "UserId": "bob", "FaceIds": [face]}
    answer = client.associate_faces(**bobs)
    assert answer["UnsuccessfulFaceAssociations"] == reason
    assert answer["UserStatus"] == "CREATED"
    taken = client.disassociate_faces(**bobs)
    assert taken["UnsuccessfulFaceDisassociations"] == reason
    assert taken["DisassociatedFaces"] == []


def test_faces_are_taken_from_a_user(client: Any, collection: str) -> None:
    faces = _import(client, collection, callers.strangers(3, _dimension(client, collection)))
    client.create_user(CollectionId=collection, UserId="ada")
    request = {"CollectionId": collection, "UserId": "ada"}
    client.associate_faces(**request, FaceIds=faces[:2])
    absent = str(uuid4())
    answer = client.disassociate_faces(**request, FaceIds=[faces[0], faces[2], absent])
    assert answer["DisassociatedFaces"] == [{"FaceId": faces[0]}]
    assert answer["UnsuccessfulFaceDisassociations"] == [
        {"FaceId": absent, "Reasons": ["FACE_NOT_FOUND"]}
    ]
    assert answer["UserStatus"] == "ACTIVE"
    last = client.disassociate_faces(**request, FaceIds=[faces[1]])
    assert last["UserStatus"] == "CREATED"
    again = client.disassociate_faces(**request, FaceIds=[faces[1]])
    assert (again["DisassociatedFaces"], again["UnsuccessfulFaceDisassociations"]) == ([], [])
    assert all("UserId" not in face for face in client.list_faces(CollectionId=collection)["Faces"])


def test_a_user_has_100_faces_at_most(client: Any, collection: str) -> None:
    faces = _import(client, collection, callers.strangers(102, _dimension(client, collection)))
    client.create_user(CollectionId=collection, UserId="ada")
    request = {"CollectionId": collection, "UserId": "ada", "UserMatchThreshold": 0}
    with pytest.raises(ClientError, match="ValidationException"):
        client.associate_faces(**request, FaceIds=faces[:101])
    client.associate_faces(**request, FaceIds=faces[:99])
    with pytest.raises(client.exceptions.ServiceQuotaExceededException, match="100"):
        client.associate_faces(**request, FaceIds=faces[99:101])
    assert len(client.list_faces(CollectionId=collection, UserId="ada")["Faces"]) == 99
    # what is its own already does not count twice
    filled = client.associate_faces(**request, FaceIds=faces[50:100])
    assert filled["AssociatedFaces"] == [{"FaceId": faces[99]}]
    with pytest.raises(client.exceptions.ServiceQuotaExceededException):
        client.associate_faces(**request, FaceIds=[faces[101]])
    refused = client.associate_faces(**request | {"UserMatchThreshold": 99}, FaceIds=[faces[101]])
    assert len(refused["UnsuccessfulFaceAssociations"]) == 1
    with pytest.raises(ClientError, match="ValidationException"):
        client.disassociate_faces(CollectionId=collection, UserId="ada", FaceIds=faces[:101])


def test_what_is_not_there_is_not_found(client: Any, collection: str, name: str) -> None:
    face_ids = [str(uuid4())]
    missing = client.exceptions.ResourceNotFoundException
    for place in (collection, name + "-other"):
        with pytest.raises(missing):
            client.delete_user(CollectionId=place, UserId="ada")
        for call in (client.associate_faces, client.disassociate_faces):
            with pytest.raises(missing):
                call(CollectionId=place, UserId="ada", FaceIds=face_ids)
    with pytest.raises(missing):
        client.create_user(CollectionId=name + "-other", UserId="ada")
    with pytest.raises(missing):
        client.list_users(CollectionId=name + "-other")


def _index(client: Any, collection: str, image: bytes) -> str:
    answer = client.index_faces(CollectionId=collection, Image={"Bytes": image})
    return str(answer["FaceRecords"][0]["Face"]["FaceId"])


def _dimension(client: Any, collection: str) -> int:
    answer = client.reknown_export_templates(CollectionId=collection)
    return int(answer["TemplateSpace"]["Dimension"])


def _import(
    client: Any, collection: str, vectors: NDArray[np.float32] | list[NDArray[np.float32]]
) -> list[str]:
    space = client.reknown_export_templates(CollectionId=collection)["TemplateSpace"]
    made = callers.templates(vectors)
    client.reknown_import_templates(CollectionId=collection, TemplateSpace=space, Templates=made)
    return [face["FaceId"] for face in made]


@pytest.mark.parametrize("user", ["Grace Hopper", "Žofia & Söhne (家族)"])
def test_every_user_that_is_listed_can_be_named(
    server: Server, client: Any, collection: str, eileen: bytes, tmp_path: Path, user: str
) -> None:
    folder = tmp_path / "people" / user
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(eileen)
    server.reknown("enroll", folder.parent, "--collection", collection)
    assert [found["UserId"] for found in client.list_users(CollectionId=collection)["Users"]] == [
        user
    ]
    request = {"CollectionId": collection, "UserId": user}
    (face,) = client.list_faces(**request)["Faces"]
    client.create_user(CollectionId=collection, UserId="other")
    others = {"CollectionId": collection, "UserId": "other", "FaceIds": [face["FaceId"]]}
    (refused,) = client.associate_faces(**others)["UnsuccessfulFaceAssociations"]
    assert refused["UserId"] == user
    (kept,) = client.delete_faces(CollectionId=collection, FaceIds=[face["FaceId"]])[
        "UnsuccessfulFaceDeletions"
    ]
    assert kept["UserId"] == user
    found = client.search_users_by_image(CollectionId=collection, Image={"Bytes": eileen})
    assert found["UserMatches"][0]["User"]["UserId"] == user
    assert client.search_users(**request)["UserMatches"] == []
    faces = [face["FaceId"]]
    assert client.disassociate_faces(**request, FaceIds=faces)["DisassociatedFaces"]
    assert client.associate_faces(**request, FaceIds=faces)["AssociatedFaces"]
    client.delete_user(**request)
    with pytest.raises(ClientError, match="ValidationException"):
        client.create_user(**request)
