from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from other_engine import OTHER
from reknown.biometrics.errors import DatabaseError, NotFoundError, UpgradeError
from reknown.gallery import switching
from reknown.gallery.templates import load_templates
from reknown.ledger import log
from reknown.ledger.records import (
    DeleteFacesRecord,
    DiscardUpgradeRecord,
    FinishUpgradeRecord,
    SpaceRecord,
    SwitchUpgradeRecord,
    UndoUpgradeRecord,
)
from reknown.services.galleries.faces import delete_faces, list_faces
from reknown.services.galleries.pages import PageRequest
from reknown.services.images.files import files_below
from reknown.services.upgrades.preparation import begin, carry_all, find_upgrade
from reknown.services.upgrades.steps import discard, finish, list_missing, switch, undo
from reknown.storage.database import reading
from unit.services.ledgers import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.ledger.codec import Entry
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


@pytest.fixture
def faces(
    context: Context,
    collection: str,
    enrol: Callable[..., EnrolmentResult],
    eileen: bytes,
    grace: bytes,
    people: Path,
) -> list[str]:
    """Eileen's face, which is prepared, and Grace's, whose image is gone."""
    enrol(eileen)
    enrol(grace, "Grace Hopper", "2.jpg")
    begin(context, collection, OTHER.pack)
    for _ in carry_all(context, collection, OTHER, files_below([people / "Eileen Collins"])):
        pass
    _, page = list_faces(context, collection, PageRequest())
    return [face.face_id for face in page.items]


def deeds(database: Database) -> list[Entry]:
    """What was done to the collection once all was prepared."""
    kinds = (
        DeleteFacesRecord,
        DiscardUpgradeRecord,
        FinishUpgradeRecord,
        SwitchUpgradeRecord,
        UndoUpgradeRecord,
    )
    return [event.record for event in events(database) if isinstance(event.record, kinds)]


def state(database: Database, collection: str) -> tuple[object, ...]:
    with reading(database) as connection:
        found = load_templates(connection, collection)
    return found.space, found.vectors.tolist(), list(found.face_ids), list(found.users)


def test_faces_that_cannot_come_along_are_deleted_only_when_told_to(
    context: Context, database: Database, collection: str, engine: Engine, faces: list[str]
) -> None:
    before = state(database, collection)
    for _ in range(2):
        with pytest.raises(UpgradeError, match="1 face has no template of other"):
            switch(context, collection)
    assert state(database, collection) == before
    assert deeds(database) == []
    done = switch(context, collection, delete_missing=True)
    assert (done.faces, done.deleted) == (1, 1)
    assert state(database, collection)[2:] == (faces[:1], ["Eileen Collins"])
    former, target = SpaceRecord.of(engine.space), SpaceRecord.of(OTHER)
    assert deeds(database) == [
        DeleteFacesRecord(tuple(faces[1:])),
        SwitchUpgradeRecord(former, target, 1, 1),
    ]
    written = events(database)
    assert {(event.actor, event.collection) for event in written} == {("tester", collection)}
    assert "Eileen" not in repr(written)
    assert "Grace" not in repr(written)


def test_back_and_forth_and_the_end(
    context: Context, database: Database, collection: str, engine: Engine, faces: list[str]
) -> None:
    delete_faces(context, collection, faces[1:], of_users=True)
    old = state(database, collection)
    switch(context, collection)
    new = state(database, collection)
    assert new[0] == OTHER
    undo(context, collection)
    assert state(database, collection) == old
    with pytest.raises(UpgradeError, match="not switched to other: switch it first"):
        finish(context, collection)
    switch(context, collection, delete_missing=True)
    with pytest.raises(UpgradeError, match="finish the upgrade to keep"):
        discard(context, collection)
    assert finish(context, collection).present == OTHER
    assert state(database, collection) == new
    assert find_upgrade(context, collection) is None
    spaces = SpaceRecord.of(engine.space), SpaceRecord.of(OTHER)
    assert deeds(database) == [
        DeleteFacesRecord(tuple(faces[1:])),
        SwitchUpgradeRecord(*spaces, 1, 0),
        UndoUpgradeRecord(*spaces, 1, 0),
        SwitchUpgradeRecord(*spaces, 1, 0),
        FinishUpgradeRecord(*spaces),
    ]
    with pytest.raises(UpgradeError, match="begin with --from PEOPLE"):
        undo(context, collection)


def test_what_is_prepared_can_be_thrown_away(
    context: Context, database: Database, collection: str, faces: list[str]
) -> None:
    before = state(database, collection)
    assert discard(context, collection).other == OTHER
    assert state(database, collection) == before
    assert find_upgrade(context, collection) is None
    with pytest.raises(UpgradeError):
        list(list_missing(context, collection))


def test_an_end_that_was_interrupted_goes_on(
    context: Context,
    database: Database,
    collection: str,
    engine: Engine,
    faces: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> int:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(switching, "end_portion", fail)
        with pytest.raises(DatabaseError):
            discard(context, collection)
    found = find_upgrade(context, collection)
    assert found is not None
    assert found.ending
    for step in (switch, undo):
        with pytest.raises(UpgradeError, match="at its end"):
            step(context, collection)
    # either word for the end will do, and it is one event
    finish(context, collection)
    assert find_upgrade(context, collection) is None
    spaces = SpaceRecord.of(engine.space), SpaceRecord.of(OTHER)
    assert deeds(database) == [DiscardUpgradeRecord(*spaces)]


@pytest.mark.parametrize("failing", ["append", "switch"])
def test_a_switch_is_all_or_nothing(
    context: Context,
    database: Database,
    collection: str,
    faces: list[str],
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    module = log if failing == "append" else switching
    original = getattr(module, failing)

    def fail_afterwards(*arguments: object, **options: object) -> None:
        original(*arguments, **options)
        raise DatabaseError("the disk is full")

    before = state(database, collection)
    with monkeypatch.context() as patch:
        patch.setattr(module, failing, fail_afterwards)
        with pytest.raises(DatabaseError, match="disk is full"):
            switch(context, collection, delete_missing=True)
    assert state(database, collection) == before
    assert deeds(database) == []
    assert switch(context, collection, delete_missing=True).faces == 1


def test_an_unknown_collection_is_named(context: Context) -> None:
    for step in (switch, undo, finish, discard):
        with pytest.raises(NotFoundError, match="nowhere"):
            step(context, "nowhere")
