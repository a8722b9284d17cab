"""Collections and their tags."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Server


def test_a_collection_is_made_described_and_deleted(client: Any, name: str) -> None:
    before = datetime.now(UTC)
    made = client.create_collection(CollectionId=name)
    assert made["StatusCode"] == 200
    assert made["CollectionArn"] == f"arn:aws:rekognition:eu-west-1:000000000000:collection/{name}"
    assert set(made["FaceModelVersion"]) <= set("0123456789.")
    found = client.describe_collection(CollectionId=name)
    assert found["CollectionARN"] == made["CollectionArn"]
    assert found["FaceModelVersion"] == made["FaceModelVersion"]
    assert (found["FaceCount"], found["UserCount"]) == (0, 0)
    assert abs(found["CreationTimestamp"] - before) < timedelta(seconds=30)
    assert client.delete_collection(CollectionId=name)["StatusCode"] == 200
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        client.describe_collection(CollectionId=name)
    text = missing.value.response["Error"]["Message"]
    assert text == f"The collection id: {name} does not exist"


def test_a_name_is_taken_once_and_letter_case_counts(client: Any, collection: str) -> None:
    with pytest.raises(client.exceptions.ResourceAlreadyExistsException) as taken:
        client.create_collection(CollectionId=collection)
    text = taken.value.response["Error"]["Message"]
    assert text == f"The collection id: {collection} already exists"
    client.create_collection(CollectionId=collection.upper())
    assert client.describe_collection(CollectionId=collection.upper())["FaceCount"] == 0


def test_of_many_who_want_a_name_at_once_one_gets_it(client: Any, name: str) -> None:
    def attempt(_: int) -> bool:
        try:
            client.create_collection(CollectionId=name)
        except client.exceptions.ResourceAlreadyExistsException:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(attempt, range(8))) == [False] * 7 + [True]


def test_the_counts_are_those_of_now(client: Any, collection: str, pair: bytes) -> None:
    client.index_faces(CollectionId=collection, Image={"Bytes": pair})
    client.create_user(CollectionId=collection, UserId="ada")
    found = client.describe_collection(CollectionId=collection)
    assert (found["FaceCount"], found["UserCount"]) == (2, 1)


def test_a_new_collection_has_nothing_of_the_deleted_one(
    client: Any, collection: str, eileen: bytes
) -> None:
    (record,) = client.index_faces(CollectionId=collection, Image={"Bytes": eileen})["FaceRecords"]
    client.create_user(CollectionId=collection, UserId="ada")
    arn = client.describe_collection(CollectionId=collection)["CollectionARN"]
    client.tag_resource(ResourceArn=arn, Tags={"a": "1"})
    search = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    assert client.search_faces_by_image(**search)["FaceMatches"]
    client.delete_collection(CollectionId=collection)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.search_faces_by_image(**search)
    client.create_collection(CollectionId=collection)
    assert client.search_faces_by_image(**search)["FaceMatches"] == []
    assert client.list_users(CollectionId=collection)["Users"] == []
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {}
    (new,) = client.index_faces(CollectionId=collection, Image={"Bytes": eileen})["FaceRecords"]
    assert new["Face"]["FaceId"] != record["Face"]["FaceId"]
    assert new["Face"]["ImageId"] == record["Face"]["ImageId"]


def test_collections_are_listed_with_their_versions(client: Any) -> None:
    names = [f"test-{uuid4()}" for _ in range(3)]
    versions = [client.create_collection(CollectionId=name)["FaceModelVersion"] for name in names]
    pages = list(client.get_paginator("list_collections").paginate())
    found = [
        pair
        for page in pages
        for pair in zip(page["CollectionIds"], page["FaceModelVersions"], strict=True)
    ]
    assert [pair for pair in found if pair[0] in names] == list(zip(names, versions, strict=True))


def test_every_collection_that_is_listed_can_be_named(
    server: Server, client: Any, eileen: bytes, tmp_path: Path
) -> None:
    name, folder = "Family Album / Söhne", tmp_path / "people" / "Ada"
    folder.mkdir(parents=True)
    (folder / "1.jpg").write_bytes(eileen)
    server.reknown("enroll", folder.parent, "--collection", name)
    assert name in client.list_collections()["CollectionIds"]
    arn = client.describe_collection(CollectionId=name)["CollectionARN"]
    client.tag_resource(ResourceArn=arn, Tags={"of": "family"})
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"of": "family"}
    (face,) = client.list_faces(CollectionId=name)["Faces"]
    found = client.search_faces_by_image(CollectionId=name, Image={"Bytes": eileen})
    assert found["FaceMatches"][0]["Face"]["FaceId"] == face["FaceId"]
    client.delete_collection(CollectionId=name)
    with pytest.raises(ClientError, match="ValidationException"):
        client.create_collection(CollectionId=name)


def test_tags_are_set_replaced_and_removed(client: Any, name: str) -> None:
    made = client.create_collection(CollectionId=name, Tags={"stage": "test", "empty": ""})
    arn = made["CollectionArn"]
    assert _tags(client, arn) == {"stage": "test", "empty": ""}
    client.tag_resource(ResourceArn=arn, Tags={"stage": "live", "owner": "ada"})
    assert _tags(client, arn) == {"stage": "live", "empty": "", "owner": "ada"}
    client.untag_resource(ResourceArn=arn, TagKeys=["empty", "owner", "absent"])
    assert _tags(client, arn) == {"stage": "live"}
    client.untag_resource(ResourceArn=arn, TagKeys=["absent"])
    assert _tags(client, arn) == {"stage": "live"}


def test_a_collection_has_200_tags_at_most(client: Any, name: str) -> None:
    tags = {f"key-{number}": str(number) for number in range(201)}
    with pytest.raises(ClientError, match="ValidationException"):
        client.create_collection(CollectionId=name, Tags=tags)
    first = dict(list(tags.items())[:200])
    arn = client.create_collection(CollectionId=name, Tags=first)["CollectionArn"]
    with pytest.raises(client.exceptions.ServiceQuotaExceededException, match="200"):
        client.tag_resource(ResourceArn=arn, Tags={"key-200": ""})
    client.tag_resource(ResourceArn=arn, Tags={"key-7": "replaced"})
    assert _tags(client, arn) == first | {"key-7": "replaced"}


def test_tags_of_amazons_own_are_refused(client: Any, collection: str) -> None:
    arn = client.describe_collection(CollectionId=collection)["CollectionARN"]
    with pytest.raises(ClientError, match="ValidationException"):
        client.tag_resource(ResourceArn=arn, Tags={"aws:cloud": "1"})


@pytest.mark.parametrize(
    "form",
    [
        "arn:aws:rekognition:us-west-2:000000000000:collection/{}",
        "arn:aws:rekognition:eu-west-1:123456789012:collection/{}",
        "arn:aws-us-gov:rekognition:us-gov-west-1:123456789012:collection/{}",
    ],
)
def test_region_and_account_of_an_arn_do_not_matter(
    client: Any, collection: str, form: str
) -> None:
    client.tag_resource(ResourceArn=form.format(collection), Tags={"a": "1"})
    assert _tags(client, form.format(collection)) == {"a": "1"}


def test_what_is_the_arn_of_no_collection(client: Any, name: str) -> None:
    prefix = "arn:aws:rekognition:eu-west-1:000000000000"
    calls: tuple[Callable[..., Any], ...] = (
        lambda arn: client.tag_resource(ResourceArn=arn, Tags={"a": "1"}),
        lambda arn: client.untag_resource(ResourceArn=arn, TagKeys=["a"]),
        lambda arn: client.list_tags_for_resource(ResourceArn=arn),
    )
    for call in calls:
        for kind in ("collection", "streamprocessor"):
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                call(f"{prefix}:{kind}/{name}")
        for arn in (f"{prefix}:project/{name}", f"{prefix}:collection/", "x" * 30):
            with pytest.raises(client.exceptions.InvalidParameterException, match="ARN"):
                call(arn)


def test_all_regions_see_the_same_collections(server: Server, collection: str) -> None:
    other = server.client(region="us-west-2")
    found = other.describe_collection(CollectionId=collection)
    assert found["CollectionARN"].split(":")[3] == "us-west-2"


def _tags(client: Any, arn: str) -> dict[str, str]:
    found: dict[str, str] = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    return found
