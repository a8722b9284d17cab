"""Limits that Amazon does not document: 1,000 faces, 500 users."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np
import pytest

import callers

_FACES, _USERS = 1000, 500


@pytest.fixture(scope="module")
def crowded(client: Any) -> dict[str, str]:
    """A collection of more faces and users than an answer holds, and a face that they resemble."""
    name = f"test-{uuid4()}"
    client.create_collection(CollectionId=name)
    space = client.reknown_export_templates(CollectionId=name)["TemplateSpace"]
    vector = callers.strangers(1, space["Dimension"])[0]
    (probe,) = callers.templates([vector])
    made = [probe, *callers.templates(np.tile(vector, (_FACES + 1, 1)))]
    for number, template in enumerate(made[1 : _USERS + 2]):
        template["UserId"] = f"user-{number}"
    for part in (made[:_FACES], made[_FACES:]):
        client.reknown_import_templates(CollectionId=name, TemplateSpace=space, Templates=part)
    return {"collection": name, "probe": probe["FaceId"]}


def test_a_search_finds_1000_faces_and_4096_when_asked(
    client: Any, crowded: dict[str, str]
) -> None:
    request = {"CollectionId": crowded["collection"], "FaceId": crowded["probe"]}
    default = client.search_faces(**request)["FaceMatches"]
    assert len(default) == _FACES
    most = client.search_faces(**request, MaxFaces=4096)["FaceMatches"]
    assert len(most) == _FACES + 1
    # of equal ones the one enrolled first comes first
    listed = client.list_faces(CollectionId=crowded["collection"], MaxResults=4096)["Faces"]
    assert [match["Face"] for match in most] == listed[1:]


def test_a_search_finds_500_users(client: Any, crowded: dict[str, str]) -> None:
    request = {"CollectionId": crowded["collection"], "FaceId": crowded["probe"]}
    assert len(client.search_users(**request)["UserMatches"]) == _USERS
    own = client.search_users(CollectionId=crowded["collection"], UserId="user-0", MaxUsers=500)[
        "UserMatches"
    ]
    assert len(own) == _USERS
    assert "user-0" not in [match["User"]["UserId"] for match in own]


def test_pages_hold_1000_faces_and_500_users(client: Any, crowded: dict[str, str]) -> None:
    there = {"CollectionId": crowded["collection"]}
    faces = client.list_faces(**there)
    assert (len(faces["Faces"]), "NextToken" in faces) == (_FACES, True)
    users = client.list_users(**there)
    assert (len(users["Users"]), "NextToken" in users) == (_USERS, True)
    exported = client.reknown_export_templates(**there)
    assert (len(exported["Templates"]), "NextToken" in exported) == (_FACES, True)
