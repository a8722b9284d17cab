"""Searches with what a collection holds: one of its faces, or all of a user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.gallery.faces import find_faces
from reknown.gallery.templates import pick_templates, templates_of_user
from reknown.gallery.users import get_user, key_of_user
from reknown.ledger.records import ProbeRecord
from reknown.services.policies.permits import admitted, recorded_refusals, require_lasting
from reknown.services.searches.search import Probes, Unit, compare, settle
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.searches.search import Found, Query


def search_by_face(context: Context, query: Query, face_id: str) -> Found:
    """Candidates for a stored face, itself excepted.

    Raises `NotFoundError` for the collection, `PolicyError`, `InputError` for an unknown face, and
    as `look_up`.
    """
    admitted(context, query.collection)
    with (
        recorded_refusals(context.database, context.actor),
        reading(context.database) as connection,
    ):
        own = pick_templates(connection, query.collection, [face_id])
        if not len(own.vectors):
            raise InputError(f"faceId was not found in the collection: {face_id}")
        face = find_faces(connection, query.collection, [face_id])[face_id]
        if face.subject_id is not None:
            require_lasting(connection, query.collection, face.subject_id)
        # a face resembles its own user, but is not a candidate for itself
        own_face = own.keys[0] if query.unit is Unit.REFERENCES else None
        record = ProbeRecord("face", face_id=face_id)
        probes = Probes(record, own.space, own.vectors, own_face=own_face)
        scores = compare(connection, context.platform, query, probes)
    return settle(context, scores)


def search_by_user(context: Context, query: Query, user: str) -> Found:
    """Candidates that any face of this user resembles, in one list without the user.

    Raises `NotFoundError` for the collection or the user, `PolicyError`, and as `look_up`.
    """
    admitted(context, query.collection)
    with (
        recorded_refusals(context.database, context.actor),
        reading(context.database) as connection,
    ):
        found = get_user(connection, query.collection, user)
        require_lasting(connection, query.collection, found.subject_id)
        own_user = key_of_user(connection, query.collection, user)
        own = templates_of_user(connection, query.collection, user)
        record = ProbeRecord("user", subject_id=found.subject_id)
        probes = Probes(record, own.space, own.vectors, pooled=True, own_user=own_user)
        scores = compare(connection, context.platform, query, probes)
    return settle(context, scores)
