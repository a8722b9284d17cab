from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexts import events, faces
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.ledger.records import IdentifyRecord, ProbeRecord
from reknown.services.searches.search import Query, Unit
from reknown.services.searches.stored import search_by_face, search_by_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult

EVERYTHING = ThresholdChoice(score=-1.0)
REFERENCES = Query("people", EVERYTHING, 10, Unit.REFERENCES)
USERS = Query("people", EVERYTHING, 10, Unit.USERS)


@pytest.fixture(autouse=True)
def ids(
    enrol: Callable[..., EnrolmentResult], context: Context, eileen: bytes, grace: bytes
) -> list[str]:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace", "2.jpg")
    return [face.face_id for face in faces(context)]


def record(context: Context) -> IdentifyRecord:
    found = events(context)[-1].record
    assert isinstance(found, IdentifyRecord)
    return found


def test_a_face_is_no_candidate_for_itself(context: Context, ids: list[str]) -> None:
    found = search_by_face(context, REFERENCES, ids[0])
    assert [[c.face_id for c in row] for row in found.rows] == [ids[1:]]
    assert record(context).probe == ProbeRecord("face", face_id=ids[0])
    assert record(context).searched == "references"


def test_of_users_a_faces_own_is_the_best(context: Context, ids: list[str]) -> None:
    (row,) = search_by_face(context, USERS, ids[0]).rows
    assert [c.user for c in row] == ["Eileen", "Grace"]


def test_a_user_is_no_candidate_for_itself(context: Context, ids: list[str]) -> None:
    (row,) = search_by_user(context, USERS, "Eileen").rows
    assert [c.user for c in row] == ["Grace"]
    own = faces(context, user="Eileen")[0].subject_id
    assert record(context).probe == ProbeRecord("user", subject_id=own)
    assert record(context).candidates[0][0].face_id == ids[1]


def test_all_faces_of_a_user_have_one_list_together(
    context: Context, enrol: Callable[..., EnrolmentResult], eileen: bytes
) -> None:
    from io import BytesIO

    from PIL import Image

    from reknown.cli.demo_images import jpeg

    small = jpeg(Image.open(BytesIO(eileen)).resize((200, 200)))
    enrol(small, "Eileen", "3.jpg")
    found = search_by_user(context, Query("people", EVERYTHING, 1, Unit.USERS), "Eileen")
    assert [len(row) for row in found.rows] == [1]
    single = [
        search_by_face(context, USERS, f.face_id).rows[0] for f in faces(context, user="Eileen")
    ]
    best = max(c.score for row in single for c in row if c.user == "Grace")
    assert found.rows[0][0].score == pytest.approx(best)


def test_who_is_not_there_is_said(context: Context) -> None:
    before = len(events(context))
    with pytest.raises(InputError, match="faceId was not found"):
        search_by_face(context, REFERENCES, "00000000-0000-4000-8000-000000000000")
    with pytest.raises(NotFoundError):
        search_by_user(context, USERS, "nobody")
    assert len(events(context)) == before
