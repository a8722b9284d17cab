"""Every request is a row of the ledger and a line of the log, and neither tells too much."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

import callers
from reknown.access.rights import BY_NAME
from reknown.api.registry import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers import Server

# Their rows and lines are looked at in test_boto3_videos.py.
_ON_VIDEOS = {name for name in HANDLERS if name.startswith(("Start", "Get"))}
# These are in test_boto3_archive.py: they need what others have added, or a job.
_ON_JOBS = {"ReknownScanArchive", "ReknownStopJob"}
# Their rows and lines are looked at in test_boto3_videos.py and test_boto3_streams.py.
_ON_VIDEOS = {
    name
    for name in HANDLERS
    if name.startswith(("Start", "Get")) or "StreamProcessor" in name or "Camera" in name
}
_WITHOUT_COLLECTION = ("DetectFaces", "DetectText", "CompareFaces", "ListCollections")
_BY_NAME = ("*", *BY_NAME)


@pytest.fixture(scope="module")
def key(server: Server) -> tuple[str, str]:
    """A key whose actions are those of the tests below."""
    return callers.key(server, *[word for right in _BY_NAME for word in ("--operation", right)])


@pytest.fixture(scope="module")
def own(server: Server, key: tuple[str, str]) -> Any:
    return callers.distinct(server.client(key, **callers.NO_RETRIES))


def test_every_operation_leaves_one_row_and_one_line(
    server: Server,
    own: Any,
    key: tuple[str, str],
    name: str,
    grace_hopper: callers.Celebrity,
    eileen: bytes,
    tmp_path: Path,
) -> None:
    assert grace_hopper.id

    def scan() -> None:
        for number in range(3):
            (tmp_path / f"{number}.jpg").write_bytes(eileen + bytes([number]))
        server.reknown("scan", tmp_path, "--collection", name)
        server.reknown("groups", "list", "--collection", name)

    def review() -> None:
        with callers.reviewed(server, name):
            server.reknown("reviewers", "add", f"key:{key[0]}", "--trained-until", "2099-12-31")
            server.client().search_faces_by_image(CollectionId=name, Image={"Bytes": eileen})

    done = _all_operations(own, name, eileen, scan, review)
    assert {operation for operation, _ in done} == set(HANDLERS) - _ON_VIDEOS - _ON_JOBS
    rows = _rows(server, key)
    for operation, answer in done:
        request_id = answer["ResponseMetadata"]["RequestId"]
        (row,) = (row for row in rows if row["request_id"] == request_id)
        assert row["operation"] == HANDLERS[operation].action
        (line,) = _lines(server, request_id)
        assert (line["operation"], line["code"], line["key"]) == (operation, "OK", key[0])
        assert line["collection"] == row["collection"]
        others = dict.fromkeys(_WITHOUT_COLLECTION) | {"RecognizeCelebrities": callers.CELEBRITIES}
        assert row["collection"] == others.get(operation, name)
        # names are looked up when they are shown, and kept nowhere in the ledger
        assert "lovelace" not in json.dumps(row["record"])


def test_neither_tells_what_is_secret(
    server: Server, own: Any, key: tuple[str, str], collection: str, eileen: bytes
) -> None:
    indexed = own.index_faces(CollectionId=collection, Image={"Bytes": eileen})
    own.search_faces_by_image(CollectionId=collection, Image={"Bytes": eileen})
    exported = own.reknown_export_templates(CollectionId=collection)
    (template,) = exported["Templates"]
    other = callers.templates(callers.strangers(1, exported["TemplateSpace"]["Dimension"]))
    own.reknown_import_templates(
        CollectionId=collection, TemplateSpace=exported["TemplateSpace"], Templates=other
    )
    for metadata in (indexed, exported):
        assert _lines(server, metadata["ResponseMetadata"]["RequestId"])
    ledger = server.reknown("ledger", "--json")
    secrets = [key[1], server.secret]
    for blob in (eileen, template["Vector"], other[0]["Vector"]):
        secrets += [base64.b64encode(blob[3 * 40 : 3 * 60]).decode(), blob[120:180].hex()]
    for text in (ledger, "".join(server.log)):
        assert not [secret for secret in secrets if secret in text]


def test_a_search_leaves_its_threshold_and_what_it_found(
    server: Server, own: Any, key: tuple[str, str], collection: str, eileen: bytes
) -> None:
    indexed = own.index_faces(CollectionId=collection, Image={"Bytes": eileen})
    face = indexed["FaceRecords"][0]["Face"]["FaceId"]
    own.create_user(CollectionId=collection, UserId="ada")
    own.associate_faces(CollectionId=collection, UserId="ada", FaceIds=[face])
    request = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    faces = own.search_faces_by_image(**request, FaceMatchThreshold=91)
    users = own.search_users_by_image(**request)
    alone = own.search_faces(CollectionId=collection, FaceId=face)
    every = own.reknown_search_all_faces_by_image(**request)
    rows = {row["request_id"]: row for row in _rows(server, key)}
    found = [
        rows[answer["ResponseMetadata"]["RequestId"]] for answer in (faces, users, alone, every)
    ]
    records = [row["record"] for row in found]
    for record in (records[0], records[1], records[3]):
        ((candidate,),) = record["candidates"]
        assert candidate["face_id"] == face
        assert candidate["similarity"] == pytest.approx(100)
        assert found[0]["names"] == {candidate["subject_id"]: "ada"}
    assert [record["threshold"]["similarity"] for record in records] == [91, 80, 80, 80]
    assert [record["searched"] for record in records] == [
        "references",
        "users",
        *["references"] * 2,
    ]
    assert (records[2]["candidates"], records[2]["probe"]["face_id"]) == ([[]], face)
    assert all(record["space"]["pack"] == "opencv" for record in records)
    assert rows[indexed["ResponseMetadata"]["RequestId"]]["record"]["faces"] == [face]


def test_what_faces_were_let_through_a_gate_leaves_its_threshold(
    server: Server, own: Any, key: tuple[str, str], collection: str, eileen: bytes
) -> None:
    indexed = own.index_faces(CollectionId=collection, Image={"Bytes": eileen})
    face = indexed["FaceRecords"][0]["Face"]["FaceId"]
    own.create_user(CollectionId=collection, UserId="ada")
    request = {"CollectionId": collection, "UserId": "ada", "FaceIds": [face]}
    answers = own.associate_faces(**request, UserMatchThreshold=91), own.associate_faces(**request)
    rows = {row["request_id"]: row["record"] for row in _rows(server, key)}
    found = [rows[answer["ResponseMetadata"]["RequestId"]] for answer in answers]
    assert [row["threshold"]["similarity"] for row in found] == [91, 75]
    assert [row["faces"] for row in found] == [[face], []]


def test_refusals_are_recorded_too(
    server: Server, own: Any, key: tuple[str, str], collection: str, nobody: bytes
) -> None:
    missing = collection + "-missing"
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("ResourceNotFoundException", lambda: own.describe_collection(CollectionId=missing)),
        ("ValidationException", lambda: own.describe_collection(CollectionId="a\0b")),
        ("ResourceAlreadyExistsException", lambda: own.create_collection(CollectionId=collection)),
        (
            "InvalidParameterException",
            lambda: own.search_faces_by_image(CollectionId=collection, Image={"Bytes": nobody}),
        ),
        ("InvalidParameterException", lambda: own.list_tags_for_resource(ResourceArn="x" * 30)),
        (
            "InvalidImageFormatException",
            lambda: own.index_faces(CollectionId=collection, Image={"Bytes": b"GIF89a"}),
        ),
    ]
    refused = [(code, *_refused(call)) for code, call in calls]
    rows = _rows(server, key)
    for expected, code, request_id in refused:
        assert code == expected
        (row,) = (row for row in rows if row["request_id"] == request_id)
        assert (row["kind"], row["record"]["error"]) == ("refused", code)
        (line,) = _lines(server, request_id)
        assert line["code"] == code
        assert line["reason"]


def test_what_a_key_may_not_do_is_recorded_with_the_key(server: Server, name: str) -> None:
    key = callers.key(server, "--operation", "DetectFaces")
    limited = server.client(key, **callers.NO_RETRIES)
    code, request_id = _refused(lambda: limited.delete_collection(CollectionId=name))
    (row,) = _rows(server, key)
    assert (row["request_id"], row["record"]["error"]) == (request_id, code)
    assert (row["operation"], row["collection"]) == ("delete collection", name)


def test_a_copy_is_recorded_as_refused(server: Server, key: tuple[str, str], name: str) -> None:
    signed = callers.sign(server, "CreateCollection", {"CollectionId": name}, key=key)
    ids = [signed.send().headers["x-amzn-requestid"] for _ in range(3)]
    rows = {row["request_id"]: row for row in _rows(server, key)}
    assert [rows[one]["kind"] for one in ids] == ["done", "refused", "refused"]
    assert [rows[one]["record"]["error"] for one in ids[1:]] == ["ThrottlingException"] * 2


def test_a_retry_is_recorded_as_one(
    server: Server, own: Any, key: tuple[str, str], collection: str
) -> None:
    request = {"CollectionId": collection, "UserId": "ada", "ClientRequestToken": str(uuid4())}
    ids = [own.create_user(**request)["ResponseMetadata"]["RequestId"] for _ in range(2)]
    rows = {row["request_id"]: row["record"] for row in _rows(server, key)}
    assert [rows[one]["repeated"] for one in ids] == [False, True]


def test_who_cannot_sign_leaves_a_line_but_no_row(server: Server, name: str) -> None:
    # strangers must not fill the database
    wrong = server.key_id, "not the secret"
    answer = callers.sign(server, "CreateCollection", {"CollectionId": name}, key=wrong).send()
    request_id = answer.headers["x-amzn-requestid"]
    (line,) = _lines(server, request_id)
    assert line["code"] == "InvalidSignatureException"
    assert not [row for row in callers.ledger(server) if row["request_id"] == request_id]


def _rows(server: Server, key: tuple[str, str]) -> list[dict[str, Any]]:
    return [row for row in callers.ledger(server) if row["actor"] == f"key:{key[0]}"]


def _lines(server: Server, request_id: str) -> list[dict[str, Any]]:
    """The lines of this request; they are written just after the answer."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if any(request_id in line for line in list(server.log)):
            break
        time.sleep(0.01)
    return [json.loads(line) for line in list(server.log) if request_id in line]


