"""Searches: by a stored face, by a picture, for faces and for users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import model_version
from reknown.api.operations.faces import LARGEST
from reknown.api.wire_faces import (
    QUALITY_FILTERS,
    bounding_box,
    face_detail,
    percent,
    reasons,
    refusals,
    stored_face,
)
from reknown.api.wire_pictures import read_picture
from reknown.biometrics.errors import InputError
from reknown.services import search
from reknown.services.decision import DEFAULT_SIMILARITY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reknown.api.call import Call
    from reknown.biometrics.faces import DetectedFace
    from reknown.services.extraction import Extraction
    from reknown.services.search import FaceMatch, Probes, Query, Searched, UserSearch

# Amazon documents no default; its paged lists use the same number.
_DEFAULT_FACES = 1000
_DEFAULT_USERS = 500


def search_faces(call: Call, request: shapes.SearchFacesRequest) -> shapes.SearchFacesResponse:
    """By a stored face, which is not among its own matches."""
    query = _query(call, request.collection_id, request.face_match_threshold, request.max_faces)
    version = _version(query)
    found = search.search_faces_by_face(call.platform, query, request.face_id)
    return shapes.SearchFacesResponse(
        searched_face_id=request.face_id,
        face_matches=_face_matches(found.matches[0], version),
        face_model_version=version,
        reknown_statistics=_statistics(query, found.searched),
    )


def search_faces_by_image(
    call: Call, request: shapes.SearchFacesByImageRequest
) -> shapes.SearchFacesByImageResponse:
    """By the largest face of a picture."""
    query = _query(call, request.collection_id, request.face_match_threshold, request.max_faces)
    version = _version(query)
    probes = _probes(call, query, request.image, request.quality_filter, 1)
    face = search.require_face(probes)
    found = search.search_faces_by_picture(call.platform, query, probes)
    return shapes.SearchFacesByImageResponse(
        searched_face_bounding_box=bounding_box(face.box),
        searched_face_confidence=percent(face.confidence),
        face_matches=_face_matches(found.matches[0], version),
        face_model_version=version,
        reknown_statistics=_statistics(query, found.searched),
    )


def search_all_faces_by_image(
    call: Call, request: shapes.ReknownSearchAllFacesByImageRequest
) -> shapes.ReknownSearchAllFacesByImageResponse:
    """By every face of a picture in one call: an extension."""
    query = _query(call, request.collection_id, request.face_match_threshold, request.max_faces)
    version = _version(query)
    probes = _probes(call, query, request.image, request.quality_filter, LARGEST)
    found = search.search_faces_by_picture(call.platform, query, probes)
    return shapes.ReknownSearchAllFacesByImageResponse(
        searched_faces=tuple(
            shapes.ReknownSearchedFace(
                face_detail=face_detail(face), face_matches=_face_matches(matches, version)
            )
            for (face, _), matches in zip(probes.faces.fit, found.matches, strict=True)
        ),
        unsearched_faces=tuple(_refused(probes.faces)),
        face_model_version=version,
        reknown_statistics=_statistics(query, found.searched),
    )


def search_users(call: Call, request: shapes.SearchUsersRequest) -> shapes.SearchUsersResponse:
    """By a stored face or by a user, which is not among its own matches."""
    query = _query(
        call,
        request.collection_id,
        request.user_match_threshold,
        request.max_users or _DEFAULT_USERS,
    )
    if (request.user_id is None) == (request.face_id is None):
        raise InputError("SearchUsers needs either UserId or FaceId, and not both")
    version = _version(query)
    if request.user_id is not None:
        found = search.search_users_by_user(call.platform, query, request.user_id)
        return shapes.SearchUsersResponse(
            searched_user=shapes.SearchedUser(user_id=request.user_id),
            user_matches=_user_matches(found),
            face_model_version=version,
            reknown_statistics=_statistics(query, found.searched),
        )
    found = search.search_users_by_face(call.platform, query, request.face_id or "")
    return shapes.SearchUsersResponse(
        searched_face=shapes.SearchedFace(face_id=request.face_id),
        user_matches=_user_matches(found),
        face_model_version=version,
        reknown_statistics=_statistics(query, found.searched),
    )


def search_users_by_image(
    call: Call, request: shapes.SearchUsersByImageRequest
) -> shapes.SearchUsersByImageResponse:
    """By the largest face of a picture; a picture without faces resembles nobody."""
    query = _query(
        call,
        request.collection_id,
        request.user_match_threshold,
        request.max_users or _DEFAULT_USERS,
    )
    version = _version(query)
    probes = _probes(call, query, request.image, request.quality_filter, 1)
    faces = probes.faces
    found = search.search_users_by_picture(call.platform, query, probes)
    return shapes.SearchUsersByImageResponse(
        searched_face=_searched(faces.fit[0][0]) if faces.fit else None,
        unsearched_faces=(*_refused(faces), *_smaller(faces)),
        user_matches=_user_matches(found),
        face_model_version=version,
        reknown_statistics=_statistics(query, found.searched),
    )


def _query(call: Call, collection: str, similarity: float | None, limit: int | None) -> Query:
    threshold = DEFAULT_SIMILARITY if similarity is None else similarity
    engine = call.platform.engine_of(collection)
    return search.Query(engine, collection, threshold, limit or _DEFAULT_FACES, call.actor)


def _version(query: Query) -> str:
    return model_version(query.engine.space)


def _probes(
    call: Call,
    query: Query,
    image: shapes.Image,
    quality: shapes.QualityFilter | None,
    limit: int,
) -> Probes:
    bar = QUALITY_FILTERS[quality or "NONE"]
    return search.read_probes(query, read_picture(call, image), bar, LARGEST, limit)


def _face_matches(matches: Iterable[FaceMatch], version: str) -> tuple[shapes.FaceMatch, ...]:
    return tuple(
        shapes.FaceMatch(
            similarity=match.comparison.similarity,
            face=stored_face(match.face, version),
            reknown_false_match_rate=match.comparison.false_match_rate,
        )
        for match in matches
    )


def _user_matches(found: UserSearch) -> tuple[shapes.UserMatch, ...]:
    # whoever can be found has faces, and that is what ACTIVE means
    return tuple(
        shapes.UserMatch(
            similarity=match.comparison.similarity,
            user=shapes.MatchedUser(user_id=match.user, user_status="ACTIVE"),
            reknown_false_match_rate=match.comparison.false_match_rate,
        )
        for match in found.matches
    )


def _searched(face: DetectedFace) -> shapes.SearchedFaceDetails:
    return shapes.SearchedFaceDetails(face_detail=face_detail(face))


def _refused(faces: Extraction) -> Iterator[shapes.UnsearchedFace]:
    for face, objections in faces.refused:
        yield shapes.UnsearchedFace(
            face_details=face_detail(face),
            reasons=reasons(objections),
            reknown_refusals=refusals(objections),
        )


def _smaller(faces: Extraction) -> Iterator[shapes.UnsearchedFace]:
    for face in faces.surplus:
        yield shapes.UnsearchedFace(face_details=face_detail(face), reasons=("FACE_NOT_LARGEST",))


def _statistics(query: Query, searched: Searched) -> shapes.ReknownStatistics:
    return shapes.ReknownStatistics(
        threshold=query.similarity,
        false_match_rate=searched.threshold.false_match_rate,
        gallery_size=searched.gallery_size,
        references=searched.references,
        expected_false_candidates=searched.expected_false_candidates,
        caution=searched.caution,
    )
