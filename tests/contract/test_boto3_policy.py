"""What a collection's policy says, seen from the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

import callers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Server


@pytest.fixture
def missing(server: Server, client: Any, collection: str, eileen: bytes, tmp_path: Path) -> str:
    """A collection that is searched for missing persons alone."""
    client.index_faces(CollectionId=collection, Image={"Bytes": eileen})
    rules = tmp_path / "rules.toml"
    rules.write_text('purposes = ["missing-person"]\n')
    server.reknown("collections", "policy", collection, "--set", str(rules))
    return collection


@pytest.fixture
def stating(client: Any) -> Iterator[Any]:
    """A function that makes the client state purposes from then on."""
    added = []

    def state(*purposes: str) -> None:
        def add(request: Any, **_: object) -> None:
            for purpose in purposes:
                request.headers.add_header("X-Reknown-Purpose", purpose)

        added.append(add)
        client.meta.events.register("before-sign.rekognition", add)

    yield state
    for add in added:
        client.meta.events.unregister("before-sign.rekognition", add)


def test_a_purpose_is_stated_in_a_signed_header(
    server: Server, client: Any, missing: str, stating: Any, eileen: bytes
) -> None:
    search = {"CollectionId": missing, "Image": {"Bytes": eileen}}
    with pytest.raises(client.exceptions.AccessDeniedException, match="X-Reknown-Purpose"):
        client.search_faces_by_image(**search)
    stating("missing-person")
    assert client.search_faces_by_image(**search)["FaceMatches"]
    rows = [
        row
        for row in callers.ledger(server)
        if (row["collection"], row["kind"]) == (missing, "done")
    ]
    refused, answered = (
        next(row for row in rows if row["operation"] == operation)
        for operation in ("refuse search", "identify")
    )
    assert refused["record"]["reason"] == "PurposeMissing"
    assert (refused["purpose"], answered["purpose"]) == (None, "missing-person")


@pytest.mark.parametrize("purposes", [("Missing Person",), ("",)])
def test_a_purpose_is_one_code(
    client: Any, missing: str, stating: Any, eileen: bytes, purposes: tuple[str, ...]
) -> None:
    stating(*purposes)
    with pytest.raises(ClientError, match="X-Reknown-Purpose") as raised:
        client.search_faces_by_image(CollectionId=missing, Image={"Bytes": eileen})
    assert raised.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_stop_is_followed_by_a_server_at_once(
    server: Server, client: Any, collection: str, eileen: bytes
) -> None:
    search = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    client.search_faces_by_image(**search)
    server.reknown("stop-searches", "-c", collection, "--reason", "under review")
    with pytest.raises(client.exceptions.AccessDeniedException, match="under review"):
        client.search_faces_by_image(**search)
    server.reknown("resume-searches", "-c", collection)
    client.search_faces_by_image(**search)
