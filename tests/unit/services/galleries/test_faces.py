from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexts import events
from contexts import faces as stored
from reknown.biometrics.errors import NotFoundError
from reknown.ledger.records import DeleteFacesRecord, ListFacesRecord
from reknown.services.galleries import faces
from reknown.services.galleries.enrolment import GroupImage, enrol_group
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import RefusalReason, RefusedFace

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.vision.analyze import Engine

MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ids(
    context: Context,
    collection: str,
    enrol: Callable[..., EnrolmentResult],
    eileen: bytes,
    grace: bytes,
) -> list[str]:
    """Eileen's face, and Grace's without a user."""
    enrol(eileen)
    enrol_group(context, collection, GroupImage(grace))
    return [face.face_id for face in stored(context)]


def test_faces_are_listed_with_their_space_and_on_the_record(
    context: Context, collection: str, ids: list[str], engine: Engine
) -> None:
    space, page = faces.list_faces(context, collection, PageRequest(limit=1))
    assert (space, [face.face_id for face in page.items]) == (engine.space, ids[:1])
    _, rest = faces.list_faces(context, collection, PageRequest(page.next))
    assert [face.face_id for face in rest.items] == ids[1:]
    assert events(context)[-1].record == ListFacesRecord(1)


def test_those_of_one_user_or_with_some_ids_may_be_chosen(
    context: Context, collection: str, ids: list[str]
) -> None:
    _, own = faces.list_faces(context, collection, PageRequest(), user="Eileen Collins")
    _, one = faces.list_faces(context, collection, PageRequest(), face_ids=[ids[1], MISSING])
    assert [face.face_id for face in own.items] == ids[:1]
    assert [face.face_id for face in one.items] == ids[1:]


def test_faces_of_users_are_deleted_only_if_that_is_meant(
    context: Context, collection: str, ids: list[str]
) -> None:
    done = faces.delete_faces(context, collection, [*ids, MISSING], of_users=False)
    assert done.deleted == (ids[1],)
    assert done.refused == (
        RefusedFace(ids[0], RefusalReason.HAS_USER, "Eileen Collins"),
        RefusedFace(MISSING, RefusalReason.NOT_FOUND),
    )
    assert events(context)[-1].record == DeleteFacesRecord((ids[1],))
    assert faces.delete_faces(context, collection, ids, of_users=True).deleted == (ids[0],)
    assert stored(context) == []


def test_in_a_collection_that_is_not_there_nothing_is_deleted(context: Context) -> None:
    with pytest.raises(NotFoundError):
        faces.delete_faces(context, "nobody", [MISSING], of_users=True)
    assert events(context) == []
