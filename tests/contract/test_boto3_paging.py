"""ListCollections, ListFaces and ListUsers page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

import callers
from reknown.api.catalogue import OPERATIONS
from reknown.api.registry import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FACES, _USERS = 23, 9
# those of videos and extensions have tests of their own
_PAGED = [
    name
    for name in HANDLERS
    if hasattr(OPERATIONS[name].request, "next_token")
    and not name.startswith(("Get", "ReknownList", "ReknownRead", "ListStream"))
]


@pytest.fixture(scope="module")
def filled(client: Any) -> str:
    """A collection with faces and users, beside another."""
    name = f"test-{uuid4()}"
    for each in (name, f"beside-{name}"):
        client.create_collection(CollectionId=each)
    space = client.reknown_export_templates(CollectionId=name)["TemplateSpace"]
    made = callers.templates(callers.strangers(_FACES, space["Dimension"]))
    client.reknown_import_templates(CollectionId=name, TemplateSpace=space, Templates=made)
    for number in range(_USERS):
        client.create_user(CollectionId=name, UserId=f"user-{number}")
    return name


@given(size=st.integers(1, 30))
@settings(max_examples=10, deadline=None)
def test_any_page_size_gives_each_face_once_in_order(client: Any, filled: str, size: int) -> None:
    whole = client.list_faces(CollectionId=filled)["Faces"]
    assert len(whole) == _FACES
    pages = list(_pages(client, "list_faces", size, CollectionId=filled))
    assert [face for page in pages for face in page["Faces"]] == whole
    assert [len(page["Faces"]) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert len(pages) == -(-_FACES // size)
    assert "NextToken" not in pages[-1]


@given(size=st.integers(1, 12))
@settings(max_examples=6, deadline=None)
def test_any_page_size_gives_each_user_once_in_order(client: Any, filled: str, size: int) -> None:
    pages = list(_pages(client, "list_users", size, CollectionId=filled))
    users = [user["UserId"] for page in pages for user in page["Users"]]
    assert users == [f"user-{number}" for number in range(_USERS)]
    assert len(pages) == -(-_USERS // size)
    assert "NextToken" not in pages[-1]


@given(size=st.integers(1, 200))
@settings(max_examples=6, deadline=None)
def test_any_page_size_gives_each_collection_once(client: Any, size: int, filled: str) -> None:
    pages = list(_pages(client, "list_collections", size))
    names = [name for page in pages for name in page["CollectionIds"]]
    assert len(set(names)) == len(names)
    assert names == client.list_collections(MaxResults=4096)["CollectionIds"]
    assert all(len(page["CollectionIds"]) == len(page["FaceModelVersions"]) for page in pages)


@given(st.data())
@settings(max_examples=8, deadline=None)
def test_what_comes_and_goes_between_pages_disturbs_nothing_else(
    client: Any, data: st.DataObject
) -> None:
    name = f"test-{uuid4()}"
    client.create_collection(CollectionId=name)
    for number in range(5):
        client.create_user(CollectionId=name, UserId=f"u{number}")
    steady = {f"u{number}" for number in range(5)}
    all_made, seen = 5, list[str]()
    token: dict[str, str] = {}
    while True:
        size = data.draw(st.integers(1, 3))
        page = client.list_users(CollectionId=name, MaxResults=size, **token)
        seen += [user["UserId"] for user in page["Users"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
        if all_made < 8 and data.draw(st.booleans()):
            client.create_user(CollectionId=name, UserId=f"u{all_made}")
            all_made += 1
        gone = data.draw(st.sampled_from(["", *sorted(steady)]))
        if gone:
            client.delete_user(CollectionId=name, UserId=gone)
            steady.remove(gone)
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen)
    assert steady <= set(seen)


def test_the_end_of_an_empty_list_is_no_token(client: Any, collection: str) -> None:
    for answer in (
        client.list_faces(CollectionId=collection),
        client.list_users(CollectionId=collection),
        client.list_faces(CollectionId=collection, MaxResults=1),
    ):
        assert "NextToken" not in answer


def test_a_size_of_0_is_the_default(client: Any, filled: str) -> None:
    whole = client.list_faces(CollectionId=filled)["Faces"]
    assert client.list_faces(CollectionId=filled, MaxResults=0)["Faces"] == whole
    names = client.list_collections(MaxResults=0)["CollectionIds"]
    assert names == client.list_collections()["CollectionIds"]


def test_sizes_beyond_the_models_are_refused(client: Any, filled: str) -> None:
    client.list_faces(CollectionId=filled, MaxResults=4096)
    client.list_users(CollectionId=filled, MaxResults=500)
    calls: tuple[Callable[..., Any], ...] = (
        lambda: client.list_faces(CollectionId=filled, MaxResults=4097),
        lambda: client.list_collections(MaxResults=4097),
        lambda: client.list_users(CollectionId=filled, MaxResults=501),
    )
    for call in calls:
        with pytest.raises(ClientError, match="ValidationException"):
            call()


def test_a_token_fits_only_the_list_that_it_is_of(client: Any, filled: str) -> None:
    other = f"test-{uuid4()}"
    client.create_collection(CollectionId=other)
    client.create_user(CollectionId=filled, UserId="ada")
    token = client.list_faces(CollectionId=filled, MaxResults=1)["NextToken"]
    assert len(token) <= 255
    calls: tuple[Callable[..., Any], ...] = (
        lambda: client.list_faces(CollectionId=other, NextToken=token),
        lambda: client.list_faces(CollectionId=filled, NextToken=token, UserId="ada"),
        lambda: client.list_faces(CollectionId=filled, NextToken=token, FaceIds=[str(uuid4())]),
        lambda: client.list_users(CollectionId=filled, NextToken=token),
        lambda: client.list_collections(NextToken=token),
        lambda: client.reknown_export_templates(CollectionId=filled, NextToken=token),
    )
    for call in calls:
        with pytest.raises(client.exceptions.InvalidPaginationTokenException):
            call()
    users = client.list_users(CollectionId=filled, MaxResults=1)["NextToken"]
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.list_faces(CollectionId=filled, NextToken=users)
    client.delete_user(CollectionId=filled, UserId="ada")


@given(place=st.integers(0), letter=st.sampled_from("AZaz09-_+ é"))
@settings(max_examples=12, deadline=None)
def test_a_changed_token_is_refused(client: Any, filled: str, place: int, letter: str) -> None:
    token = client.list_faces(CollectionId=filled, MaxResults=5)["NextToken"]
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        changed = token[:-1]
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.list_faces(CollectionId=filled, NextToken=changed)


def test_an_empty_token_is_the_first_page(client: Any, filled: str) -> None:
    for operation in _PAGED:
        request: dict[str, Any] = {} if operation == "ListCollections" else {"CollectionId": filled}
        call = getattr(client, xform_name(operation))
        first, again = (call(MaxResults=1, **request, **token) for token in ({}, {"NextToken": ""}))
        del first["ResponseMetadata"], again["ResponseMetadata"]
        assert again == first
        assert first["NextToken"]


@pytest.mark.parametrize("token", [" ", "0", "5", "null", "A" * 255])
def test_what_was_never_a_token_is_refused(client: Any, filled: str, token: str) -> None:
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.list_faces(CollectionId=filled, NextToken=token)


def test_a_token_outlives_the_entry_that_it_was_made_of(client: Any, collection: str) -> None:
    for user in ("a", "b", "c"):
        client.create_user(CollectionId=collection, UserId=user)
    token = client.list_users(CollectionId=collection, MaxResults=2)["NextToken"]
    client.delete_user(CollectionId=collection, UserId="b")
    rest = client.list_users(CollectionId=collection, NextToken=token)["Users"]
    assert [user["UserId"] for user in rest] == ["c"]


def _pages(client: Any, operation: str, size: int, **request: Any) -> Iterator[dict[str, Any]]:
    paginator = client.get_paginator(operation)
    yield from paginator.paginate(**request, PaginationConfig={"PageSize": size})
