"""IndexFaces, ListFaces and DeleteFaces."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError

import callers
import portraits


def test_indexed_faces_come_largest_first_as_they_are_stored(
    client: Any, collection: str, pair: bytes
) -> None:
    answer = client.index_faces(
        CollectionId=collection, Image={"Bytes": pair}, ExternalImageId="the:pair_1.jpg"
    )
    first, second = answer["FaceRecords"]
    assert answer["UnindexedFaces"] == []
    assert _area(first["Face"]) > _area(second["Face"])
    detected = client.detect_faces(Image={"Bytes": pair})["FaceDetails"]
    indexed = [record["FaceDetail"] for record in answer["FaceRecords"]]
    assert list(map(callers.without_pose, indexed)) == list(map(callers.without_pose, detected))
    version = client.describe_collection(CollectionId=collection)["FaceModelVersion"]
    for record in answer["FaceRecords"]:
        face = record["Face"]
        assert face["ExternalImageId"] == "the:pair_1.jpg"
        assert face["IndexFacesModelVersion"] == answer["FaceModelVersion"] == version
        assert face["BoundingBox"] == record["FaceDetail"]["BoundingBox"]
        assert face["Confidence"] == record["FaceDetail"]["Confidence"]
        assert "UserId" not in face
        assert UUID(face["FaceId"]).version == 4
        assert UUID(face["ImageId"]).version == 5
    assert first["Face"]["ImageId"] == second["Face"]["ImageId"]
    stored = client.list_faces(CollectionId=collection)
    assert stored["Faces"] == [first["Face"], second["Face"]]
    assert stored["FaceModelVersion"] == version
    assert "NextToken" not in stored


def test_without_an_external_id_there_is_none(client: Any, collection: str, eileen: bytes) -> None:
    (record,) = client.index_faces(CollectionId=collection, Image={"Bytes": eileen})["FaceRecords"]
    assert "ExternalImageId" not in record["Face"]


def test_an_image_without_faces_is_indexed_as_nothing(
    client: Any, collection: str, nobody: bytes
) -> None:
    answer = client.index_faces(CollectionId=collection, Image={"Bytes": nobody})
    assert (answer["FaceRecords"], answer["UnindexedFaces"]) == ([], [])
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0


def test_the_same_image_again_adds_nothing(client: Any, collection: str, pair: bytes) -> None:
    request = {"CollectionId": collection, "Image": {"Bytes": pair}}
    first = client.index_faces(**request, ExternalImageId="a")
    again = client.index_faces(**request, ExternalImageId="a")
    assert again["FaceRecords"] == first["FaceRecords"]
    other = client.index_faces(**request, ExternalImageId="b")
    without = client.index_faces(**request)
    assert {len(answer["FaceRecords"]) for answer in (other, without)} == {2}
    assert client.index_faces(**request)["FaceRecords"] == without["FaceRecords"]
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 6
    assert len({face["ImageId"] for face in _faces(client, collection)}) == 1


def test_max_faces_takes_the_largest_and_names_the_others(
    client: Any, collection: str, pair: bytes
) -> None:
    request = {"CollectionId": collection, "Image": {"Bytes": pair}}
    answer = client.index_faces(**request, MaxFaces=1)
    (indexed,) = answer["FaceRecords"]
    (left_out,) = answer["UnindexedFaces"]
    assert left_out["Reasons"] == ["EXCEEDS_MAX_FACES"]
    assert _area(indexed["Face"]) > _area(left_out["FaceDetail"])
    more = client.index_faces(**request, MaxFaces=500)
    assert more["UnindexedFaces"] == []
    assert more["FaceRecords"][0]["Face"] == indexed["Face"]
    assert more["FaceRecords"][1]["FaceDetail"] == left_out["FaceDetail"]
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 2


@pytest.mark.parametrize(
    "reason",
    ["LOW_BRIGHTNESS", "LOW_SHARPNESS", "SMALL_BOUNDING_BOX", "LOW_CONFIDENCE", "LOW_FACE_QUALITY"],
)
def test_what_would_spoil_a_collection_is_refused_with_the_reason(
    client: Any, collection: str, spoilt: dict[str, bytes], reason: str
) -> None:
    request = {"CollectionId": collection, "Image": {"Bytes": spoilt[reason]}}
    default = client.index_faces(**request)
    assert default["FaceRecords"] == []
    (refused,) = default["UnindexedFaces"]
    assert reason in refused["Reasons"]
    assert [refusal["Reason"] for refusal in refused["ReknownRefusals"]] == refused["Reasons"]
    for refusal in refused["ReknownRefusals"]:
        assert refusal["Measured"] < refusal["Required"]
        words = refusal["Measure"].lower()
        assert words in refusal["Message"].replace(" ", "").lower()
    for level in ("AUTO", "LOW"):
        again = client.index_faces(**request, QualityFilter=level)
        assert again["UnindexedFaces"] == default["UnindexedFaces"]
    for level in ("MEDIUM", "HIGH"):
        (face,) = client.index_faces(**request, QualityFilter=level)["UnindexedFaces"]
        assert reason in face["Reasons"]
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0
    assert len(client.index_faces(**request, QualityFilter="NONE")["FaceRecords"]) == 1


def test_medium_and_high_ask_for_more_than_auto(client: Any, collection: str) -> None:
    request = {"CollectionId": collection, "Image": {"Bytes": portraits.mediocre()}}
    for level in ("MEDIUM", "HIGH"):
        (refused,) = client.index_faces(**request, QualityFilter=level)["UnindexedFaces"]
        assert "LOW_FACE_QUALITY" in refused["Reasons"]
    for level in ("AUTO", "LOW"):
        assert len(client.index_faces(**request, QualityFilter=level)["FaceRecords"]) == 1


def test_a_face_that_is_refused_takes_no_place(client: Any, collection: str) -> None:
    request = {"CollectionId": collection, "Image": {"Bytes": portraits.dark_and_bright()}}
    answer = client.index_faces(**request, MaxFaces=1)
    (indexed,) = answer["FaceRecords"]
    assert indexed["Face"]["BoundingBox"]["Left"] > 0.5
    (refused,) = answer["UnindexedFaces"]
    assert refused["Reasons"] == ["LOW_BRIGHTNESS", "LOW_FACE_QUALITY"]


def test_100_faces_of_an_image_are_indexed_at_most(client: Any, collection: str) -> None:
    image = {"Bytes": portraits.crowd(11, 10)}
    detected = client.detect_faces(Image=image)["FaceDetails"]
    assert len(detected) == 100
    request = {"CollectionId": collection, "Image": image, "QualityFilter": "NONE"}
    answer = client.index_faces(**request, MaxFaces=105)
    indexed = [record["FaceDetail"] for record in answer["FaceRecords"]]
    assert list(map(callers.without_pose, indexed)) == list(map(callers.without_pose, detected))
    reasons = [face["Reasons"] for face in answer["UnindexedFaces"]]
    assert reasons == [["EXCEEDS_MAX_FACES"]] * len(reasons)
    assert len(reasons) > 0
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 100


def test_an_image_indexed_by_many_at_once_is_stored_once(
    client: Any, collection: str, pair: bytes
) -> None:
    request = {"CollectionId": collection, "Image": {"Bytes": pair}, "ExternalImageId": "a"}
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(client.index_faces, **request) for _ in range(4)]
        records = [call.result()["FaceRecords"] for call in calls]
    assert records == records[:1] * 4
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 2


def test_faces_are_listed_by_id_and_by_user(client: Any, collection: str, pair: bytes) -> None:
    records = client.index_faces(CollectionId=collection, Image={"Bytes": pair})["FaceRecords"]
    first, second = (record["Face"]["FaceId"] for record in records)
    client.create_user(CollectionId=collection, UserId="ada")
    client.associate_faces(CollectionId=collection, UserId="ada", FaceIds=[second])
    assert _ids(client, collection, FaceIds=[second, str(uuid4())]) == [second]
    assert _ids(client, collection, FaceIds=[second, first]) == [first, second]
    (own,) = client.list_faces(CollectionId=collection, UserId="ada")["Faces"]
    assert (own["FaceId"], own["UserId"]) == (second, "ada")
    assert _ids(client, collection, FaceIds=[first], UserId="ada") == []
    assert _ids(client, collection, UserId="nobody") == []
    assert _ids(client, collection, FaceIds=[str(uuid4()) for _ in range(4096)]) == []
    with pytest.raises(ClientError, match="ValidationException"):
        client.list_faces(CollectionId=collection, FaceIds=[first] * 4097)


def test_deleted_are_the_faces_that_belong_to_nobody(
    client: Any, collection: str, pair: bytes
) -> None:
    records = client.index_faces(CollectionId=collection, Image={"Bytes": pair})["FaceRecords"]
    first, second = (record["Face"]["FaceId"] for record in records)
    absent = str(uuid4())
    client.create_user(CollectionId=collection, UserId="ada")
    client.associate_faces(CollectionId=collection, UserId="ada", FaceIds=[first])
    answer = client.delete_faces(CollectionId=collection, FaceIds=[absent, second, first, second])
    assert answer["DeletedFaces"] == [second]
    assert answer["UnsuccessfulFaceDeletions"] == [
        {"FaceId": absent, "Reasons": ["FACE_NOT_FOUND"]},
        {"FaceId": first, "UserId": "ada", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]},
    ]
    again = client.delete_faces(CollectionId=collection, FaceIds=[second])
    assert again["DeletedFaces"] == []
    assert _ids(client, collection) == [first]
    client.disassociate_faces(CollectionId=collection, UserId="ada", FaceIds=[first])
    assert client.delete_faces(CollectionId=collection, FaceIds=[first])["DeletedFaces"] == [first]
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0


def test_faces_of_another_collection_are_out_of_reach(
    client: Any, collection: str, eileen: bytes
) -> None:
    (record,) = client.index_faces(CollectionId=collection, Image={"Bytes": eileen})["FaceRecords"]
    face_id = record["Face"]["FaceId"]
    other = collection + "-other"
    client.create_collection(CollectionId=other)
    answer = client.delete_faces(CollectionId=other, FaceIds=[face_id])
    assert answer["UnsuccessfulFaceDeletions"][0]["Reasons"] == ["FACE_NOT_FOUND"]
    assert _ids(client, other, FaceIds=[face_id]) == []
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.search_faces(CollectionId=other, FaceId=face_id)


def test_what_the_model_forbids_is_refused(client: Any, collection: str, eileen: bytes) -> None:
    request = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    for wrong in ({"ExternalImageId": "a b"}, {"ExternalImageId": "a/b"}, {"QualityFilter": "X"}):
        with pytest.raises(ClientError, match="ValidationException"):
            client.index_faces(**request, **wrong)
    for face_ids in (["no-uuid"], [str(uuid4()).upper()]):
        with pytest.raises(ClientError, match="ValidationException"):
            client.delete_faces(CollectionId=collection, FaceIds=face_ids)
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0


def _faces(client: Any, collection: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.list_faces(CollectionId=collection)["Faces"]
    return found


def _ids(client: Any, collection: str, **wanted: Any) -> list[str]:
    found = client.list_faces(CollectionId=collection, **wanted)["Faces"]
    return [face["FaceId"] for face in found]


def _area(face: dict[str, Any]) -> float:
    return float(face["BoundingBox"]["Width"] * face["BoundingBox"]["Height"])


def test_a_face_names_its_user_wherever_it_is_shown(
    client: Any, collection: str, eileen: bytes
) -> None:
    def index() -> dict[str, Any]:
        answer = client.index_faces(CollectionId=collection, Image={"Bytes": eileen})
        face: dict[str, Any] = answer["FaceRecords"][0]["Face"]
        return face

    face = index()
    assert "UserId" not in face
    client.create_user(CollectionId=collection, UserId="ada")
    client.associate_faces(CollectionId=collection, UserId="ada", FaceIds=[face["FaceId"]])
    named = face | {"UserId": "ada"}
    assert index() == named
    assert client.list_faces(CollectionId=collection)["Faces"] == [named]
    request = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    (match,) = client.search_faces_by_image(**request)["FaceMatches"]
    assert match["Face"] == named
