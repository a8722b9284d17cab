"""Extensions: people in what was scanned, and names mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import model_version
from reknown.api.paging import next_token, read_page
from reknown.api.wire_images import read_image
from reknown.api.wire_sightings import sighting
from reknown.biometrics.errors import InputError, ReknownError
from reknown.biometrics.thresholds import caution
from reknown.services.archive import files
from reknown.services.galleries import mending
from reknown.services.searches.sightings import (
    FIT,
    archive_threshold,
    find_person,
    open_sightings,
    search_sightings,
)

if TYPE_CHECKING:
    from reknown.api.call import Call
    from reknown.services.searches.sightings import (
        FaceSearch,
        PersonSearch,
        SightingGallery,
    )

_LIMIT = 100


def find_sightings(
    call: Call, request: shapes.ReknownFindSightingsRequest
) -> shapes.ReknownFindSightingsResponse:
    """By a user or by the largest face of an image; the names of files, never where they lie."""
    if (request.user_id is None) == (request.image is None):
        raise InputError("ReknownFindSightings needs either UserId or Image, and not both")
    found = _found(call, request)
    return shapes.ReknownFindSightingsResponse(
        sightings=tuple(sighting(match.record, match.comparison) for match in found.matches),
        face_model_version=model_version(found.gallery.templates.space),
        reknown_statistics=_statistics(found.gallery),
        case_id=found.case,
    )


def list_archive(
    call: Call, request: shapes.ReknownListArchiveRequest
) -> shapes.ReknownListArchiveResponse:
    """The names of files, never where they lie."""
    scope = f"ReknownListArchive {request.collection_id}"
    page = read_page(call, scope, request.next_token, request.max_results)
    found = files.list_archive(call.context, request.collection_id, page)
    return shapes.ReknownListArchiveResponse(
        files=tuple(_file(request.collection_id, each) for each in found.items),
        next_token=next_token(call, scope, found.next),
    )


def delete_from_archive(
    call: Call, request: shapes.ReknownDeleteFromArchiveRequest
) -> shapes.ReknownDeleteFromArchiveResponse:
    """For good."""
    done = files.delete_from_archive(call.context, request.collection_id, request.digests)
    return shapes.ReknownDeleteFromArchiveResponse(
        deleted=done.deleted,
        absent=done.absent,
        deleted_sightings=len(done.sightings),
        deleted_files=done.files,
        files_left=len(done.left),
    )


def rename_user(
    call: Call, request: shapes.ReknownRenameUserRequest
) -> shapes.ReknownRenameUserResponse:
    """The user stays the same."""
    mending.rename_user(call.context, request.collection_id, request.user_id, request.new_user_id)
    return shapes.ReknownRenameUserResponse()


def merge_users(
    call: Call, request: shapes.ReknownMergeUsersRequest
) -> shapes.ReknownMergeUsersResponse:
    """The first user is gone then."""
    done = mending.merge_users(
        call.context, request.collection_id, request.user_id, request.into_user_id
    )
    return shapes.ReknownMergeUsersResponse(moved_faces=tuple(face.face_id for face in done.faces))


def move_faces(
    call: Call, request: shapes.ReknownMoveFacesRequest
) -> shapes.ReknownMoveFacesResponse:
    """No matter who has them."""
    done = mending.move_faces(
        call.context, request.collection_id, request.face_ids, request.user_id
    )
    return shapes.ReknownMoveFacesResponse(
        moved_faces=tuple(face.face_id for face in done.moved), absent_faces=done.absent
    )


def _found(call: Call, request: shapes.ReknownFindSightingsRequest) -> FaceSearch | PersonSearch:
    limit = request.max_sightings or _LIMIT
    threshold = archive_threshold(request.similarity_threshold)
    if request.user_id is not None:
        return find_person(
            call.context, request.collection_id, request.user_id, threshold, FIT, limit
        )
    assert request.image is not None
    data = read_image(call, request.image)
    gallery = open_sightings(call.context, request.collection_id, threshold, FIT)
    ((_, found),) = search_sightings(call.context, gallery, [data], limit)
    if isinstance(found, ReknownError):
        raise found
    return found


def _file(collection: str, it: files.FiledMedium) -> shapes.ReknownArchiveFile:
    medium = it.medium
    return shapes.ReknownArchiveFile(
        sha256=medium.sha256,
        kind=medium.kind.value,
        name=medium.name,
        taken=None if medium.taken is None else medium.taken.at.isoformat(),
        faces=it.faces,
        added=files.was_added(collection, it),
        problem=medium.problem or None,
    )


def _statistics(gallery: SightingGallery) -> shapes.ReknownStatistics:
    threshold = gallery.threshold
    return shapes.ReknownStatistics(
        threshold=threshold.similarity,
        false_match_rate=threshold.false_match_rate,
        gallery_size=gallery.size,
        references=gallery.size,
        expected_false_candidates=gallery.expected_false_candidates,
        caution=caution(gallery.expected_false_candidates),
    )
