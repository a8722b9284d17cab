"""SearchFaces, SearchFacesByImage and the extension that searches for every face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

import callers
import portraits

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.vision.analyze import Engine
    from servers import Server

_NO_FACES = "There are no faces in the image. Should be at least 1."


@pytest.fixture(scope="module")
def known(client: Any) -> dict[str, str]:
    """A collection with a pair, Grace alone and Grace mirrored: its name and the face ids."""
    name = f"test-{uuid4()}"
    client.create_collection(CollectionId=name)
    pair = client.index_faces(CollectionId=name, Image={"Bytes": portraits.pair()})
    mirrored = client.index_faces(
        CollectionId=name, Image={"Bytes": portraits.mirrored_grace()}, ExternalImageId="mirrored"
    )
    records = pair["FaceRecords"] + mirrored["FaceRecords"]
    ids = [record["Face"]["FaceId"] for record in records]
    return {"collection": name} | dict(zip(("eileen", "grace", "mirrored"), ids, strict=True))


def test_a_stored_face_finds_others_of_the_person_but_not_itself(
    client: Any, known: dict[str, str]
) -> None:
    answer = client.search_faces(CollectionId=known["collection"], FaceId=known["grace"])
    assert answer["SearchedFaceId"] == known["grace"]
    (match,) = answer["FaceMatches"]
    stored = client.list_faces(CollectionId=known["collection"], FaceIds=[known["mirrored"]])
    assert match["Face"] == stored["Faces"][0]
    assert match["Face"]["ExternalImageId"] == "mirrored"
    assert 80 <= match["Similarity"] <= 100
    version = client.describe_collection(CollectionId=known["collection"])["FaceModelVersion"]
    assert answer["FaceModelVersion"] == version
    alone = client.search_faces(CollectionId=known["collection"], FaceId=known["eileen"])
    assert alone["FaceMatches"] == []


def test_an_image_finds_its_largest_face(client: Any, known: dict[str, str], pair: bytes) -> None:
    answer = client.search_faces_by_image(CollectionId=known["collection"], Image={"Bytes": pair})
    assert _ids(answer) == [known["eileen"]]
    face = client.detect_faces(Image={"Bytes": pair})["FaceDetails"][0]
    assert answer["SearchedFaceBoundingBox"] == face["BoundingBox"]
    assert answer["SearchedFaceConfidence"] == face["Confidence"]
    assert answer["FaceMatches"][0]["Similarity"] > 99


def test_the_most_similar_comes_first(client: Any, known: dict[str, str], grace: bytes) -> None:
    answer = client.search_faces_by_image(
        CollectionId=known["collection"], Image={"Bytes": grace}, FaceMatchThreshold=0
    )
    assert len(answer["FaceMatches"]) == 3
    similarities = [match["Similarity"] for match in answer["FaceMatches"]]
    assert similarities == sorted(similarities, reverse=True)
    assert _ids(answer)[2] == known["eileen"]
    best = client.search_faces_by_image(
        CollectionId=known["collection"], Image={"Bytes": grace}, FaceMatchThreshold=0, MaxFaces=1
    )
    assert best["FaceMatches"] == answer["FaceMatches"][:1]


def test_max_faces_counts_without_the_searched_face(client: Any, known: dict[str, str]) -> None:
    for most in (1, 2):
        answer = client.search_faces(
            CollectionId=known["collection"],
            FaceId=known["grace"],
            FaceMatchThreshold=0,
            MaxFaces=most,
        )
        assert len(answer["FaceMatches"]) == most
        assert known["grace"] not in _ids(answer)


def test_the_threshold_is_80_unless_stated(client: Any, collection: str, engine: Engine) -> None:
    table = engine.calibration
    assert table is not None
    probe = callers.strangers(1, engine.space.dimension)[0]
    vectors = [callers.lookalike(probe, table.score(s)) for s in (99.5, 80.5, 79.5, 60)]
    space = client.reknown_export_templates(CollectionId=collection)["TemplateSpace"]
    opposite = callers.lookalike(probe, -0.99)
    made = callers.templates([probe, *vectors, opposite])
    client.reknown_import_templates(CollectionId=collection, TemplateSpace=space, Templates=made)
    ids = [face["FaceId"] for face in made]
    request = {"CollectionId": collection, "FaceId": ids[0]}
    default = client.search_faces(**request)
    assert _ids(default) == ids[1:3]
    assert _ids(client.search_faces(**request, FaceMatchThreshold=80)) == ids[1:3]
    assert _ids(client.search_faces(**request, FaceMatchThreshold=79)) == ids[1:4]
    assert _ids(client.search_faces(**request, FaceMatchThreshold=99)) == ids[1:2]
    # nothing is less similar than 0, however different
    assert _ids(client.search_faces(**request, FaceMatchThreshold=0)) == ids[1:]
    found = [match["Similarity"] for match in default["FaceMatches"]]
    assert found == pytest.approx([99.5, 80.5], abs=0.1)
    rates = [match["ReknownFalseMatchRate"] for match in default["FaceMatches"]]
    assert rates[0] < rates[1] < 1e-4


def test_a_search_says_what_its_threshold_is_worth(client: Any, known: dict[str, str]) -> None:
    answer = client.search_faces(CollectionId=known["collection"], FaceId=known["grace"])
    statistics = answer["ReknownStatistics"]
    assert statistics["Threshold"] == 80
    assert statistics["FalseMatchRate"] == pytest.approx(1e-4, rel=0.01)
    assert statistics["GallerySize"] == statistics["References"] == 3
    expected = statistics["FalseMatchRate"] * 3
    assert statistics["ExpectedFalseCandidates"] == pytest.approx(expected)


def test_an_unknown_face_cannot_be_searched_with(client: Any, known: dict[str, str]) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException, match="faceId was not found"):
        client.search_faces(CollectionId=known["collection"], FaceId=str(uuid4()))


def test_no_face_to_search_with_is_said_in_amazons_words(
    client: Any, known: dict[str, str], nobody: bytes
) -> None:
    calls: tuple[Callable[..., Any], ...] = (
        lambda: client.search_faces_by_image(
            CollectionId=known["collection"], Image={"Bytes": nobody}
        ),
        lambda: client.search_faces_by_image(
            CollectionId=known["collection"], Image={"Bytes": nobody}, QualityFilter="AUTO"
        ),
    )
    for search in calls:
        with pytest.raises(client.exceptions.InvalidParameterException) as none:
            search()
        assert none.value.response["Error"]["Message"] == _NO_FACES


def test_searches_filter_only_when_asked_to(client: Any, known: dict[str, str]) -> None:
    request = {
        "CollectionId": known["collection"],
        "Image": {"Bytes": portraits.dark_and_bright()},
    }
    default = client.search_faces_by_image(**request)
    assert default["SearchedFaceBoundingBox"]["Left"] < 0.5
    assert _ids(default) == _ids(client.search_faces_by_image(**request, QualityFilter="NONE"))
    filtered = client.search_faces_by_image(**request, QualityFilter="AUTO")
    assert filtered["SearchedFaceBoundingBox"]["Left"] > 0.5
    assert _ids(filtered) == [known["eileen"]]


def test_faces_that_all_fail_the_filter_are_explained(
    client: Any, known: dict[str, str], spoilt: dict[str, bytes]
) -> None:
    with pytest.raises(
        client.exceptions.InvalidParameterException, match="luminance mean 6, minimum 15"
    ):
        client.search_faces_by_image(
            CollectionId=known["collection"],
            Image={"Bytes": spoilt["LOW_BRIGHTNESS"]},
            QualityFilter="LOW",
        )


def test_an_empty_collection_resembles_nobody(client: Any, collection: str, eileen: bytes) -> None:
    answer = client.search_faces_by_image(CollectionId=collection, Image={"Bytes": eileen})
    assert answer["FaceMatches"] == []
    assert answer["ReknownStatistics"]["ExpectedFalseCandidates"] == 0
    everyone = client.reknown_search_all_faces_by_image(
        CollectionId=collection, Image={"Bytes": eileen}
    )
    assert [face["FaceMatches"] for face in everyone["SearchedFaces"]] == [[]]


def test_a_client_without_the_extensions_sees_amazons_members_only(
    server: Server, known: dict[str, str]
) -> None:
    plain = boto3.client(
        "rekognition",
        endpoint_url=server.address,
        region_name="us-east-1",
        aws_access_key_id=server.key_id,
        aws_secret_access_key=server.secret,
    )
    answer = plain.search_faces(CollectionId=known["collection"], FaceId=known["grace"])
    assert set(answer) == {
        "SearchedFaceId",
        "FaceMatches",
        "FaceModelVersion",
        "ResponseMetadata",
    }
    assert set(answer["FaceMatches"][0]) == {"Similarity", "Face"}
    with pytest.raises(AttributeError):
        _ = plain.reknown_export_templates


def test_limits_of_the_model(client: Any, known: dict[str, str]) -> None:
    request = {"CollectionId": known["collection"], "FaceId": known["grace"]}
    client.search_faces(**request, MaxFaces=4096, FaceMatchThreshold=100)
    for wrong in ({"MaxFaces": 4097}, {"FaceMatchThreshold": 100.5}):
        with pytest.raises(ClientError, match="ValidationException"):
            client.search_faces(**request, **wrong)


def test_every_face_of_an_image_is_searched_for(client: Any, known: dict[str, str]) -> None:
    image = {"Bytes": portraits.three()}
    answer = client.reknown_search_all_faces_by_image(CollectionId=known["collection"], Image=image)
    details = [face["FaceDetail"] for face in answer["SearchedFaces"]]
    detected = client.detect_faces(Image=image)["FaceDetails"]
    assert list(map(callers.without_pose, details)) == list(map(callers.without_pose, detected))
    found = [
        {match["Face"]["FaceId"] for match in face["FaceMatches"]}
        for face in answer["SearchedFaces"]
    ]
    of_grace = {known["grace"], known["mirrored"]}
    assert found == [of_grace, {known["eileen"]}, of_grace]
    assert answer["UnsearchedFaces"] == []
    assert answer["ReknownStatistics"]["GallerySize"] == 3
    one = client.reknown_search_all_faces_by_image(
        CollectionId=known["collection"], Image=image, MaxFaces=1
    )
    assert [len(face["FaceMatches"]) for face in one["SearchedFaces"]] == [1, 1, 1]


def test_faces_that_are_not_searched_for_say_why(client: Any, known: dict[str, str]) -> None:
    request = {
        "CollectionId": known["collection"],
        "Image": {"Bytes": portraits.dark_and_bright()},
    }
    answer = client.reknown_search_all_faces_by_image(**request, QualityFilter="AUTO")
    assert len(answer["SearchedFaces"]) == 1
    (refused,) = answer["UnsearchedFaces"]
    assert refused["Reasons"] == ["LOW_BRIGHTNESS", "LOW_FACE_QUALITY"]
    assert refused["FaceDetails"]["BoundingBox"]["Left"] < 0.5
    assert refused["ReknownRefusals"][0]["Measure"] == "LuminanceMean"
    default = client.reknown_search_all_faces_by_image(**request)
    assert len(default["SearchedFaces"]) == 2


def test_an_image_without_faces_has_nobody_to_search_for(
    client: Any, known: dict[str, str], nobody: bytes
) -> None:
    answer = client.reknown_search_all_faces_by_image(
        CollectionId=known["collection"], Image={"Bytes": nobody}
    )
    assert (answer["SearchedFaces"], answer["UnsearchedFaces"]) == ([], [])


def _ids(answer: dict[str, Any]) -> list[str]:
    return [match["Face"]["FaceId"] for match in answer["FaceMatches"]]