def _refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["RequestId"]


def _all_operations(
    own: Any,
    name: str,
    eileen: bytes,
    scan: Callable[[], None],
    review: Callable[[], None],
) -> list[tuple[str, dict[str, Any]]]:
    """Each operation once, in an order in which all succeed."""
    image, there = {"Bytes": eileen}, {"CollectionId": name}
    done: list[tuple[str, dict[str, Any]]] = []

    def call(operation: str, method: str, **request: Any) -> dict[str, Any]:
        done.append((operation, getattr(own, method)(**request)))
        return done[-1][1]

    arn = call("CreateCollection", "create_collection", **there)["CollectionArn"]
    call("DescribeCollection", "describe_collection", **there)
    call("ListCollections", "list_collections")
    call("TagResource", "tag_resource", ResourceArn=arn, Tags={"a": "1"})
    call("UntagResource", "untag_resource", ResourceArn=arn, TagKeys=["a"])
    call("ListTagsForResource", "list_tags_for_resource", ResourceArn=arn)
    call("DetectFaces", "detect_faces", Image=image)
    call("DetectText", "detect_text", Image=image)
    call("CompareFaces", "compare_faces", SourceImage=image, TargetImage=image)
    indexed = call("IndexFaces", "index_faces", **there, Image=image)
    face = indexed["FaceRecords"][0]["Face"]["FaceId"]
    call("ListFaces", "list_faces", **there)
    call("SearchFaces", "search_faces", **there, FaceId=face)
    call("SearchFacesByImage", "search_faces_by_image", **there, Image=image)
    call("CreateUser", "create_user", **there, UserId="ada-lovelace")
    call("ListUsers", "list_users", **there)
    call("AssociateFaces", "associate_faces", **there, UserId="ada-lovelace", FaceIds=[face])
    call("SearchUsers", "search_users", **there, UserId="ada-lovelace")
    call("SearchUsersByImage", "search_users_by_image", **there, Image=image)
    every = "reknown_search_all_faces_by_image"
    call("ReknownSearchAllFacesByImage", every, **there, Image=image)
    exported = call("ReknownExportTemplates", "reknown_export_templates", **there)
    space, faces = exported["TemplateSpace"], exported["Templates"]
    imports = "reknown_import_templates"
    call("ReknownImportTemplates", imports, **there, TemplateSpace=space, Templates=faces)
    review()
    (case,) = call("ReknownListCases", "reknown_list_cases", **there)["Cases"]
    of_case = {**there, "CaseId": case["CaseId"]}
    number, *_ = call("ReknownReadCase", "reknown_read_case", **of_case)["Left"]
    said = {"Number": number, "Opinion": "same", "Grounds": ["ears"], "Note": "lovelace"}
    call("ReknownJudgeCandidate", "reknown_judge_candidate", **of_case, **said)
    _rule(call, there)
    call("RecognizeCelebrities", "recognize_celebrities", Image=image)
    call("DisassociateFaces", "disassociate_faces", **there, UserId="ada-lovelace", FaceIds=[face])
    _mend(call, there, face)
    scan()
    ada = {"UserId": "ada-lovelace"}
    (group,) = call("ReknownListGroups", "reknown_list_groups", **there)["Groups"]
    _group(call, there, group["Number"])
    call("ReknownFindSightings", "reknown_find_sightings", **there, **ada)
    call("ReknownRenameUser", "reknown_rename_user", **there, **ada, NewUserId="augusta-lovelace")
    call("DeleteUser", "delete_user", **there, UserId="augusta-lovelace")
    call("DeleteFaces", "delete_faces", **there, FaceIds=[face])
    call("DeleteCollection", "delete_collection", **there)
    return done


