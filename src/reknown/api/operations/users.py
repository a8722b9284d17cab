"""Users: subjects that faces belong to."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from reknown.api import shapes
from reknown.api.paging import next_token, read_page
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.services.context import RequestToken
from reknown.services.galleries import users
from reknown.services.galleries.users import RefusalReason, UserRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.api.call import Call
    from reknown.services.galleries.users import Assignment

    Request = (
        shapes.CreateUserRequest
        | shapes.DeleteUserRequest
        | shapes.AssociateFacesRequest
        | shapes.DisassociateFacesRequest
    )

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_AssociateFaces.html
_DEFAULT_SIMILARITY = 75.0
_PAGE = 500
_ASSOCIATION: Mapping[RefusalReason, shapes.UnsuccessfulFaceAssociationReason] = {
    RefusalReason.NOT_FOUND: "FACE_NOT_FOUND",
    RefusalReason.OTHER_USER: "ASSOCIATED_TO_A_DIFFERENT_USER",
    RefusalReason.UNLIKE: "LOW_MATCH_CONFIDENCE",
}
_DISASSOCIATION: Mapping[RefusalReason, shapes.UnsuccessfulFaceDisassociationReason] = {
    RefusalReason.NOT_FOUND: "FACE_NOT_FOUND",
    RefusalReason.OTHER_USER: "ASSOCIATED_TO_A_DIFFERENT_USER",
}


def create_user(call: Call, request: shapes.CreateUserRequest) -> shapes.CreateUserResponse:
    """A user without faces."""
    users.create_user(call.context, _request(request))
    return shapes.CreateUserResponse()


def delete_user(call: Call, request: shapes.DeleteUserRequest) -> shapes.DeleteUserResponse:
    """The user goes, its faces stay."""
    users.delete_user(call.context, _request(request), keep_faces=True)
    return shapes.DeleteUserResponse()


def list_users(call: Call, request: shapes.ListUsersRequest) -> shapes.ListUsersResponse:
    """In order of creation."""
    scope = f"ListUsers {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results, _PAGE)
    found = users.list_users(call.context, request.collection_id, page)
    return shapes.ListUsersResponse(
        users=tuple(
            shapes.User(user_id=user.name, user_status=_status(user.faces > 0))
            for user in found.items
        ),
        next_token=next_token(call, scope, found.next),
    )


def associate_faces(
    call: Call, request: shapes.AssociateFacesRequest
) -> shapes.AssociateFacesResponse:
    """Gives faces to a user that resembles them, or that has none yet."""
    similarity = request.user_match_threshold
    choice = ThresholdChoice(_DEFAULT_SIMILARITY if similarity is None else similarity)
    done = users.associate_faces(call.context, _request(request), request.face_ids, choice)
    return shapes.AssociateFacesResponse(
        associated_faces=tuple(shapes.AssociatedFace(face_id=face) for face in done.changed),
        unsuccessful_face_associations=tuple(
            shapes.UnsuccessfulFaceAssociation(
                face_id=face.face_id,
                user_id=face.user,
                confidence=face.similarity,
                reasons=(_ASSOCIATION[face.refusal],),
            )
            for face in done.refused
        ),
        user_status=_status(done.left > 0),
    )


def disassociate_faces(
    call: Call, request: shapes.DisassociateFacesRequest
) -> shapes.DisassociateFacesResponse:
    """Takes faces from a user."""
    done = users.disassociate_faces(call.context, _request(request), request.face_ids)
    return shapes.DisassociateFacesResponse(
        disassociated_faces=tuple(shapes.DisassociatedFace(face_id=face) for face in done.changed),
        unsuccessful_face_disassociations=_not_taken(done),
        user_status=_status(done.left > 0),
    )


def _not_taken(done: Assignment) -> tuple[shapes.UnsuccessfulFaceDisassociation, ...]:
    return tuple(
        shapes.UnsuccessfulFaceDisassociation(
            face_id=face.face_id, user_id=face.user, reasons=(_DISASSOCIATION[face.refusal],)
        )
        for face in done.refused
    )


def _status(has_faces: bool) -> shapes.UserStatus:
    return "ACTIVE" if has_faces else "CREATED"


def _request(request: Request) -> UserRequest:
    token = request.client_request_token
    return UserRequest(
        request.collection_id,
        request.user_id,
        None if token is None else RequestToken(token, _digest(request)),
    )


def _digest(request: Request) -> str:
    """What has to be equal for two requests to be the same one."""
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()
