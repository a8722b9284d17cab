from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from contexts import events, faces
from reknown.biometrics.among import Among
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.templates import pick_templates
from reknown.gallery.users import move_faces
from reknown.ledger.records import AmongRecord, IdentifyRecord, ManyFacesRecord, ProbeRecord
from reknown.services.searches.images import identify
from reknown.services.searches.search import (
    Probes,
    Query,
    Unit,
    conclude,
    look_up,
    open_search,
)
from reknown.services.searches.stored import search_by_face, search_by_user
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.biometrics.records import FaceRecord
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult

EVERYTHING = ThresholdChoice(score=-1.0)


@pytest.fixture(autouse=True)
def stored(
    enrol: Callable[..., EnrolmentResult], context: Context, eileen: bytes, grace: bytes
) -> dict[str, FaceRecord]:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace", "2.jpg")
    return {face.user or "": face for face in faces(context)}


def query(among: Among, unit: Unit = Unit.SUBJECTS) -> Query:
    return Query("people", EVERYTHING, 10, unit, among)


def record(context: Context) -> IdentifyRecord:
    found = events(context)[-1].record
    assert isinstance(found, IdentifyRecord)
    return found


def test_only_these_users_are_searched_and_counted(
    context: Context, stored: dict[str, FaceRecord], eileen: bytes
) -> None:
    found = identify(context, query(Among(users=["Grace"])), eileen).found
    assert [[c.user for c in row] for row in found.rows] == [["Grace"]]
    assert (found.searched.gallery_size, found.searched.references) == (1, 1)
    written = record(context)
    assert (written.gallery_size, written.references) == (1, 1)
    subject_id = stored["Grace"].subject_id
    assert subject_id is not None
    assert written.among == AmongRecord((subject_id,))
    assert "Grace" not in str(written)


def test_expected_false_candidates_are_those_of_what_is_left(context: Context) -> None:
    choice = ThresholdChoice(similarity=80)
    whole = open_search(context, Query("people", choice))
    part = open_search(context, Query("people", choice, among=Among(users=["Grace"])))
    assert whole.expected_false_candidates
    assert part.expected_false_candidates == whole.expected_false_candidates / 2


def test_only_these_faces_are_searched(
    context: Context, stored: dict[str, FaceRecord], eileen: bytes
) -> None:
    face_id = stored["Grace"].face_id
    found = identify(context, query(Among(face_ids=[face_id, face_id])), eileen).found
    assert [[c.face_id for c in row] for row in found.rows] == [[face_id]]
    digest = sha256(f"{face_id}\n".encode()).hexdigest()
    assert record(context).among == AmongRecord(faces=ManyFacesRecord(1, face_id, face_id, digest))


def test_only_what_was_enrolled_in_that_time_is_searched(
    context: Context, stored: dict[str, FaceRecord], eileen: bytes
) -> None:
    later = stored["Grace"].created_at
    for among, users in (
        (Among(since=later), ["Grace"]),
        (Among(until=later), ["Eileen"]),
        (Among(until=later, users=["Grace"]), []),
        (Among(since=datetime.now(UTC) + timedelta(days=1)), []),
    ):
        found = identify(context, query(among), eileen).found
        assert [c.user for c in found.rows[0]] == users
        assert found.searched.gallery_size == len(users)
    assert record(context).among == AmongRecord(enrolled_since=among.since)


def test_stored_faces_and_users_search_among_others_too(
    context: Context, stored: dict[str, FaceRecord]
) -> None:
    among = Among(users=["Grace"])
    by_face = search_by_face(context, query(among, Unit.REFERENCES), stored["Eileen"].face_id)
    by_user = search_by_user(context, query(among, Unit.USERS), "Eileen")
    itself = search_by_user(context, query(among, Unit.USERS), "Grace")
    assert [[c.user for c in found.rows[0]] for found in (by_face, by_user, itself)] == [
        ["Grace"],
        ["Grace"],
        [],
    ]


def test_who_gets_a_face_while_it_is_searched_is_not_shown_unless_asked_for(
    context: Context, stored: dict[str, FaceRecord]
) -> None:
    with reading(context.database) as connection:
        own = pick_templates(connection, "people", [stored["Eileen"].face_id])
    probes = Probes(ProbeRecord("face", face_id=stored["Eileen"].face_id), own.space, own.vectors)
    scores = look_up(context.platform, query(Among(users=["Grace"])), probes)
    with context.database.begin() as connection:
        move_faces(connection, "people", [stored["Grace"].face_id], "Mary")
        assert conclude(connection, context.actor, scores).rows == ((),)


def test_nothing_is_searched_or_recorded_where_somebody_is_not_there(
    context: Context, eileen: bytes
) -> None:
    before = len(events(context))
    with pytest.raises(NotFoundError, match="'Mallory' does not exist"):
        identify(context, query(Among(users=["Grace", "Mallory"])), eileen)
    with pytest.raises(InputError, match="1 of 1 face ids are not in 'people'"):
        identify(context, query(Among(face_ids=["0" * 36])), eileen)
    assert len(events(context)) == before
