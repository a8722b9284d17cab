"""What has been acknowledged is true for everybody's next request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import callers

if TYPE_CHECKING:
    from servers import Server

_ROUNDS = 50


@pytest.fixture(scope="module")
def other(server: Server) -> Any:
    """A client of another key, with connections of its own."""
    return callers.distinct(server.client(**callers.NO_RETRIES))


def test_what_was_indexed_is_found_by_the_next_request(
    client: Any, other: Any, collection: str, eileen: bytes
) -> None:
    faces: list[str] = []
    for number in range(_ROUNDS):
        indexed = client.index_faces(
            CollectionId=collection, Image={"Bytes": eileen}, ExternalImageId=str(number)
        )
        faces.append(indexed["FaceRecords"][0]["Face"]["FaceId"])
        found = other.search_faces(CollectionId=collection, FaceId=faces[-1])
        assert set(_ids(found)) == set(faces[:-1])
        assert other.describe_collection(CollectionId=collection)["FaceCount"] == number + 1


def test_what_was_deleted_is_not_found_by_the_next_request(
    client: Any, other: Any, collection: str
) -> None:
    kept = _import(client, collection, 1, 20)
    search = {"CollectionId": collection, "FaceId": kept[0], "FaceMatchThreshold": 0}
    for gone in kept[1:]:
        assert gone in _ids(other.search_faces(**search))
        client.delete_faces(CollectionId=collection, FaceIds=[gone])
        assert gone not in _ids(other.search_faces(**search))
        with pytest.raises(other.exceptions.InvalidParameterException):
            other.search_faces(CollectionId=collection, FaceId=gone)


def test_users_are_found_and_lost_at_once(client: Any, other: Any, collection: str) -> None:
    (face,) = _import(client, collection, 2, 1)
    search = {"CollectionId": collection, "FaceId": face}
    for number in range(10):
        user = {"CollectionId": collection, "UserId": f"user-{number}"}
        client.create_user(**user)
        assert other.search_users(**search)["UserMatches"] == []
        client.associate_faces(**user, FaceIds=[face])
        (match,) = other.search_users(**search)["UserMatches"]
        assert match["User"]["UserId"] == user["UserId"]
        (stored,) = other.list_faces(CollectionId=collection)["Faces"]
        assert stored["UserId"] == user["UserId"]
        if number % 2:
            client.disassociate_faces(**user, FaceIds=[face])
        else:
            client.delete_user(**user)


def test_searches_while_faces_come_and_go_see_only_what_is_there(
    client: Any, other: Any, collection: str
) -> None:
    (probe,) = _import(client, collection, 3, 1)

    def come_and_go(seed: int) -> None:
        for turn in range(5):
            made = _import(client, collection, 100 * seed + turn, 3)
            client.delete_faces(CollectionId=collection, FaceIds=made)

    def look(_: int) -> None:
        for _ in range(15):
            matches = other.search_faces(
                CollectionId=collection, FaceId=probe, FaceMatchThreshold=0
            )["FaceMatches"]
            similarities = [match["Similarity"] for match in matches]
            assert similarities == sorted(similarities, reverse=True)
            assert len(set(_ids({"FaceMatches": matches}))) == len(matches)

    with ThreadPoolExecutor(4) as threads:
        work = [threads.submit(come_and_go, seed) for seed in (1, 2)]
        work += [threads.submit(look, 0) for _ in range(2)]
        for one in work:
            one.result()
    last = other.search_faces(CollectionId=collection, FaceId=probe, FaceMatchThreshold=0)
    assert last["FaceMatches"] == []


def _import(client: Any, collection: str, seed: int, count: int) -> list[str]:
    space = client.reknown_export_templates(CollectionId=collection, MaxResults=1)["TemplateSpace"]
    made = callers.templates(callers.strangers(count, space["Dimension"], seed))
    client.reknown_import_templates(CollectionId=collection, TemplateSpace=space, Templates=made)
    return [face["FaceId"] for face in made]


def _ids(answer: dict[str, Any]) -> list[str]:
    return [match["Face"]["FaceId"] for match in answer["FaceMatches"]]