def _mend(call: Callable[..., Any], there: dict[str, str], face: str) -> None:
    bob = {"UserId": "bob"}
    call("ReknownMoveFaces", "reknown_move_faces", **there, **bob, FaceIds=[face])
    call("ReknownMergeUsers", "reknown_merge_users", **there, **bob, IntoUserId="ada-lovelace")


def _group(call: Callable[..., Any], there: dict[str, str], number: int) -> None:
    one = {**there, "Number": number}
    seen = call("ReknownReadGroup", "reknown_read_group", **one)["Sightings"]
    ids = [seen[0]["SightingId"]]
    made = call("ReknownSplitGroup", "reknown_split_group", **one, SightingIds=ids)["Group"]
    other = made["Number"]
    call("ReknownKeepApart", "reknown_keep_apart", **one, OtherNumber=other)
    call("ReknownMergeGroups", "reknown_merge_groups", **there, Number=other, IntoNumber=number)
    call("ReknownIgnoreGroup", "reknown_ignore_group", **one)
    call("ReknownGroupSightings", "reknown_group_sightings", **there)
    call("ReknownProposeMerges", "reknown_propose_merges", **there)
    call("ReknownListJobs", "reknown_list_jobs", **there)
    call("ReknownNameGroup", "reknown_name_group", **one, UserId="ada-lovelace")
    call("ReknownUnnameGroup", "reknown_unname_group", **one)
    file, *_ = call("ReknownListArchive", "reknown_list_archive", **there)["Files"]
    digests = [file["Sha256"]]
    call("ReknownDeleteFromArchive", "reknown_delete_from_archive", **there, Digests=digests)


def _rule(call: Callable[..., Any], there: dict[str, str]) -> None:
    call("ReknownPutPolicy", "reknown_put_policy", **there, Policy="least_similarity = 1")
    call("ReknownDescribePolicy", "reknown_describe_policy", **there)
    agreed = {"UserId": "carl-lovelace", "Text": b"Carl Lovelace agrees", "Basis": "signed"}
    call("ReknownRecordConsent", "reknown_record_consent", **there, **agreed)
    call("ReknownListConsents", "reknown_list_consents", **there)
    withdraw = "reknown_withdraw_consent"
    call("ReknownWithdrawConsent", withdraw, **there, UserId="carl-lovelace")
    asked = {"Searcher": "cli:ada", "Reason": "case 4711"}
    made = call("ReknownGrantApproval", "reknown_grant_approval", **there, **asked)
    call("ReknownListApprovals", "reknown_list_approvals", **there)
    granted = {"ApprovalId": made["Approval"]["ApprovalId"]}
    call("ReknownWithdrawApproval", "reknown_withdraw_approval", **there, **granted)
    call("ReknownStopSearches", "reknown_stop_searches", **there, Reason="a drill")
    call("ReknownResumeSearches", "reknown_resume_searches", **there)
