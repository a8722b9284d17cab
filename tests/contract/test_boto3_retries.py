"""What is sent twice is done once: request tokens, and copies of signed requests."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callers

if TYPE_CHECKING:
    from servers import Server

_USERS = ("ada", "bob")


@pytest.fixture(scope="module")
def vectors(client: Any) -> list[dict[str, Any]]:
    """The request that brings two faces into a collection, without the collection."""
    name = f"test-{uuid4()}"
    client.create_collection(CollectionId=name)
    space = client.reknown_export_templates(CollectionId=name)["TemplateSpace"]
    return [
        {"TemplateSpace": space, "Templates": callers.templates([vector])}
        for vector in callers.strangers(2, space["Dimension"])
    ]


def test_a_token_makes_a_second_call_the_first(client: Any, collection: str) -> None:
    request = {"CollectionId": collection, "UserId": "ada", "ClientRequestToken": "t-1_x"}
    client.create_user(**request)
    client.create_user(**request)
    assert len(client.list_users(CollectionId=collection)["Users"]) == 1
    with pytest.raises(client.exceptions.ConflictException):
        client.create_user(**request | {"ClientRequestToken": "t-2"})
    delete = {"CollectionId": collection, "UserId": "ada", "ClientRequestToken": "d-1"}
    client.delete_user(**delete)
    client.delete_user(**delete)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.delete_user(**delete | {"ClientRequestToken": "d-2"})


def test_a_token_stands_for_one_request(
    client: Any, collection: str, vectors: list[dict[str, Any]]
) -> None:
    faces = _import(client, collection, vectors)
    token = str(uuid4())
    request = {"CollectionId": collection, "UserId": "ada", "ClientRequestToken": token}
    mismatch = client.exceptions.IdempotentParameterMismatchException
    text = f"The ClientRequestToken: {token} you have supplied is already in use"
    client.create_user(**request)
    with pytest.raises(mismatch) as refused:
        client.create_user(**request | {"UserId": "bob"})
    assert refused.value.response["Error"]["Message"] == text
    for call in (client.associate_faces, client.disassociate_faces):
        call(**request, FaceIds=faces[:1])
        with pytest.raises(mismatch):
            call(**request, FaceIds=faces[1:])
    client.delete_user(**request)
    with pytest.raises(mismatch):
        client.delete_user(**request | {"UserId": "bob"})


def test_a_token_that_failed_may_be_used_again(client: Any, collection: str) -> None:
    request = {"CollectionId": collection, "UserId": "ada", "ClientRequestToken": "t"}
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.delete_user(**request)
    client.create_user(CollectionId=collection, UserId="ada")
    client.delete_user(**request)
    assert client.list_users(CollectionId=collection)["Users"] == []


def test_tokens_of_other_keys_are_others(server: Server, client: Any, collection: str) -> None:
    request = {"CollectionId": collection, "UserId": "ada", "ClientRequestToken": "t"}
    client.create_user(**request)
    other = server.client(**callers.NO_RETRIES)
    with pytest.raises(other.exceptions.ConflictException):
        other.create_user(**request)


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_any_retries_neither_err_nor_double(
    client: Any, vectors: list[dict[str, Any]], data: st.DataObject
) -> None:
    collection = f"test-{uuid4()}"
    client.create_collection(CollectionId=collection)
    faces = _import(client, collection, vectors)
    owner: dict[str, str | None] = dict.fromkeys(faces)
    users: set[str] = set()
    sent: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    for _ in range(data.draw(st.integers(1, 8))):
        operation, request = data.draw(_calls(users, faces))
        request |= {"CollectionId": collection, "ClientRequestToken": str(uuid4())}
        sent.append((operation, request, _answer(client, operation, request)))
        _follow(users, owner, operation, request)
        for repeated, again, answer in data.draw(st.lists(st.sampled_from(sent), max_size=3)):
            assert _answer(client, repeated, again) == answer
        assert _state(client, collection) == (users, owner)


def test_retries_at_the_same_time_are_one(client: Any, collection: str) -> None:
    request = {"CollectionId": collection, "UserId": "ada", "ClientRequestToken": str(uuid4())}
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(client.create_user, **request) for _ in range(16)]
        for call in calls:
            call.result()
    assert len(client.list_users(CollectionId=collection)["Users"]) == 1


def test_equal_calls_within_a_second_succeed_as_clients_sign_anew(
    server: Server, collection: str, eileen: bytes
) -> None:
    plain = server.client()
    request = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    time.sleep(1 - time.time() % 1)  # both in the second that now begins
    answers = [plain.index_faces(**request) for _ in range(2)]
    assert answers[0]["FaceRecords"] == answers[1]["FaceRecords"]
    assert answers[1]["ResponseMetadata"]["RetryAttempts"] == 1


def test_equal_calls_that_change_nothing_are_all_answered(server: Server, collection: str) -> None:
    plain = server.client(**callers.NO_RETRIES)
    for _ in range(5):
        plain.describe_collection(CollectionId=collection)
        plain.list_faces(CollectionId=collection)


def _import(client: Any, collection: str, requests: list[dict[str, Any]]) -> list[str]:
    ids = []
    for request in requests:
        (template,) = request["Templates"]
        fresh = template | {"FaceId": str(uuid4())}
        client.reknown_import_templates(
            CollectionId=collection, TemplateSpace=request["TemplateSpace"], Templates=[fresh]
        )
        ids.append(fresh["FaceId"])
    return ids


def _calls(users: set[str], faces: list[str]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Calls that succeed with these users."""

    def call(operation: str, user: str, **more: Any) -> tuple[str, dict[str, Any]]:
        return operation, {"UserId": user, **more}

    possible = [
        st.builds(call, st.just("create_user"), st.just(user))
        for user in _USERS
        if user not in users
    ]
    for user in sorted(users):
        some = st.lists(st.sampled_from(faces), min_size=1, max_size=2)
        possible += [
            st.builds(call, st.just("delete_user"), st.just(user)),
            st.builds(call, st.just("associate_faces"), st.just(user), FaceIds=some),
            st.builds(call, st.just("disassociate_faces"), st.just(user), FaceIds=some),
        ]
    return st.one_of(possible)


def _answer(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    gate = {"UserMatchThreshold": 0} if operation == "associate_faces" else {}
    answer: dict[str, Any] = getattr(client, operation)(**request, **gate)
    del answer["ResponseMetadata"]
    return answer


def _follow(
    users: set[str], owner: dict[str, str | None], operation: str, request: dict[str, Any]
) -> None:
    """What the call does, done to the model."""
    user = request["UserId"]
    if operation == "create_user":
        users.add(user)
    elif operation == "delete_user":
        users.remove(user)
        owner.update({face: None for face in owner if owner[face] == user})
    elif operation == "associate_faces":
        owner.update({face: user for face in request["FaceIds"] if owner[face] is None})
    else:
        owner.update({face: None for face in request["FaceIds"] if owner[face] == user})


def _state(client: Any, collection: str) -> tuple[set[str], dict[str, str | None]]:
    users = client.list_users(CollectionId=collection)["Users"]
    faces = client.list_faces(CollectionId=collection)["Faces"]
    owner = {face["FaceId"]: face.get("UserId") for face in faces}
    return {user["UserId"] for user in users}, owner
