"""What a collection's policy says, seen from the network."""

from __future__ import annotations

import json
import subprocess
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

    def state(*purposes: str, header: str = "X-Reknown-Purpose") -> None:
        def add(request: Any, **_: object) -> None:
            for purpose in purposes:
                request.headers.add_header(header, purpose)

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
    rows = [row for row in callers.ledger(server) if row["collection"] == missing]
    refused, answered = (
        next(row for row in rows if (row["operation"], row["kind"]) == (operation, "done"))
        for operation in ("refuse search", "identify")
    )
    assert refused["record"]["reason"] == "PurposeMissing"
    assert (refused["purpose"], answered["purpose"]) == (None, "missing-person")
    of_request = [row for row in rows if row["request_id"] == refused["request_id"]]
    assert of_request == [refused]


def test_a_refused_job_is_one_record_and_its_signature_is_used_up(
    server: Server, missing: str
) -> None:
    before = len(callers.ledger(server))
    video = {"S3Object": {"Bucket": "media", "Name": "clip.mp4"}}
    start = callers.sign(server, "StartFaceSearch", {"CollectionId": missing, "Video": video})
    assert [start.send().code for _ in range(2)] == ["AccessDeniedException", "ThrottlingException"]
    first, second = callers.ledger(server)[before:]
    assert (first["operation"], first["record"]) == ("refuse search", {"reason": "PurposeMissing"})
    assert (second["kind"], second["record"]["error"]) == ("refused", "ThrottlingException")


@pytest.mark.parametrize(
    "denied", [("marketing", "PurposeNotAllowed"), ("immigration-status", "PurposeForbidden")]
)
def test_any_other_purpose_is_denied_and_recorded(
    server: Server, client: Any, missing: str, stating: Any, eileen: bytes, denied: tuple[str, str]
) -> None:
    stating(denied[0])
    with pytest.raises(ClientError) as raised:
        client.search_faces_by_image(CollectionId=missing, Image={"Bytes": eileen})
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
    rows = [row for row in callers.ledger(server) if row["collection"] == missing]
    (refused,) = (row for row in rows if row["operation"] == "refuse search")
    assert (refused["purpose"], refused["record"]["reason"]) == denied
    assert not [row for row in rows if row["operation"] == "identify" and row["kind"] == "done"]


def test_what_is_never_allowed_is_so_without_a_policy_and_no_policy_allows_it(
    server: Server, client: Any, collection: str, stating: Any, eileen: bytes, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('purposes = ["immigration-status"]\n')
    with pytest.raises(subprocess.CalledProcessError):
        server.reknown("collections", "policy", collection, "--set", str(rules))
    stating("immigration-status")
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.search_faces_by_image(CollectionId=collection, Image={"Bytes": eileen})


@pytest.mark.parametrize("purposes", [("Missing Person",), ("",)])
def test_a_purpose_is_one_code(
    client: Any, missing: str, stating: Any, eileen: bytes, purposes: tuple[str, ...]
) -> None:
    stating(*purposes)
    with pytest.raises(ClientError, match="X-Reknown-Purpose") as raised:
        client.search_faces_by_image(CollectionId=missing, Image={"Bytes": eileen})
    assert raised.value.response["Error"]["Code"] == "InvalidParameterException"


def test_an_approval_is_stated_in_a_signed_header(
    server: Server, client: Any, missing: str, stating: Any, eileen: bytes, tmp_path: Path
) -> None:
    rules = tmp_path / "repeats.toml"
    rules.write_text("repeat_searches = 1\n")
    server.reknown("collections", "policy", missing, "--set", str(rules))
    search = {"CollectionId": missing, "Image": {"Bytes": eileen}}
    client.search_faces_by_image(**search)
    with pytest.raises(client.exceptions.AccessDeniedException, match="X-Reknown-Approval"):
        client.search_faces_by_image(**search)
    own = (r for r in callers.ledger(server) if r["collection"] == missing)
    key = next(r["actor"] for r in own if r["operation"] == "identify")
    granted = server.reknown(
        "approvals", "grant", key, "--reason", "case 4711", "-c", missing, "--json"
    )
    stating(json.loads(granted)["approval_id"], header="X-Reknown-Approval")
    assert client.search_faces_by_image(**search)["FaceMatches"]
    with pytest.raises(client.exceptions.AccessDeniedException, match="used up"):
        client.search_faces_by_image(**search)


def test_an_approval_is_an_id(client: Any, missing: str, stating: Any, eileen: bytes) -> None:
    stating("mine", header="X-Reknown-Approval")
    with pytest.raises(ClientError, match="X-Reknown-Approval") as raised:
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
