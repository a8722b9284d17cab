from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from other_engine import OTHER
from reknown.biometrics.errors import NotFoundError, SpaceMismatchError
from reknown.gallery.collections import get_space
from reknown.ledger.actor import Actor
from reknown.services import galleries, upgrade, upgrade_steps
from reknown.services.spaces import in_one_space
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.biometrics.templates import TemplateSpace
    from reknown.storage.database import Database

ACTOR = Actor("tester")


@pytest.fixture
def move(database: Database, collection: str) -> Callable[[], None]:
    """Switches the empty collection, or back."""
    upgrade.begin(database, collection, OTHER, ACTOR)

    def move_on() -> None:
        found = upgrade.find(database, collection)
        assert found is not None
        step = upgrade_steps.undo if found.switched else upgrade_steps.switch
        step(database, collection, ACTOR)

    return move_on


class Work:
    """Begins in the space of the collection, and is done once it ends in the same one."""

    def __init__(self, database: Database, collection: str, *moves: Callable[[], None]) -> None:
        self._database, self._collection = database, collection
        self._moves = list(moves)
        self.begun: list[TemplateSpace] = []

    def __call__(self) -> str:
        self.begun.append(self._space())
        if self._moves:
            self._moves.pop(0)()
        self.begun[-1].require(self._space())
        return "done"

    def _space(self) -> TemplateSpace:
        with reading(self._database) as connection:
            return get_space(connection, self._collection)


@pytest.mark.parametrize("moves", range(4))
def test_work_begins_anew_as_often_as_the_collection_moves(
    database: Database, collection: str, move: Callable[[], None], moves: int
) -> None:
    work = Work(database, collection, *[move] * moves)
    assert in_one_space(database, collection, work) == "done"
    assert len(work.begun) == moves + 1


def test_what_is_wrong_for_another_reason_is_passed_on(database: Database, collection: str) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise SpaceMismatchError("another reason")

    for name, expected in ((collection, 2), (None, 1)):
        tries.clear()
        with pytest.raises(SpaceMismatchError, match="another reason"):
            in_one_space(database, name, work)
        assert len(tries) == expected


def test_a_collection_deleted_meanwhile_is_named(database: Database, collection: str) -> None:
    def work() -> None:
        galleries.delete_collection(database, collection, ACTOR)
        raise SpaceMismatchError

    with pytest.raises(NotFoundError, match=collection):
        in_one_space(database, collection, work)
