"""Extensions: people in what was scanned, groups of unknown ones, and names mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, ParamValidationError

import callers
from servers import serving

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


def test_a_group_is_read_page_by_page_the_best_faces_first(
    client: Any, collection: str, photos: Path
) -> None:
    request = {"CollectionId": collection}
    group, other = client.reknown_list_groups(**request)["Groups"]
    request["Number"] = group["Number"]
    whole = client.reknown_read_group(**request)
    assert (whole["Group"], "NextToken" in whole) == (group, False)
    seen = whole["Sightings"]
    assert len(seen) == 2
    assert [each["Quality"] for each in seen] == sorted(
        (each["Quality"] for each in seen), reverse=True
    )
    assert "Similarity" not in seen[0]
    assert str(photos) not in str(whole)
    first = client.reknown_read_group(**request, MaxResults=1)
    token = first["NextToken"]
    second = client.reknown_read_group(**request, MaxResults=1, NextToken=token)
    assert [*first["Sightings"], *second["Sightings"]] == seen
    assert "NextToken" not in second
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.reknown_read_group(CollectionId=collection, Number=other["Number"], NextToken=token)


def test_groups_are_split_kept_apart_made_one_and_put_aside(
    client: Any, collection: str, photos: Path
) -> None:
    assert photos
    request = {"CollectionId": collection}
    group, other = client.reknown_list_groups(**request)["Groups"]
    number, one = group["Number"], {**request, "Number": group["Number"]}
    with pytest.raises(ClientError, match="two people"):
        client.reknown_merge_groups(**one, IntoNumber=other["Number"])
    first, second = client.reknown_read_group(**one)["Sightings"]
    made = client.reknown_split_group(**one, SightingIds=[first["SightingId"]])["Group"]
    assert made["Sightings"] == 1
    # what was split off stays apart, until somebody takes that back
    assert not _pairs(client, collection)
    client.reknown_keep_apart(**one, OtherNumber=made["Number"], Undo=True)
    assert _pairs(client, collection) == [{number, made["Number"]}]
    client.reknown_keep_apart(**one, OtherNumber=made["Number"])
    assert not _pairs(client, collection)
    merged = client.reknown_merge_groups(**request, Number=made["Number"], IntoNumber=number)
    assert merged["MovedSightings"] == [first["SightingId"]]
    assert merged["Group"]["Sightings"] == 2
    client.reknown_ignore_group(**one)
    assert client.reknown_list_groups(**request)["Groups"] == [other]
    client.reknown_ignore_group(**one, Ignored=False)
    assert len(client.reknown_list_groups(**request)["Groups"]) == 2
    done = client.reknown_group_sightings(**request)
    assert (done["Sightings"], done["New"], done["MadeGroups"]) == (4, 0, 0)
    assert second


def test_a_group_and_two_users_are_kept_apart_too(
    client: Any, collection: str, photos: Path
) -> None:
    assert photos
    request = {"CollectionId": collection}
    group, other = client.reknown_list_groups(**request)["Groups"]
    best = client.reknown_read_group(**request, Number=group["Number"])["Sightings"][0]
    client.reknown_split_group(**request, Number=group["Number"], SightingIds=[best["SightingId"]])
    client.reknown_name_group(**request, Number=group["Number"], UserId="Ada")
    (pair,) = client.reknown_propose_merges(**request, MaxProposals=1)["Proposals"]
    assert "Ada" in (pair["One"].get("UserId"), pair["Other"].get("UserId"))
    number = pair["One"]["Number"]
    client.reknown_keep_apart(**request, Number=number, UserId="Ada")
    assert client.reknown_propose_merges(**request)["Proposals"] == []
    client.reknown_name_group(**request, Number=other["Number"], UserId="Bob")
    for undo in (False, True):
        client.reknown_keep_apart(**request, UserId="Ada", OtherUserId="Bob", Undo=undo)


def test_a_name_is_taken_back(client: Any, collection: str, photos: Path) -> None:
    assert photos
    request = {"CollectionId": collection}
    group, other = client.reknown_list_groups(**request)["Groups"]
    one = {**request, "Number": group["Number"]}
    named = client.reknown_name_group(**one, UserId="Ada")
    assert (len(named["MadeFaces"]), named["NewUser"]) == (2, True)
    first = named["MadeFaces"][:1]
    part = client.reknown_unname_group(**one, FaceIds=first, DeleteUser=True)
    assert (part["DeletedFaces"], part["UserDeleted"]) == (first, False)
    again = client.reknown_name_group(**one, UserId="Ada")
    assert (len(again["MadeFaces"]), again["NewUser"]) == (1, False)
    whole = client.reknown_unname_group(**one, DeleteUser=True)
    assert (whole["DeletedFaces"], len(whole["FreedFaces"])) == ([], 2)
    assert (whole["Group"], whole["UserDeleted"]) == (group, True)
    assert client.list_users(**request)["Users"] == []
    faces = client.list_faces(**request)["Faces"]
    assert {face["FaceId"] for face in faces} == set(whole["FreedFaces"])
    assert not any("UserId" in face for face in faces)
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.reknown_unname_group(**request, Number=other["Number"])


def test_a_name_that_is_taken_back_deletes_nothing_without_the_rights_to(
    server: Server, client: Any, collection: str, photos: Path
) -> None:
    assert photos
    request = {"CollectionId": collection}
    group, _ = client.reknown_list_groups(**request)["Groups"]
    one = {**request, "Number": group["Number"]}
    named = client.reknown_name_group(**one, UserId="Ada")
    namer = server.client(callers.key(server, "--operation", "ReknownUnnameGroup"))
    for asked, right in (
        ({"FaceIds": named["MadeFaces"]}, "DeleteFaces"),
        ({"DeleteUser": True}, "DeleteUser"),
    ):
        with pytest.raises(namer.exceptions.AccessDeniedException, match=f"rekognition:{right}"):
            namer.reknown_unname_group(**one, **asked)
    assert len(client.list_faces(**request)["Faces"]) == len(named["MadeFaces"])
    done = namer.reknown_unname_group(**one, FaceIds=[], DeleteUser=False)
    assert (done["DeletedFaces"], done["UserDeleted"]) == ([], False)


def test_single_files_are_listed_and_deleted(client: Any, collection: str, photos: Path) -> None:
    request = {"CollectionId": collection}
    pages = [client.reknown_list_archive(**request, MaxResults=2)]
    token = pages[0]["NextToken"]
    pages.append(client.reknown_list_archive(**request, MaxResults=2, NextToken=token))
    assert "NextToken" not in pages[1]
    files = [each for page in pages for each in page["Files"]]
    assert str(photos) not in str(files)
    by_name = {each["Name"]: each for each in files}
    assert by_name.keys() == {path.name for path in photos.iterdir()}
    both = by_name["both.jpg"]
    assert (both["Faces"], both["Kind"], both["Added"]) == (2, "image", False)
    done = client.reknown_delete_from_archive(**request, Digests=[both["Sha256"], "0" * 64])
    assert (done["Deleted"], done["Absent"]) == ([both["Sha256"]], ["0" * 64])
    # a file in a folder of the operator stays there
    assert (done["DeletedSightings"], done["DeletedFiles"], done["FilesLeft"]) == (2, 0, 1)
    assert (photos / "both.jpg").exists()
    left = client.reknown_list_archive(**request)["Files"]
    assert left == [each for each in files if each != both]
    assert [each["Sightings"] for each in client.reknown_list_groups(**request)["Groups"]] == [1, 1]
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.reknown_list_groups(**request, NextToken=token)


def test_what_the_policy_forbids_is_not_compared_for_groups_either(
    client: Any, collection: str, photos: Path
) -> None:
    assert photos
    client.reknown_stop_searches(CollectionId=collection, Reason="a drill")
    for compare in (client.reknown_propose_merges, client.reknown_group_sightings):
        with pytest.raises(client.exceptions.AccessDeniedException):
            compare(CollectionId=collection)


def test_rights_are_asked_one_by_one(server: Server, collection: str, photos: Path) -> None:
    assert photos
    looks = server.client(callers.key(server, "--operation", "Reknown*List*"))
    (number, *_) = (
        each["Number"] for each in looks.reknown_list_groups(CollectionId=collection)["Groups"]
    )
    assert looks.reknown_list_jobs(CollectionId=collection)["Jobs"] == []
    refused: list[tuple[str, dict[str, Any]]] = [
        ("read_group", {"Number": number}),
        ("group_sightings", {}),
        ("unname_group", {"Number": number}),
        ("merge_groups", {"Number": number, "IntoNumber": number}),
        ("split_group", {"Number": number, "SightingIds": [str(uuid4())]}),
        ("ignore_group", {"Number": number}),
        ("keep_apart", {"Number": number, "UserId": "Ada"}),
        ("propose_merges", {}),
        ("scan_archive", {}),
        ("delete_from_archive", {"Digests": ["0" * 64]}),
    ]
    for operation, parameters in refused:
        with pytest.raises(looks.exceptions.AccessDeniedException):
            getattr(looks, f"reknown_{operation}")(CollectionId=collection, **parameters)
    with pytest.raises(looks.exceptions.AccessDeniedException):
        looks.reknown_stop_job(JobId="0" * 64)


def test_a_scan_of_what_was_added_is_asked_for_seen_and_stopped(
    tmp_path: Path, cache_folder: Path
) -> None:
    options = ("--uploads", tmp_path / "uploads", "--video-workers", 0)
    with serving(tmp_path / "data", *options, REKNOWN_CACHE=str(cache_folder)) as server:
        client = callers.distinct(server.client(**callers.NO_RETRIES))
        request = {"CollectionId": "people"}
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.reknown_scan_archive(**request)
        client.create_collection(**request)
        job = client.reknown_scan_archive(**request)["JobId"]
        (listed,) = client.reknown_list_jobs(**request)["Jobs"]
        assert (listed["JobId"], listed["Kind"], listed["Status"]) == (job, "scan", "IN_PROGRESS")
        assert (listed["StartedBy"], listed["Stopping"]) == (f"key:{server.key_id}", False)
        key = callers.key(server, "--operation", "*", "--collection", "others-*")
        others = server.client(key, **callers.NO_RETRIES)
        with pytest.raises(others.exceptions.AccessDeniedException):
            others.reknown_stop_job(JobId=job)
        client.reknown_stop_job(JobId=job)
        server.reknown("worker", "--once", "--uploads", tmp_path / "uploads")
        (listed,) = client.reknown_list_jobs(**request)["Jobs"]
        assert (listed["Status"], listed["Message"]) == (
            "FAILED",
            f"stopped by key:{server.key_id}",
        )
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.reknown_stop_job(JobId=job)
        rows = [row["operation"] for row in callers.ledger(server)]
        assert {"scan archive", "list jobs", "stop job"} <= set(rows)


def _pairs(client: Any, collection: str) -> list[set[int]]:
    found = client.reknown_propose_merges(CollectionId=collection)["Proposals"]
    return [{each["One"]["Number"], each["Other"]["Number"]} for each in found]


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
