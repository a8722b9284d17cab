"""Extensions: groups of unknown people looked through, named, made one, split and kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes, wire_sightings
from reknown.api.paging import next_token, read_page
from reknown.biometrics.errors import AccessError, InputError
from reknown.services.archive import group_names, groups
from reknown.services.archive.proposals import propose_merges as proposed_merges
from reknown.services.galleries.mending import keep_users_apart

if TYPE_CHECKING:
    from reknown.api.call import Call
    from reknown.services.archive.proposals import MergeProposal, ProposedSide

_PROPOSALS = 50


def list_groups(
    call: Call, request: shapes.ReknownListGroupsRequest
) -> shapes.ReknownListGroupsResponse:
    """In the order in which they were made; what was scanned since joins them by command."""
    everybody = bool(request.everybody)
    scope = f"ReknownListGroups {everybody} {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = groups.list_groups(call.context, request.collection_id, page, everybody=everybody)
    return shapes.ReknownListGroupsResponse(
        groups=tuple(map(wire_sightings.group, found.items)),
        next_token=next_token(call, scope, found.next),
    )


def read_group(
    call: Call, request: shapes.ReknownReadGroupRequest
) -> shapes.ReknownReadGroupResponse:
    """The best faces first."""
    scope = f"ReknownReadGroup {request.number} {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found, seen = groups.read_group(call.context, request.collection_id, request.number, page)
    return shapes.ReknownReadGroupResponse(
        group=wire_sightings.group(found),
        sightings=tuple(map(wire_sightings.sighting, seen.items)),
        next_token=next_token(call, scope, seen.next),
    )


def group_sightings(
    call: Call, request: shapes.ReknownGroupSightingsRequest
) -> shapes.ReknownGroupSightingsResponse:
    """Takes seconds where there is much that is new."""
    done = groups.group_sightings(call.context, request.collection_id)
    return shapes.ReknownGroupSightingsResponse(
        threshold=done.threshold.similarity,
        sightings=done.sightings,
        new=done.fresh,
        made_groups=done.made,
        merged_groups=done.merged,
    )


def name_group(
    call: Call, request: shapes.ReknownNameGroupRequest
) -> shapes.ReknownNameGroupResponse:
    """Its best faces become the user's."""
    done = group_names.name_group(
        call.context, request.collection_id, request.number, request.user_id
    )
    return shapes.ReknownNameGroupResponse(
        associated_faces=done.references, made_faces=done.made, new_user=done.new_person
    )


def unname_group(
    call: Call, request: shapes.ReknownUnnameGroupRequest
) -> shapes.ReknownUnnameGroupResponse:
    """The opposite; what it deletes takes the rights of those who delete such things."""
    if request.face_ids:
        _require(call, request.collection_id, "FaceIds", "DeleteFaces")
    if request.delete_user:
        _require(call, request.collection_id, "DeleteUser", "DeleteUser")
    done = group_names.unname_group(
        call.context,
        request.collection_id,
        request.number,
        request.face_ids,
        drop_person=bool(request.delete_user),
    )
    return shapes.ReknownUnnameGroupResponse(
        group=wire_sightings.group(done.group),
        deleted_faces=done.deleted,
        freed_faces=done.freed,
        user_deleted=done.gone,
    )


def _require(call: Call, collection: str, field: str, operation: str) -> None:
    if not call.rights.permits(operation, collection):
        raise AccessError(
            f"{field} takes the right to rekognition:{operation} on collection/{collection} too: "
            f"ask an operator for it, or leave {field} out"
        )


def merge_groups(
    call: Call, request: shapes.ReknownMergeGroupsRequest
) -> shapes.ReknownMergeGroupsResponse:
    """What was moved takes it back, in a split."""
    done = groups.merge_groups(
        call.context, request.collection_id, request.number, request.into_number
    )
    return shapes.ReknownMergeGroupsResponse(
        group=wire_sightings.group(done.group), moved_sightings=done.moved
    )


def split_group(
    call: Call, request: shapes.ReknownSplitGroupRequest
) -> shapes.ReknownSplitGroupResponse:
    """Both stay apart."""
    made = groups.split_group(
        call.context, request.collection_id, request.number, request.sighting_ids
    )
    return shapes.ReknownSplitGroupResponse(group=wire_sightings.group(made))


def ignore_group(
    call: Call, request: shapes.ReknownIgnoreGroupRequest
) -> shapes.ReknownIgnoreGroupResponse:
    """Or shows it again."""
    ignored = request.ignored is not False
    groups.ignore_group(call.context, request.collection_id, request.number, ignored=ignored)
    return shapes.ReknownIgnoreGroupResponse()


def keep_apart(
    call: Call, request: shapes.ReknownKeepApartRequest
) -> shapes.ReknownKeepApartResponse:
    """Of two groups, a group and a user, or two users."""
    context, collection, undo = call.context, request.collection_id, bool(request.undo)
    number, user = request.number, request.user_id
    other, other_user = request.other_number, request.other_user_id
    said = groups.undo_apart if undo else groups.keep_apart
    match (number, other, user, other_user):
        case (int(), int(), None, None):
            said(context, collection, number, other)
        case (int(), None, str(), None):
            said(context, collection, number, user)
        case (None, None, str(), str()):
            keep_users_apart(context, collection, user, other_user, undo=undo)
        case _:
            raise InputError(
                "ReknownKeepApart needs Number with OtherNumber, Number with UserId, or UserId "
                "with OtherUserId"
            )
    return shapes.ReknownKeepApartResponse()


def propose_merges(
    call: Call, request: shapes.ReknownProposeMergesRequest
) -> shapes.ReknownProposeMergesResponse:
    """Candidates alone."""
    most = request.max_proposals or _PROPOSALS
    found = proposed_merges(call.context, request.collection_id, most)
    return shapes.ReknownProposeMergesResponse(
        proposals=tuple(map(_proposal, found.proposals)),
        threshold=found.threshold.similarity,
        groups=found.groups,
        users=found.people,
        left_out=found.left_out,
    )


def _proposal(it: MergeProposal) -> shapes.ReknownProposal:
    return shapes.ReknownProposal(
        one=_side(it.one),
        other=_side(it.other),
        similarity=it.comparison.similarity,
        reknown_false_match_rate=it.comparison.false_match_rate,
    )


def _side(it: ProposedSide) -> shapes.ReknownProposalSide:
    return shapes.ReknownProposalSide(number=it.number, user_id=it.name)
