from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reknown.services.picture_files import files_below

from other_engine import OTHER, other_engine
from reknown.biometrics.errors import DatabaseError, NotFoundError, UpgradeError
from reknown.gallery import switching
from reknown.gallery.templates import load_templates
from reknown.ledger import events
from reknown.ledger.actor import Actor
from reknown.services import galleries, upgrade, upgrade_steps
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.enrolment import EnrolmentResult

    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

ACTOR = Actor("tester")


@pytest.fixture
def faces(
    database: Database,
    collection: str,
    engine: Engine,
    enrol: Callable[..., EnrolmentResult],
    eileen: bytes,
    grace: bytes,
    people: Path,
) -> list[str]:
    """Eileen's face, which is prepared, and Grace's, whose picture is gone."""
    enrol(eileen)
    enrol(grace, "Grace Hopper", "2.jpg")
    upgrade.begin(database, collection, OTHER, ACTOR)
    files = files_below([people / "Eileen Collins"])
    for _ in upgrade.carry_all(other_engine(engine), database, collection, files):
        pass
    return [face.face_id for face in galleries.list_faces(database, collection)]


def actions(database: Database) -> list[tuple[str, dict[str, object]]]:
    found = galleries.list_events(database)
    return [(e.operation, dict(e.detail)) for e in found if e.operation != "enrol"][2:]


def state(database: Database, collection: str) -> tuple[object, ...]:
    with reading(database) as connection:
        found = load_templates(connection, collection)
    return found.space, found.vectors.tolist(), list(found.face_ids), list(found.users)


SPACES = {"from_pack": "opencv", "to": OTHER.fingerprint, "to_pack": "other"}


def test_faces_that_cannot_come_along_are_deleted_only_when_told_to(
    database: Database, collection: str, engine: Engine, faces: list[str]
) -> None:
    before = state(database, collection)
    for _ in range(2):
        with pytest.raises(UpgradeError, match="1 face has no template of other"):
            upgrade_steps.switch(database, collection, ACTOR)
    assert state(database, collection) == before
    assert actions(database) == []
    done = upgrade_steps.switch(database, collection, ACTOR, delete_missing=True)
    assert (done.faces, done.deleted) == (1, 1)
    assert state(database, collection)[2:] == (faces[:1], ["Eileen Collins"])
    spaces = SPACES | {"from": engine.space.fingerprint}
    assert actions(database) == [
        ("delete faces", {"faces": faces[1:]}),
        ("switch upgrade", {**spaces, "faces": 1, "deleted": 1}),
    ]


def test_back_and_forth_and_the_end(database: Database, collection: str, faces: list[str]) -> None:
    galleries.delete_faces(database, collection, faces[1:], ACTOR)
    old = state(database, collection)
    upgrade_steps.switch(database, collection, ACTOR)
    new = state(database, collection)
    assert new[0] == OTHER
    upgrade_steps.undo(database, collection, ACTOR)
    assert state(database, collection) == old
    with pytest.raises(UpgradeError, match="not switched to other: switch it first"):
        upgrade_steps.finish(database, collection, ACTOR)
    upgrade_steps.switch(database, collection, ACTOR, delete_missing=True)
    with pytest.raises(UpgradeError, match="finish the upgrade to keep"):
        upgrade_steps.discard(database, collection, ACTOR)
    assert upgrade_steps.finish(database, collection, ACTOR).present == OTHER
    assert state(database, collection) == new
    assert upgrade.find(database, collection) is None
    assert [action for action, _ in actions(database)] == [
        "delete faces",
        "switch upgrade",
        "undo upgrade",
        "switch upgrade",
        "finish upgrade",
    ]
    with pytest.raises(UpgradeError, match="begin with --from PEOPLE"):
        upgrade_steps.undo(database, collection, ACTOR)


def test_what_is_prepared_can_be_thrown_away(
    database: Database, collection: str, faces: list[str]
) -> None:
    before = state(database, collection)
    assert upgrade_steps.discard(database, collection, ACTOR).other == OTHER
    assert state(database, collection) == before
    assert upgrade.find(database, collection) is None
    with pytest.raises(UpgradeError):
        list(upgrade_steps.list_missing(database, collection))


def test_an_end_that_was_interrupted_goes_on(
    database: Database, collection: str, faces: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(switching, "end_portion", fail)
        with pytest.raises(DatabaseError):
            upgrade_steps.discard(database, collection, ACTOR)
    found = upgrade.find(database, collection)
    assert found is not None
    assert found.ending
    for step in (upgrade_steps.switch, upgrade_steps.undo):
        with pytest.raises(UpgradeError, match="at its end"):
            step(database, collection, ACTOR)
    # either word for the end will do, and it is one event
    upgrade_steps.finish(database, collection, ACTOR)
    assert upgrade.find(database, collection) is None
    assert [action for action, _ in actions(database)] == ["discard upgrade"]


@pytest.mark.parametrize("failing", ["append", "switch"])
def test_a_switch_is_all_or_nothing(
    database: Database,
    collection: str,
    faces: list[str],
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    module = events if failing == "append" else switching
    original = getattr(module, failing)

    def fail_afterwards(*arguments: object, **options: object) -> None:
        original(*arguments, **options)
        raise DatabaseError("the disk is full")

    before = state(database, collection)
    with monkeypatch.context() as patch:
        patch.setattr(module, failing, fail_afterwards)
        with pytest.raises(DatabaseError, match="disk is full"):
            upgrade_steps.switch(database, collection, ACTOR, delete_missing=True)
    assert state(database, collection) == before
    assert actions(database) == []
    assert upgrade_steps.switch(database, collection, ACTOR, delete_missing=True).faces == 1


def test_an_unknown_collection_is_named(database: Database) -> None:
    for step in (
        upgrade_steps.switch,
        upgrade_steps.undo,
        upgrade_steps.finish,
        upgrade_steps.discard,
    ):
        with pytest.raises(NotFoundError, match="nowhere"):
            step(database, "nowhere", ACTOR)
