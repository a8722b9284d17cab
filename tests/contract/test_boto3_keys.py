"""What keys allow, seen from the network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

import callers

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Server


def test_a_key_may_do_what_it_names(server: Server, collection: str, eileen: bytes) -> None:
    limited = _client(server, "--operation", "Search*", "--operation", "DetectFaces")
    limited.detect_faces(Image={"Bytes": eileen})
    limited.search_faces_by_image(CollectionId=collection, Image={"Bytes": eileen})
    limited.search_users_by_image(CollectionId=collection, Image={"Bytes": eileen})
    calls: tuple[Callable[..., Any], ...] = (
        lambda: limited.index_faces(CollectionId=collection, Image={"Bytes": eileen}),
        limited.list_collections,
        lambda: limited.delete_collection(CollectionId=collection),
        lambda: limited.reknown_search_all_faces_by_image(
            CollectionId=collection, Image={"Bytes": eileen}
        ),
    )
    for call in calls:
        with pytest.raises(limited.exceptions.AccessDeniedException, match="not authorized"):
            call()


def test_a_key_may_do_it_where_it_names(
    server: Server, client: Any, name: str, eileen: bytes
) -> None:
    mine, other = f"{name}-mine", f"{name}-other"
    limited = _client(server, "--collection", f"{name}-m*")
    limited.create_collection(CollectionId=mine)
    client.create_collection(CollectionId=other)
    limited.index_faces(CollectionId=mine, Image={"Bytes": eileen})
    arn = client.describe_collection(CollectionId=other)["CollectionARN"]
    denied = limited.exceptions.AccessDeniedException
    calls: tuple[Callable[..., Any], ...] = (
        lambda: limited.index_faces(CollectionId=other, Image={"Bytes": eileen}),
        lambda: limited.describe_collection(CollectionId=other),
        lambda: limited.create_collection(CollectionId=f"{name}-third"),
        lambda: limited.tag_resource(ResourceArn=arn, Tags={"a": "1"}),
        lambda: limited.list_tags_for_resource(ResourceArn=arn),
        # whether it is there is not told either
        lambda: limited.describe_collection(CollectionId=f"{name}-absent"),
    )
    for call in calls:
        with pytest.raises(denied):
            call()
    limited.detect_faces(Image={"Bytes": eileen})
    pages = limited.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2})
    assert [name for page in pages for name in page["CollectionIds"]] == [mine]


def test_a_revoked_key_is_refused_at_once(server: Server) -> None:
    key = callers.key(server)
    revoked = server.client(key, **callers.NO_RETRIES)
    revoked.list_collections()
    server.reknown("keys", "revoke", key[0], "--yes")
    with pytest.raises(ClientError) as refused:
        revoked.list_collections()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_of_rotated_keys_both_work_as_long_as_they_overlap(server: Server) -> None:
    old = callers.key(server)
    made = json.loads(server.reknown("keys", "rotate", old[0], "--overlap", "1h", "--json"))
    new = made["access_key_id"], made["secret_access_key"]
    for key in (old, new):
        server.client(key, **callers.NO_RETRIES).list_collections()
    server.reknown("keys", "rotate", new[0], "--overlap", "0")
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        server.client(new, **callers.NO_RETRIES).list_collections()


def test_a_key_stops_where_its_quota_ends(server: Server, collection: str, eileen: bytes) -> None:
    key = callers.key(server, "--quota", "images=3/month", "--quota", "operations=5/day")
    client = server.client(key, **callers.NO_RETRIES)
    client.detect_faces(Image={"Bytes": eileen})
    client.search_faces_by_image(CollectionId=collection, Image={"Bytes": eileen})
    image = {"Bytes": eileen}
    with pytest.raises(client.exceptions.LimitExceededException, match="1 left"):
        client.compare_faces(SourceImage=image, TargetImage=image)
    client.detect_faces(Image=image)
    with pytest.raises(client.exceptions.LimitExceededException, match="3 images a month"):
        client.detect_faces(Image=image)
    # what needs no image goes on, until the operations of the day are used up
    client.list_collections()
    client.list_collections()
    with pytest.raises(client.exceptions.LimitExceededException, match="5 operations a day"):
        client.list_collections()
    lines = server.reknown("usage", "--key", key[0], "--json").splitlines()
    usage, *quotas = map(json.loads, lines)
    assert sum(usage["done"].values()) == 5
    assert sum(usage["refused"].values()) == 3
    assert {(it["measure"], it["used"], it["left"]) for it in quotas} == {
        ("images", 3, 0),
        ("operations", 5, 0),
    }
    server.reknown("keys", "limit", key[0])
    client.list_collections()


@pytest.mark.parametrize(("mode", "again"), [("legacy", 0), ("standard", 2)])
def test_how_often_clients_ask_again_where_a_quota_ends(
    server: Server, mode: str, again: int
) -> None:
    key = callers.key(server, "--quota", "operations=0/month")
    with pytest.raises(ClientError) as refused:
        server.client(key, retries={"mode": mode}).list_collections()
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == again


@pytest.mark.parametrize("pattern", ["*", "Reknown*"])
def test_templates_go_out_only_with_a_key_that_names_it(
    server: Server, collection: str, pattern: str
) -> None:
    wide = _client(server, "--operation", pattern)
    with pytest.raises(wide.exceptions.AccessDeniedException, match="have to name"):
        wide.reknown_export_templates(CollectionId=collection)
    space = {"Pack": "p", "Fingerprint": "ab" * 32, "Dimension": 4}
    with pytest.raises(wide.exceptions.AccessDeniedException):
        wide.reknown_import_templates(CollectionId=collection, TemplateSpace=space, Templates=[])


def test_a_key_that_names_export_may_export(server: Server, collection: str) -> None:
    exporter = _client(server, "--operation", "ReknownExportTemplates")
    exporter.reknown_export_templates(CollectionId=collection)
    with pytest.raises(exporter.exceptions.AccessDeniedException):
        exporter.reknown_import_templates(
            CollectionId=collection,
            TemplateSpace={"Pack": "p", "Fingerprint": "ab" * 32, "Dimension": 4},
            Templates=[],
        )


def _client(server: Server, *options: str) -> Any:
    return server.client(callers.key(server, *options), **callers.NO_RETRIES)
