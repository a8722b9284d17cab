"""Who of a collection resembles a probe? Answered with candidates, never with a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import InputError, NoFaceError
from reknown.gallery import faces as references
from reknown.gallery.collections import get_space
from reknown.gallery.search import search_references, search_subjects
from reknown.gallery.templates import pick_templates, templates_of_user
from reknown.gallery.users import get_user
from reknown.ledger import events
from reknown.services.decision import caution, threshold_at_similarity
from reknown.services.extraction import extract
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.records import FaceRecord
    from reknown.gallery.search import SubjectScore
    from reknown.gallery.templates import GalleryTemplates
    from reknown.ledger.actor import Actor
    from reknown.services.decision import Threshold
    from reknown.services.extraction import Extraction
    from reknown.services.platform import Platform
    from reknown.services.quality_filter import QualityFilter
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage


@dataclass(frozen=True, slots=True)
class Query:
    """A search of `collection`: at most `limit` candidates from `similarity` (0 to 100) on.

    `engine` is the one that the collection was made with.
    """

    engine: Engine
    collection: str
    similarity: float
    limit: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """A reference that reaches the threshold."""

    comparison: Comparison
    face: FaceRecord


@dataclass(frozen=True, slots=True)
class UserMatch:
    """A subject whose best reference reaches the threshold."""

    comparison: Comparison
    user: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched: `gallery_size` faces or users with `references` faces in all."""

    threshold: Threshold
    gallery_size: int
    references: int

    @property
    def expected_false_candidates(self) -> float | None:
        """How many of the references a stranger is expected to reach by chance."""
        return self.threshold.expected_false_candidates(self.references)

    @property
    def caution(self) -> str | None:
        """What to know before relying on a candidate; None where few false ones are expected."""
        return caution(self.expected_false_candidates)


@dataclass(frozen=True, slots=True)
class FaceSearch:
    """The matches of each probe, best first."""

    searched: Searched
    matches: tuple[tuple[FaceMatch, ...], ...]


@dataclass(frozen=True, slots=True)
class UserSearch:
    """The users that the probe resembles, best first."""

    searched: Searched
    matches: tuple[UserMatch, ...]


@dataclass(frozen=True, slots=True)
class Probes:
    """What was extracted from a picture to search with; `image_sha256` is of its bytes."""

    image_sha256: str
    faces: Extraction


def read_probes(
    query: Query, image: DecodedImage, quality: QualityFilter, largest: int, limit: int
) -> Probes:
    """The first `limit` of the `largest` faces of a picture that the filter lets through."""
    found = query.engine.detect(image)[:largest]
    return Probes(image.sha256, extract(query.engine, image, found, quality, limit))


def search_faces_by_picture(platform: Platform, query: Query, probes: Probes) -> FaceSearch:
    """The references that resemble each fit face of the picture.

    Raises `NotFoundError` for the collection, `UncalibratedError`.
    """
    return _search_faces(platform, query, _vectors(query, probes), {"image": probes.image_sha256})


def search_users_by_picture(platform: Platform, query: Query, probes: Probes) -> UserSearch:
    """The users that the fit faces of a picture resemble, none if there is no such face.

    Raises `NotFoundError` for the collection, `UncalibratedError`.
    """
    return _search_users(platform, query, _vectors(query, probes), {"image": probes.image_sha256})


def search_faces_by_face(platform: Platform, query: Query, face_id: str) -> FaceSearch:
    """The references that resemble a stored one, without itself.

    Raises `NotFoundError` for the collection, `InputError` for an unknown face.
    """
    vectors = _stored_face(platform, query, face_id)
    return _search_faces(platform, query, vectors, {"face": face_id}, without=face_id)


def search_users_by_face(platform: Platform, query: Query, face_id: str) -> UserSearch:
    """The users that a stored reference resembles.

    Raises `NotFoundError` for the collection, `InputError` for an unknown face.
    """
    vectors = _stored_face(platform, query, face_id)
    return _search_users(platform, query, vectors, {"face": face_id})


