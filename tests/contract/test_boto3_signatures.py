"""Requests that no SDK would send: changed, late, copied."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

import callers

if TYPE_CHECKING:
    from servers import Server


def test_what_botocore_signs_is_accepted(server: Server, collection: str) -> None:
    answer = callers.sign(server, "DescribeCollection", {"CollectionId": collection}).send()
    assert (answer.status, answer.body["FaceCount"]) == (200, 0)
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"]
    assert "date" in answer.headers


def test_a_wrong_secret_is_refused(server: Server, name: str) -> None:
    wrong = server.key_id, "x" + server.secret[1:]
    answer = callers.sign(server, "CreateCollection", {"CollectionId": name}, key=wrong).send()
    assert answer.code == "InvalidSignatureException"
    assert answer.headers["x-amzn-errortype"] == answer.code
    _expect_absent(server, name)


def test_a_changed_body_is_refused(server: Server, name: str) -> None:
    signed = callers.sign(server, "CreateCollection", {"CollectionId": name + "-a"})
    answer = signed.send_body(signed.body.replace(b"-a", b"-b"))
    assert answer.code == "InvalidSignatureException"
    for letter in "ab":
        _expect_absent(server, f"{name}-{letter}")
    assert signed.send().status == 200


def test_a_changed_target_is_refused(server: Server, collection: str) -> None:
    signed = callers.sign(server, "DescribeCollection", {"CollectionId": collection})
    answer = signed.send(x_amz_target="RekognitionService.DeleteCollection")
    assert answer.code == "InvalidSignatureException"
    assert signed.send().status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-amz-json-1.1",
        "application/x-amz-json-1.0; charset=utf-16",
        "application/cbor",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ],
)
def test_an_unsigned_content_type_changes_nothing(
    server: Server, collection: str, content_type: str
) -> None:
    body = {"CollectionId": collection}
    signed = callers.sign(server, "DescribeCollection", body, content_type=None)
    assert "content-type" not in signed.headers["Authorization"]
    answer = signed.send(content_type=content_type)
    assert (answer.status, answer.body["FaceCount"]) == (200, 0)
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_five_minutes_are_allowed_between_clocks(server: Server, name: str, minutes: int) -> None:
    body = {"CollectionId": name}
    late = callers.sign(server, "CreateCollection", body, late=timedelta(minutes=minutes)).send()
    assert late.code == "InvalidSignatureException"
    _expect_absent(server, name)
    near = timedelta(minutes=minutes / 2)
    assert callers.sign(server, "CreateCollection", body, late=near).send().status == 200


def test_an_unknown_key_is_refused(server: Server) -> None:
    for key_id in ("RK" + "A" * 18, "AKIAIOSFODNN7EXAMPLE"):
        answer = callers.sign(server, "ListCollections", {}, key=(key_id, "secret")).send()
        assert (answer.status, answer.code) == (400, "UnrecognizedClientException")
        assert answer.body["Message"] == "The security token included in the request is invalid."


def test_an_unsigned_request_is_refused(server: Server) -> None:
    signed = callers.sign(server, "ListCollections", {})
    bare = {k: v for k, v in signed.headers.items() if k.lower() != "authorization"}
    answer = signed.send_body(signed.body, bare)
    assert answer.code == "MissingAuthenticationTokenException"


def test_a_copy_of_what_changes_something_is_not_carried_out(
    server: Server, client: Any, collection: str, in_base64: str
) -> None:
    index = callers.sign(
        server, "IndexFaces", {"CollectionId": collection, "Image": {"Bytes": in_base64}}
    )
    (record,) = index.send().body["FaceRecords"]
    _expect_replay(index)
    delete = callers.sign(
        server,
        "DeleteFaces",
        {"CollectionId": collection, "FaceIds": [record["Face"]["FaceId"]]},
    )
    assert delete.send().body["DeletedFaces"]
    _expect_replay(delete)
    _expect_replay(index)
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 0


def test_a_deleted_collection_does_not_come_back(server: Server, client: Any, name: str) -> None:
    create = callers.sign(server, "CreateCollection", {"CollectionId": name})
    assert create.send().status == 200
    client.delete_collection(CollectionId=name)
    _expect_replay(create)
    _expect_absent(server, name)


def test_a_copy_of_what_changes_nothing_is_answered(server: Server, collection: str) -> None:
    signed = callers.sign(server, "DescribeCollection", {"CollectionId": collection})
    bodies = [signed.send().body for _ in range(3)]
    assert bodies == bodies[:1] * 3


def test_what_was_refused_is_refused_for_good(server: Server, client: Any, name: str) -> None:
    create = callers.sign(server, "CreateUser", {"CollectionId": name, "UserId": "ada"})
    assert create.send().code == "ResourceNotFoundException"
    client.create_collection(CollectionId=name)
    _expect_replay(create)
    assert client.list_users(CollectionId=name)["Users"] == []


def test_what_was_forbidden_is_refused_for_good(server: Server, name: str) -> None:
    # rights do not change, but the order of checks shall not matter either
    key = callers.key(server, "--operation", "List*")
    create = callers.sign(server, "CreateCollection", {"CollectionId": name}, key=key)
    assert create.send().code == "AccessDeniedException"
    _expect_replay(create)


def test_a_broken_request_is_refused_for_good(server: Server) -> None:
    broken = callers.sign(server, "CreateCollection", {"CollectionId": "no/name"})
    assert broken.send().code == "ValidationException"
    _expect_replay(broken)


def test_unknown_operations_and_those_that_are_not_there(server: Server) -> None:
    unknown = callers.sign(server, "FindEverybody", {}).send()
    assert (unknown.status, unknown.code) == (400, "UnknownOperationException")
    missing = callers.sign(server, "DetectLabels", {}).send()
    assert (missing.status, missing.code) == (400, "NotImplementedException")


def test_unknown_members_are_ignored_and_nulls_absent(server: Server, collection: str) -> None:
    body = {"CollectionId": collection, "MaxResults": None, "Newest": [1]}
    answer = callers.sign(server, "ListFaces", body).send()
    assert answer.body["Faces"] == []


def _expect_replay(signed: callers.Signed) -> None:
    answer = signed.send()
    assert (answer.status, answer.code) == (400, "ThrottlingException")
    assert int(answer.headers["x-amz-retry-after"]) >= 1000


def _expect_absent(server: Server, name: str) -> None:
    body = {"CollectionId": name, "MaxResults": 1}
    answer = callers.sign(server, "ListUsers", body).send()
    assert answer.code == "ResourceNotFoundException"


def test_request_ids_are_distinct(server: Server) -> None:
    signed = callers.sign(server, "ListCollections", {"NextToken": str(uuid4())})
    ids = {signed.send().headers["x-amzn-requestid"] for _ in range(3)}
    assert len(ids) == 3


def test_of_copies_at_the_same_time_one_is_carried_out(
    server: Server, client: Any, collection: str, in_base64: str
) -> None:
    requests = (
        ("IndexFaces", {"CollectionId": collection, "Image": {"Bytes": in_base64}}),
        ("CreateUser", {"CollectionId": collection, "UserId": "ada"}),
    )
    for operation, body in requests:
        signed = callers.sign(server, operation, body)
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda _, signed=signed: signed.send(), range(6)))
        codes = sorted(answer.code for answer in answers)
        assert codes == ["", *["ThrottlingException"] * 5]
    found = client.describe_collection(CollectionId=collection)
    assert (found["FaceCount"], found["UserCount"]) == (1, 1)
