from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from contexts import events, faces, user_names
from reknown.biometrics.errors import (
    AlreadyExistsError,
    NotFoundError,
    QuotaError,
    TokenMismatchError,
)
from reknown.biometrics.records import KnownGender, Profile
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery import users as stored_users
from reknown.ledger.records import (
    AssociateFacesRecord,
    CreateUserRecord,
    DeleteUserRecord,
    DescribeUserRecord,
    DisassociateFacesRecord,
    ListUsersRecord,
    ReadUserRecord,
)
from reknown.ledger.requests import keep_answer
from reknown.ledger.schema import tokens
from reknown.services.context import RequestToken
from reknown.services.galleries import users
from reknown.services.galleries.enrolment import GroupImage, enrol_group, enrol_subjects
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import RefusalReason, RefusedFace, UserRequest
from reknown.storage.database import reading

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.biometrics.records import UserRecord
    from reknown.services.context import Context

EILEEN, GRACE = "Eileen Collins", "Grace Hopper"
ANY = ThresholdChoice(score=-1.0)


@pytest.fixture
def enrolled(context: Context, collection: str, people: Path) -> str:
    """The collection with both people."""
    results = list(enrol_subjects(context, collection, read_plan(people)))
    assert all(result.face for result in results)
    return collection


@pytest.fixture
def loose(context: Context, enrolled: str, eileen: bytes, grace: bytes) -> tuple[str, str]:
    """Two faces without users: Eileen's and Grace's, under an external id."""
    for data in (eileen, grace):
        enrol_group(context, enrolled, GroupImage(data, external_id="loose"))
    first, second = (face.face_id for face in faces(context) if face.user is None)
    return first, second


def user(context: Context, name: str) -> UserRecord:
    found = users.list_users(context, "people", PageRequest()).items
    return next(record for record in found if record.name == name)


def test_deleting_a_user_removes_its_faces_and_nobody_elses(
    context: Context, enrolled: str
) -> None:
    (mine,) = faces(context, user=EILEEN)
    subject_id = user(context, EILEEN).subject_id
    gone = users.delete_user(context, UserRequest(enrolled, EILEEN), keep_faces=False)
    assert gone == 1
    assert [face.user for face in faces(context)] == [GRACE]
    assert user_names(context) == [GRACE]
    assert events(context)[-1].record == DeleteUserRecord(subject_id, (mine.face_id,))


def test_a_user_may_be_deleted_without_its_faces(context: Context, enrolled: str) -> None:
    subject_id = user(context, EILEEN).subject_id
    assert users.delete_user(context, UserRequest(enrolled, EILEEN), keep_faces=True) == 0
    assert [face.user for face in faces(context)] == [None, GRACE]
    assert events(context)[-1].record == DeleteUserRecord(subject_id)


