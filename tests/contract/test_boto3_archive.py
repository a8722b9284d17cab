"""Extensions: people in what was scanned, groups of unknown ones, and names mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ParamValidationError

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server


@pytest.fixture
def photos(
    server: Server, collection: str, tmp_path: Path, eileen: bytes, grace: bytes, pair: bytes
) -> Path:
    """Scanned: both people twice, once together."""
    folder = tmp_path / "photos"
    folder.mkdir()
    data = {"IMG_20190314_153012.jpg": eileen, "grace.jpg": grace, "both.jpg": pair}
    for name, content in data.items():
        (folder / name).write_bytes(content)
    server.reknown("scan", folder, "--collection", collection)
    server.reknown("groups", "list", "--collection", collection)
    return folder


def test_a_face_is_found_in_what_was_scanned(
    client: Any, collection: str, photos: Path, eileen: bytes
) -> None:
    found = client.reknown_find_sightings(
        CollectionId=collection, Image={"Bytes": eileen}, SimilarityThreshold=90
    )
    best, second = found["Sightings"]
    assert (best["Name"], second["Name"]) == ("IMG_20190314_153012.jpg", "both.jpg")
    assert (best["Kind"], best["Taken"]) == ("image", "2019-03-14T15:30:12")
    assert best["Similarity"] >= second["Similarity"] >= 90
    assert str(photos) not in str(found)
    assert found["ReknownStatistics"]["GallerySize"] == 4
    one = client.reknown_find_sightings(
        CollectionId=collection, Image={"Bytes": eileen}, MaxSightings=1
    )
    assert [each["SightingId"] for each in one["Sightings"]] == [best["SightingId"]]


def test_a_group_gets_a_name_and_is_found_by_it(client: Any, collection: str, photos: Path) -> None:
    request = {"CollectionId": collection}
    first = client.reknown_list_groups(**request, MaxResults=1)
    assert (
        client.reknown_list_groups(**request, NextToken="", MaxResults=1)["Groups"]
        == (first["Groups"])
    )
    rest = client.reknown_list_groups(**request, NextToken=first["NextToken"])
    both: list[dict[str, Any]] = [*first["Groups"], *rest["Groups"]]
    group, other = both
    assert (group["Sightings"], group["Files"], group.get("UserId")) == (2, 2, None)
    made = client.reknown_name_group(**request, Number=group["Number"], UserId="Zoë Ada")
    assert made["AssociatedFaces"] == 2
    (left,) = client.reknown_list_groups(**request)["Groups"]
    assert left["Number"] == other["Number"]
    everybody = client.reknown_list_groups(**request, Everybody=True)["Groups"]
    assert [each.get("UserId") for each in everybody] == ["Zoë Ada", None]
    found = client.reknown_find_sightings(**request, UserId="Zoë Ada")
    assert len(found["Sightings"]) == 2
    assert len(list(photos.iterdir())) == 3


def test_names_are_mended(client: Any, collection: str, pair: bytes) -> None:
    request = {"CollectionId": collection}
    indexed = client.index_faces(**request, Image={"Bytes": pair})["FaceRecords"]
    first, second = (each["Face"]["FaceId"] for each in indexed)
    absent = str(uuid4())
    moved = client.reknown_move_faces(**request, FaceIds=[first, absent], UserId="Ada")
    assert (moved["MovedFaces"], moved["AbsentFaces"]) == ([first], [absent])
    client.reknown_move_faces(**request, FaceIds=[second], UserId="Bob")
    client.reknown_rename_user(**request, UserId="Bob", NewUserId="Robert")
    merged = client.reknown_merge_users(**request, UserId="Robert", IntoUserId="Ada")
    assert merged["MovedFaces"] == [second]
    assert [user["UserId"] for user in client.list_users(**request)["Users"]] == ["Ada"]
    client.reknown_move_faces(**request, FaceIds=[first])
    (face,) = client.list_faces(**request, UserId="Ada")["Faces"]
    assert face["FaceId"] == second


def test_what_is_refused(client: Any, collection: str, nobody: bytes) -> None:
    request = {"CollectionId": collection}
    client.create_user(**request, UserId="Ada")
    client.create_user(**request, UserId="Bob")
    nothing: list[tuple[str, str, dict[str, Any]]] = [
        ("find_sightings", "InvalidParameterException", {}),
        ("find_sightings", "InvalidParameterException", {"UserId": "Ada"}),
        ("find_sightings", "InvalidParameterException", {"Image": {"Bytes": nobody}}),
        ("find_sightings", "ResourceNotFoundException", {"UserId": "Cyd"}),
        ("name_group", "ResourceNotFoundException", {"Number": 99, "UserId": "Ada"}),
        ("rename_user", "ResourceNotFoundException", {"UserId": "Cyd", "NewUserId": "Eve"}),
        ("rename_user", "ConflictException", {"UserId": "Ada", "NewUserId": "Bob"}),
        ("merge_users", "ResourceNotFoundException", {"UserId": "Ada", "IntoUserId": "Cyd"}),
        ("merge_users", "InvalidParameterException", {"UserId": "Ada", "IntoUserId": "Ada"}),
        ("move_faces", "ValidationException", {"FaceIds": ["no id"]}),
    ]
    for operation, code, parameters in nothing:
        with pytest.raises(ClientError) as caught:
            getattr(client, f"reknown_{operation}")(**request, **parameters)
        assert caught.value.response["Error"]["Code"] == code, operation
    with pytest.raises(ParamValidationError):
        client.reknown_name_group(**request, Number=0, UserId="Ada")
