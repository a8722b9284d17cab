"""What needs no networks is answered although the collection's pack is not here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from contexts import make_context
from reknown.access.vault import Vault
from reknown.api import shapes
from reknown.api.call import Call
from reknown.api.operations import collections, faces, users
from reknown.api.page_tokens import PageTokens
from reknown.biometrics.errors import ModelNotFoundError
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.services.access import Rights
from reknown.storage.database import open_database
from reknown.vision.packs.store import PackStore, PackSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.biometrics.calibration import Calibration
    from reknown.vision.analyze import Engine
    from reknown.vision.text.reader import TextReader

GONE = TemplateSpace("gone", "ab" * 32, 4)


class NoPacks:
    """A store in which the pack is not to be found."""

    def __init__(self, cache: Path) -> None:
        self._store = PackStore(cache)

    def load(self, pack: str) -> Engine:
        raise ModelNotFoundError(pack)

    def load_reader(self, pack: str) -> TextReader:
        raise ModelNotFoundError(pack)

    def space(self, pack: str) -> TemplateSpace:
        self._store.manifest(pack)
        raise AssertionError(f"{pack} is here")

    def calibration_mark(self, pack: str) -> object:
        return None

    def calibration(self, pack: str) -> Calibration | None:
        raise ModelNotFoundError(pack)

    def digests(self, pack: str) -> dict[str, str]:
        raise ModelNotFoundError(pack)

    def summaries(self) -> list[PackSummary]:
        raise NotImplementedError


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Call]:
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        create_collection(connection, "people", GONE)
    context = make_context(database, packs=NoPacks(tmp_path))
    vault = Vault(os.urandom(32))
    yield Call(context, PageTokens(vault.derive("pages")), Rights(("*",), ("*",)), "us-east-1")
    database.dispose()


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: faces.list_faces(c, shapes.ListFacesRequest(collection_id="people")),
        lambda c: users.list_users(c, shapes.ListUsersRequest(collection_id="people")),
        lambda c: collections.describe_collection(
            c, shapes.DescribeCollectionRequest(collection_id="people")
        ),
        lambda c: collections.list_collections(c, shapes.ListCollectionsRequest()),
    ],
    ids=["ListFaces", "ListUsers", "DescribeCollection", "ListCollections"],
)
def test_lists_and_descriptions_need_no_pack(call: Call, ask: Callable[[Call], object]) -> None:
    ask(call)


def test_the_version_is_that_of_the_stored_space(call: Call) -> None:
    listed = faces.list_faces(call, shapes.ListFacesRequest(collection_id="people"))
    request = shapes.DescribeCollectionRequest(collection_id="people")
    described = collections.describe_collection(call, request)
    assert listed.face_model_version == described.face_model_version == f"{0xABAB}.{0xABABAB}"
