"""The faces of a collection: index, list, delete."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import model_version
from reknown.api.operations.images import LARGEST
from reknown.api.paging import next_token, read_page
from reknown.api.wire_attributes import Wish
from reknown.api.wire_faces import (
    QUALITY_FILTERS,
    face_detail,
    reasons,
    refusals,
    stored_face,
)
from reknown.api.wire_images import image_name, read_image
from reknown.services.galleries import faces
from reknown.services.galleries.enrolment import GroupImage, enrol_group
from reknown.services.galleries.users import RefusalReason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.api.call import Call
    from reknown.services.images.sources import Extraction

_DELETION: Mapping[RefusalReason, shapes.UnsuccessfulFaceDeletionReason] = {
    RefusalReason.NOT_FOUND: "FACE_NOT_FOUND",
    RefusalReason.HAS_USER: "ASSOCIATED_TO_AN_EXISTING_USER",
}


def index_faces(call: Call, request: shapes.IndexFacesRequest) -> shapes.IndexFacesResponse:
    """The largest faces that the filter lets through, 100 at most, and why not the others."""
    wish = Wish.of(request.detection_attributes, call.unmeasured)
    image = GroupImage(
        source=read_image(call, request.image),
        name=image_name(request.image),
        external_id=request.external_image_id,
        quality=QUALITY_FILTERS[request.quality_filter or "AUTO"],
        limit=min(request.max_faces or LARGEST, LARGEST),
        attributes=wish.measured,
    )
    done = enrol_group(call.context, request.collection_id, image)
    version = model_version(done.extraction.space)
    return shapes.IndexFacesResponse(
        face_records=tuple(
            shapes.FaceRecord(
                face=stored_face(record, version), face_detail=face_detail(face, wish)
            )
            for face, record in done.enrolled()
        ),
        face_model_version=version,
        unindexed_faces=tuple(_unindexed(done.extraction, wish)),
    )


def list_faces(call: Call, request: shapes.ListFacesRequest) -> shapes.ListFacesResponse:
    """In order of enrolment; of one user or with these ids if wanted."""
    name = request.collection_id
    wanted = hashlib.sha256("\n".join(request.face_ids or ()).encode()).hexdigest()
    scope = f"ListFaces {name} {request.user_id} {wanted}"
    page = read_page(call, scope, request.next_token, request.max_results)
    space, found = faces.list_faces(
        call.context, name, page, user=request.user_id, face_ids=request.face_ids
    )
    version = model_version(space)
    return shapes.ListFacesResponse(
        faces=tuple(stored_face(record, version) for record in found.items),
        face_model_version=version,
        next_token=next_token(call, scope, found.next),
    )


def delete_faces(call: Call, request: shapes.DeleteFacesRequest) -> shapes.DeleteFacesResponse:
    """Those without user; the others are named with the reason."""
    done = faces.delete_faces(call.context, request.collection_id, request.face_ids, of_users=False)
    return shapes.DeleteFacesResponse(
        deleted_faces=done.deleted,
        unsuccessful_face_deletions=tuple(
            shapes.UnsuccessfulFaceDeletion(
                face_id=face.face_id, user_id=face.user, reasons=(_DELETION[face.refusal],)
            )
            for face in done.refused
        ),
    )


def _unindexed(done: Extraction, wish: Wish) -> Iterator[shapes.UnindexedFace]:
    for face, objections in done.refused:
        yield shapes.UnindexedFace(
            reasons=reasons(objections),
            face_detail=face_detail(face, wish),
            reknown_refusals=refusals(objections),
        )
    for face in done.surplus:
        yield shapes.UnindexedFace(
            reasons=("EXCEEDS_MAX_FACES",), face_detail=face_detail(face, wish)
        )
