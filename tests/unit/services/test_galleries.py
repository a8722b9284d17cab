from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import AlreadyExistsError, NotFoundError, SpaceMismatchError
from reknown.gallery import users
from reknown.ledger.actor import Actor
from reknown.services import galleries
from reknown.services.enrolment import enrol_all
from reknown.services.enrolment_plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


@pytest.fixture
def enrolled(engine: Engine, database: Database, collection: str, people: Path) -> str:
    """The collection with both people."""
    results = list(
        enrol_all(engine, database, collection, read_plan(people), actor=Actor("tester"))
    )
    assert all(result.face for result in results)
    return collection


def _last(database: Database) -> tuple[str, str, str | None, dict[str, object]]:
    *_, event = galleries.list_events(database)
    return (event.actor, event.operation, event.collection, dict(event.detail))


def _count(database: Database) -> int:
    return len(list(galleries.list_events(database)))


def test_making_a_collection_leaves_an_event(database: Database, engine: Engine) -> None:
    made = galleries.create_collection(database, "friends", engine.space, {"a": "b"}, Actor("ann"))
    space = engine.space
    detail = {"space": space.fingerprint, "pack": space.pack, "tags": {"a": "b"}}
    assert _last(database) == ("ann", "create collection", "friends", detail)
    assert list(galleries.list_collections(database)) == [made]


def test_tagging_leaves_an_event(database: Database, collection: str) -> None:
    galleries.change_tags(database, collection, {"a": "1", "b": "2"}, [], Actor("ann"))
    changed = galleries.change_tags(database, collection, {"a": "3"}, ["b"], Actor("ann"))
    assert changed.tags == {"a": "3"}
    detail = {"set": {"a": "3"}, "removed": ["b"]}
    assert _last(database) == ("ann", "tag collection", collection, detail)


def test_deleting_a_collection_leaves_an_event(database: Database, enrolled: str) -> None:
    galleries.delete_collection(database, enrolled, Actor("ann"))
    assert _last(database) == ("ann", "delete collection", enrolled, {})
    assert list(galleries.list_collections(database)) == []
    with pytest.raises(NotFoundError):
        galleries.get_collection(database, enrolled)


def test_deleting_a_user_removes_its_faces_and_nobody_elses(
    database: Database, enrolled: str
) -> None:
    (mine,) = galleries.list_faces(database, enrolled, "Eileen Collins")
    gone = galleries.delete_user(
        database, enrolled, "Eileen Collins", keep_faces=False, actor=Actor("ann")
    )
    assert gone == 1
    assert [face.user for face in galleries.list_faces(database, enrolled)] == ["Grace Hopper"]
    assert [user.name for user in galleries.list_users(database, enrolled)] == ["Grace Hopper"]
    detail = {"user": "Eileen Collins", "faces": [mine.face_id]}
    assert _last(database) == ("ann", "delete user", enrolled, detail)


def test_a_user_may_be_deleted_without_its_faces(database: Database, enrolled: str) -> None:
    gone = galleries.delete_user(
        database, enrolled, "Eileen Collins", keep_faces=True, actor=Actor("ann")
    )
    assert gone == 0
    assert [face.user for face in galleries.list_faces(database, enrolled)] == [
        None,
        "Grace Hopper",
    ]
    assert _last(database)[3] == {"user": "Eileen Collins", "faces": []}


def test_deleting_faces_leaves_an_event_of_those_that_were_there(
    database: Database, enrolled: str
) -> None:
    face, _ = galleries.list_faces(database, enrolled)
    gone = galleries.delete_faces(database, enrolled, [face.face_id, "no such face"], Actor("ann"))
    assert gone == {face.face_id}
    assert _last(database) == ("ann", "delete faces", enrolled, {"faces": [face.face_id]})


def test_what_fails_leaves_no_event(database: Database, collection: str, engine: Engine) -> None:
    before = _count(database)
    with pytest.raises(AlreadyExistsError):
        galleries.create_collection(database, collection, engine.space, {}, Actor("ann"))
    with pytest.raises(NotFoundError):
        galleries.delete_collection(database, "nobody", Actor("ann"))
    with pytest.raises(NotFoundError):
        galleries.change_tags(database, "nobody", {"a": "b"}, [], Actor("ann"))
    with pytest.raises(NotFoundError):
        galleries.delete_user(database, collection, "nobody", keep_faces=False, actor=Actor("ann"))
    with pytest.raises(NotFoundError):
        galleries.delete_faces(database, "nobody", ["x"], Actor("ann"))
    assert _count(database) == before


def test_a_user_whose_deletion_fails_keeps_its_faces(
    database: Database, enrolled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("stopped")

    monkeypatch.setattr(users, "delete_user", fail)
    with pytest.raises(RuntimeError, match="stopped"):
        galleries.delete_user(
            database, enrolled, "Grace Hopper", keep_faces=False, actor=Actor("ann")
        )
    assert len(list(galleries.list_faces(database, enrolled))) == 2


def test_a_collection_is_made_once_and_then_found(database: Database, engine: Engine) -> None:
    galleries.ensure_collection(database, "friends", engine.space, Actor("ann"))
    galleries.ensure_collection(database, "friends", engine.space, Actor("ann"))
    assert _count(database) == 1


def test_a_collection_of_another_space_is_not_taken_for_ones_own(
    database: Database, collection: str, engine: Engine
) -> None:
    other = replace(engine.space, pack="other", fingerprint="cd" * 32)
    with pytest.raises(SpaceMismatchError):
        galleries.ensure_collection(database, collection, other, Actor("ann"))


def test_the_ledger_outlives_what_it_tells_of(database: Database, enrolled: str) -> None:
    galleries.delete_collection(database, enrolled, Actor("ann"))
    operations = [event.operation for event in galleries.list_events(database, enrolled)]
    assert operations == ["create collection", "enrol", "enrol", "delete collection"]
