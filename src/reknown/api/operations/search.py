"""Searches: by a stored face, by an image, for faces and for users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import model_version
from reknown.api.operations.images import LARGEST
from reknown.api.wire_faces import (
    QUALITY_FILTERS,
    bounding_box,
    face_detail,
    percent,
    reasons,
    refusals,
    stored_face,
)
from reknown.api.wire_images import read_image
from reknown.biometrics.errors import InputError
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.services.searches.images import ProbeChoice, identify
from reknown.services.searches.search import Query, Unit
from reknown.services.searches.stored import search_by_face, search_by_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.api.call import Call
    from reknown.biometrics.candidates import Candidate
    from reknown.services.images.sources import Extraction
    from reknown.services.searches.search import Found, Searched

    FaceSearch = (
        shapes.SearchFacesRequest
        | shapes.SearchFacesByImageRequest
        | shapes.ReknownSearchAllFacesByImageRequest
    )
    UserSearch = shapes.SearchUsersRequest | shapes.SearchUsersByImageRequest

# Amazon documents no default; its paged lists use the same number.
_DEFAULT_FACES = 1000
_DEFAULT_USERS = 500


def search_faces(call: Call, request: shapes.SearchFacesRequest) -> shapes.SearchFacesResponse:
    """By a stored face, which is not among its own matches."""
    found = search_by_face(call.context, _for_faces(request), request.face_id)
    return shapes.SearchFacesResponse(
        searched_face_id=request.face_id,
        face_matches=_face_matches(found, 0),
        face_model_version=model_version(found.searched.space),
        reknown_statistics=statistics(found.searched),
    )


def search_faces_by_image(
    call: Call, request: shapes.SearchFacesByImageRequest
) -> shapes.SearchFacesByImageResponse:
    """By the largest face of an image."""
    choice = _choice(request.quality_filter, 1, required=True)
    done = identify(call.context, _for_faces(request), read_image(call, request.image), choice)
    ((face, _),) = done.extraction.fit
    return shapes.SearchFacesByImageResponse(
        searched_face_bounding_box=bounding_box(face.box),
        searched_face_confidence=percent(face.confidence),
        face_matches=_face_matches(done.found, 0),
        face_model_version=model_version(done.found.searched.space),
        reknown_statistics=statistics(done.found.searched),
    )


def search_all_faces_by_image(
    call: Call, request: shapes.ReknownSearchAllFacesByImageRequest
) -> shapes.ReknownSearchAllFacesByImageResponse:
    """By every face of an image in one call: an extension."""
    choice = _choice(request.quality_filter, LARGEST)
    done = identify(call.context, _for_faces(request), read_image(call, request.image), choice)
    return shapes.ReknownSearchAllFacesByImageResponse(
        searched_faces=tuple(
            shapes.ReknownSearchedFace(
                face_detail=face_detail(face), face_matches=_face_matches(done.found, number)
            )
            for number, (face, _) in enumerate(done.extraction.fit)
        ),
        unsearched_faces=tuple(_refused(done.extraction)),
        face_model_version=model_version(done.found.searched.space),
        reknown_statistics=statistics(done.found.searched),
    )


def search_users(call: Call, request: shapes.SearchUsersRequest) -> shapes.SearchUsersResponse:
    """By a stored face or by a user, which is not among its own matches."""
    face, user = request.face_id, request.user_id
    if (user is None) == (face is None):
        raise InputError("SearchUsers needs either UserId or FaceId, and not both")
    if user is not None:
        found = search_by_user(call.context, _for_users(request), user)
    else:
        found = search_by_face(call.context, _for_users(request), face or "")
    return shapes.SearchUsersResponse(
        searched_user=None if user is None else shapes.SearchedUser(user_id=user),
        searched_face=None if face is None else shapes.SearchedFace(face_id=face),
        user_matches=_user_matches(found),
        face_model_version=model_version(found.searched.space),
        reknown_statistics=statistics(found.searched),
    )


def search_users_by_image(
    call: Call, request: shapes.SearchUsersByImageRequest
) -> shapes.SearchUsersByImageResponse:
    """By the largest face of an image; an image without faces resembles nobody."""
    choice = _choice(request.quality_filter, 1)
    done = identify(call.context, _for_users(request), read_image(call, request.image), choice)
    details = [face_detail(face) for face, _ in done.extraction.fit]
    return shapes.SearchUsersByImageResponse(
        searched_face=shapes.SearchedFaceDetails(face_detail=details[0]) if details else None,
        unsearched_faces=(*_refused(done.extraction), *_smaller(done.extraction)),
        user_matches=_user_matches(done.found),
        face_model_version=model_version(done.found.searched.space),
        reknown_statistics=statistics(done.found.searched),
    )


def _for_faces(request: FaceSearch) -> Query:
    threshold = ThresholdChoice(request.face_match_threshold)
    limit = request.max_faces or _DEFAULT_FACES
    return Query(request.collection_id, threshold, limit, Unit.REFERENCES)


def _for_users(request: UserSearch) -> Query:
    threshold = ThresholdChoice(request.user_match_threshold)
    limit = request.max_users or _DEFAULT_USERS
    return Query(request.collection_id, threshold, limit, Unit.USERS)


def _choice(
    quality: shapes.QualityFilter | None, limit: int, *, required: bool = False
) -> ProbeChoice:
    return ProbeChoice(QUALITY_FILTERS[quality or "NONE"], limit, LARGEST, required)


def _face_matches(found: Found, number: int) -> tuple[shapes.FaceMatch, ...]:
    version = model_version(found.searched.space)
    return tuple(
        shapes.FaceMatch(
            similarity=candidate.similarity,
            face=stored_face(found.faces[candidate.face_id], version),
            reknown_false_match_rate=candidate.false_match_rate,
        )
        for candidate in found.rows[number]
    )


def _user_matches(found: Found) -> tuple[shapes.UserMatch, ...]:
    candidates: Iterable[Candidate] = found.rows[0] if found.rows else ()
    # a user that can be found has faces, which is what ACTIVE means
    return tuple(
        shapes.UserMatch(
            similarity=candidate.similarity,
            user=shapes.MatchedUser(user_id=candidate.user, user_status="ACTIVE"),
            reknown_false_match_rate=candidate.false_match_rate,
        )
        for candidate in candidates
    )


def _refused(extraction: Extraction) -> Iterator[shapes.UnsearchedFace]:
    for face, objections in extraction.refused:
        yield shapes.UnsearchedFace(
            face_details=face_detail(face),
            reasons=reasons(objections),
            reknown_refusals=refusals(objections),
        )


def _smaller(extraction: Extraction) -> Iterator[shapes.UnsearchedFace]:
    for face in extraction.surplus:
        yield shapes.UnsearchedFace(face_details=face_detail(face), reasons=("FACE_NOT_LARGEST",))


def statistics(searched: Searched) -> shapes.ReknownStatistics:
    """What the threshold costs in the gallery that was searched."""
    return shapes.ReknownStatistics(
        threshold=searched.threshold.similarity,
        false_match_rate=searched.threshold.false_match_rate,
        gallery_size=searched.gallery_size,
        references=searched.references,
        expected_false_candidates=searched.expected_false_candidates,
        caution=searched.caution,
    )