def search_users_by_user(platform: Platform, query: Query, user: str) -> UserSearch:
    """The other users that any reference of this one resembles.

    Raises `NotFoundError` for the collection or the user.
    """
    with reading(platform.database) as connection:
        get_user(connection, query.collection, user)
        own = templates_of_user(connection, query.collection, user)
    query.engine.space.require(own.space)
    return _search_users(platform, query, own.vectors, {"user": user}, without=user)


def require_face(probes: Probes) -> DetectedFace:
    """The largest face of the picture that the filter lets through; raises `NoFaceError`."""
    fit, refused = probes.faces.fit, probes.faces.refused
    if fit:
        return fit[0][0]
    if not refused:
        raise NoFaceError("There are no faces in the image. Should be at least 1.")
    reasons = "; ".join(str(objection) for objection in refused[0][1])
    raise NoFaceError(
        f"None of the {len(refused)} faces in the image passes the quality filter. "
        f"The largest is {reasons}."
    )


def _vectors(query: Query, probes: Probes) -> NDArray[np.float32]:
    vectors = [template.vector for _, template in probes.faces.fit]
    return np.array(vectors, np.float32).reshape(len(vectors), query.engine.space.dimension)


def _stored_face(platform: Platform, query: Query, face_id: str) -> NDArray[np.float32]:
    with reading(platform.database) as connection:
        found = pick_templates(connection, query.collection, [face_id])
    query.engine.space.require(found.space)
    if not len(found.vectors):
        raise InputError(f"faceId was not found in the collection: {face_id}")
    return found.vectors


def _opened(platform: Platform, query: Query) -> tuple[Threshold, GalleryTemplates]:
    threshold = threshold_at_similarity(query.engine.calibration, query.similarity)
    templates = platform.templates_of(query.collection)
    # the collection may have been switched or made anew since the probe was read
    query.engine.space.require(templates.space)
    return threshold, templates


def _search_faces(
    platform: Platform,
    query: Query,
    vectors: NDArray[np.float32],
    probe: dict[str, Any],
    without: str | None = None,
) -> FaceSearch:
    threshold, templates = _opened(platform, query)
    limit = query.limit + (without is not None)
    rows = search_references(templates, vectors, threshold.score, limit)
    rows = [[hit for hit in row if hit.face_id != without][: query.limit] for row in rows]
    count = len(templates.face_ids)
    detail = _detail(query, count) | probe | {"faces": [[hit.face_id for hit in r] for r in rows]}
    with platform.database.begin() as connection:
        ids = {hit.face_id for row in rows for hit in row}
        records = references.find_faces(connection, query.collection, ids)
        # asked last: boxes and similarities are of one space then
        query.engine.space.require(get_space(connection, query.collection))
        events.append(connection, query.actor, "identify", query.collection, detail)
    matches = tuple(_face_matches(row, records, threshold) for row in rows)
    return FaceSearch(Searched(threshold, count, count), matches)


def _face_matches(
    row: Iterable[SubjectScore], records: Mapping[str, FaceRecord], threshold: Threshold
) -> tuple[FaceMatch, ...]:
    # what has been deleted since the search began is no longer there
    return tuple(
        FaceMatch(threshold.judge(hit.score), records[hit.face_id])
        for hit in row
        if hit.face_id in records
    )


def _search_users(
    platform: Platform,
    query: Query,
    vectors: NDArray[np.float32],
    probe: dict[str, Any],
    without: str | None = None,
) -> UserSearch:
    threshold, templates = _opened(platform, query)
    limit = query.limit + (without is not None)
    rows = search_subjects(templates, vectors, threshold.score, limit, users_only=True)
    best: dict[str, float] = {}
    for hit in (hit for row in rows for hit in row):
        if hit.user is not None and hit.user != without:
            best[hit.user] = max(hit.score, best.get(hit.user, hit.score))
    found = sorted(best, key=lambda user: -best[user])[: query.limit]
    searched = Searched(threshold, *templates.owned)
    detail = _detail(query, searched.references) | probe | {"users": found}
    events.record(platform.database, query.actor, "identify", query.collection, detail)
    matches = tuple(UserMatch(threshold.judge(best[user]), user) for user in found)
    return UserSearch(searched, matches)


def _detail(query: Query, references_searched: int) -> dict[str, Any]:
    return {"threshold": query.similarity, "references": references_searched}
