"""Collections and their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import collection_arn, model_version
from reknown.api.paging import next_token, read_page
from reknown.services.galleries import collections

if TYPE_CHECKING:
    from reknown.api.call import Call

_DONE = 200


def create_collection(
    call: Call, request: shapes.CreateCollectionRequest
) -> shapes.CreateCollectionResponse:
    """An empty collection of the server's model pack."""
    made = collections.create_collection(call.context, request.collection_id, tags=request.tags)
    return shapes.CreateCollectionResponse(
        status_code=_DONE,
        collection_arn=collection_arn(call.region, made.name),
        face_model_version=model_version(made.space),
    )


def delete_collection(
    call: Call, request: shapes.DeleteCollectionRequest
) -> shapes.DeleteCollectionResponse:
    """The collection with all its faces, users and tags."""
    collections.delete_collection(call.context, request.collection_id)
    return shapes.DeleteCollectionResponse(status_code=_DONE)


def describe_collection(
    call: Call, request: shapes.DescribeCollectionRequest
) -> shapes.DescribeCollectionResponse:
    """Counts, model version, when it was made."""
    found = collections.describe_collection(call.context, request.collection_id)
    return shapes.DescribeCollectionResponse(
        face_count=found.faces,
        user_count=found.users,
        face_model_version=model_version(found.space),
        collection_arn=collection_arn(call.region, found.name),
        creation_timestamp=found.created_at.timestamp(),
    )


def list_collections(
    call: Call, request: shapes.ListCollectionsRequest
) -> shapes.ListCollectionsResponse:
    """Those that the caller's key may see, in order of creation."""
    scope = "ListCollections"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = collections.list_collections(call.context, page, call.rights.permits_collection)
    return shapes.ListCollectionsResponse(
        collection_ids=tuple(item.name for item in found.items),
        face_model_versions=tuple(model_version(item.space) for item in found.items),
        next_token=next_token(call, scope, found.next),
    )