def test_a_user_whose_deletion_fails_keeps_its_faces(
    context: Context, enrolled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("stopped")

    monkeypatch.setattr(stored_users, "delete_user", fail)
    with pytest.raises(RuntimeError, match="stopped"):
        users.delete_user(context, UserRequest(enrolled, GRACE), keep_faces=False)
    assert len(faces(context)) == 2


def test_making_and_listing_users_is_on_the_record(context: Context, collection: str) -> None:
    users.create_user(context, UserRequest(collection, "Ada"))
    made = user(context, "Ada")
    created, listed = events(context)[-2:]
    assert created.record == CreateUserRecord(made.subject_id)
    assert listed.record == ListUsersRecord(1)
    with pytest.raises(AlreadyExistsError):
        users.create_user(context, UserRequest(collection, "Ada"))


def test_a_request_that_comes_again_is_answered_and_not_done_again(
    context: Context, collection: str
) -> None:
    request = UserRequest(collection, "Ada", RequestToken("once", "digest"))
    users.create_user(context, request)
    users.create_user(context, request)
    told = [event.record for event in events(context, "create user")]
    assert [isinstance(r, CreateUserRecord) and r.repeated for r in told] == [False, True]
    assert user_names(context) == ["Ada"]
    other = UserRequest(collection, "Bob", RequestToken("once", "other digest"))
    with pytest.raises(TokenMismatchError):
        users.create_user(context, other)


def test_faces_are_given_to_whom_they_resemble(
    context: Context, enrolled: str, loose: tuple[str, str]
) -> None:
    request = UserRequest(enrolled, EILEEN, RequestToken("give", "them"))
    missing = "00000000-0000-4000-8000-000000000000"
    done = users.associate_faces(context, request, [*loose, missing], ThresholdChoice(80))
    assert (done.changed, done.left) == (loose[:1], 2)
    assert done.refused[0] == RefusedFace(missing, RefusalReason.NOT_FOUND)
    unlike = done.refused[1]
    assert (unlike.face_id, unlike.refusal) == (loose[1], RefusalReason.UNLIKE)
    record = events(context)[-1].record
    assert isinstance(record, AssociateFacesRecord)
    assert record.subject_id == user(context, EILEEN).subject_id
    assert (record.faces, record.refused) == (loose[:1], (missing, loose[1]))
    assert record.threshold.similarity == 80
    # the very answer, refusals and all
    assert users.associate_faces(context, request, [*loose, missing], ThresholdChoice(80)) == done


def test_faces_of_another_user_are_left_to_it(
    context: Context, enrolled: str, loose: tuple[str, str]
) -> None:
    users.associate_faces(context, UserRequest(enrolled, GRACE), loose, ANY)
    done = users.associate_faces(context, UserRequest(enrolled, EILEEN), loose, ANY)
    assert done.changed == ()
    expected = [RefusedFace(face, RefusalReason.OTHER_USER, GRACE) for face in loose]
    assert list(done.refused) == expected


def test_an_answer_that_is_kept_names_nobody(
    context: Context, enrolled: str, loose: tuple[str, str]
) -> None:
    users.associate_faces(context, UserRequest(enrolled, GRACE), loose, ANY)
    request = UserRequest(enrolled, EILEEN, RequestToken("once", "digest"))
    done = users.associate_faces(context, request, loose, ANY)
    assert done.refused[0].user == GRACE
    with reading(context.database) as connection:
        (kept,) = connection.execute(select(tokens.c.answer)).scalars()
    assert GRACE not in kept
    assert loose[0] in kept
    assert users.associate_faces(context, request, loose, ANY) == done
    users.delete_user(context, UserRequest(enrolled, GRACE), keep_faces=True)
    assert users.associate_faces(context, request, loose, ANY).refused[0].user is None


def test_a_user_has_so_many_faces_and_no_more(
    context: Context, enrolled: str, loose: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MAX_FACES_OF_USER", 2)
    with pytest.raises(QuotaError, match="has 1 and would get 2"):
        users.associate_faces(context, UserRequest(enrolled, GRACE), loose, ANY)


def test_faces_are_taken_from_a_user(context: Context, enrolled: str) -> None:
    (mine,) = faces(context, user=EILEEN)
    (others,) = faces(context, user=GRACE)
    ids = [mine.face_id, others.face_id]
    done = users.disassociate_faces(context, UserRequest(enrolled, EILEEN), ids)
    assert (done.changed, done.left) == ((mine.face_id,), 0)
    assert done.refused == (RefusedFace(others.face_id, RefusalReason.OTHER_USER, GRACE),)
    subject_id = user(context, EILEEN).subject_id
    record = DisassociateFacesRecord(subject_id, (mine.face_id,), (others.face_id,))
    assert events(context)[-2].record == record


def test_nobody_is_not_found(context: Context, collection: str) -> None:
    before, nobody = len(events(context)), UserRequest(collection, "nobody")
    with pytest.raises(NotFoundError):
        users.delete_user(context, nobody, keep_faces=False)
    with pytest.raises(NotFoundError):
        users.associate_faces(context, nobody, [], ANY)
    with pytest.raises(NotFoundError):
        users.disassociate_faces(context, nobody, [])
    assert len(events(context)) == before


FACE_ID = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("create user", "{}"),
        (
            "disassociate faces",
            f'{{"faces": [], "refused": [["{FACE_ID}", "not found", null, null]], "left": 2}}',
        ),
    ],
)
def test_a_request_that_the_previous_release_answered_gets_its_answer_again(
    context: Context, collection: str, operation: str, answer: str
) -> None:
    token = RequestToken("once", "digest")
    request = UserRequest(collection, "Ada", token)
    with context.database.begin() as connection:
        keep_answer(connection, context.actor, operation, token, answer)
    if operation == "create user":
        users.create_user(context, request)
        assert events(context)[-1].record == CreateUserRecord(None, repeated=True)
    else:
        done = users.disassociate_faces(context, request, [FACE_ID])
        assert (done.changed, done.left) == ((), 2)
        assert done.refused == (RefusedFace(FACE_ID, RefusalReason.NOT_FOUND),)
    assert user_names(context) == []


def test_what_is_told_of_a_user_is_on_the_record_without_saying_what(
    context: Context, enrolled: str
) -> None:
    profile = Profile(("example.org/eileen", "example.org/collins"), KnownGender.FEMALE)
    told = users.describe_user(context, enrolled, EILEEN, profile)
    assert told.profile == user(context, EILEEN).profile == profile
    assert users.read_user(context, enrolled, told.subject_id) == told
    described, _, read = [event.record for event in events(context)[-3:]]
    assert described == DescribeUserRecord(told.subject_id, 2)
    assert read == ReadUserRecord(told.subject_id)
    assert users.profiles_of(context, [told.subject_id]) == {told.subject_id: profile}
    count = len(events(context))
    with pytest.raises(NotFoundError):
        users.describe_user(context, enrolled, "nobody", profile)
    with pytest.raises(NotFoundError):
        users.read_user(context, "empty", told.subject_id)
    assert len(events(context)) == count
