"""Tags of collections and stream processors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import tagged_of_arn
from reknown.services.galleries import collections
from reknown.services.live import watches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reknown.api.call import Call


def tag_resource(call: Call, request: shapes.TagResourceRequest) -> shapes.TagResourceResponse:
    """Adds tags, replacing those of the same key."""
    _change(call, request.resource_arn, request.tags)
    return shapes.TagResourceResponse()


def untag_resource(
    call: Call, request: shapes.UntagResourceRequest
) -> shapes.UntagResourceResponse:
    """Removes tags; those that are not there are passed over."""
    _change(call, request.resource_arn, {}, request.tag_keys)
    return shapes.UntagResourceResponse()


def list_tags_for_resource(
    call: Call, request: shapes.ListTagsForResourceRequest
) -> shapes.ListTagsForResourceResponse:
    """All tags of a collection or a stream processor."""
    tagged = tagged_of_arn(request.resource_arn)
    if tagged.stream_processor is not None:
        permitted = call.rights.permits_collection
        found = watches.list_tags(call.context, tagged.stream_processor, permitted)
    else:
        found = collections.list_tags(call.context, tagged.collection or "")
    return shapes.ListTagsForResourceResponse(tags=found)


def _change(call: Call, arn: str, tags: Mapping[str, str], removed: Sequence[str] = ()) -> None:
    tagged = tagged_of_arn(arn)
    if tagged.stream_processor is not None:
        permitted = call.rights.permits_collection
        watches.change_tags(call.context, tagged.stream_processor, tags, removed, permitted)
    else:
        collections.change_tags(call.context, tagged.collection or "", tags, removed)
