from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from other_engine import OTHER
from reknown.biometrics.errors import NotFoundError, SpaceMismatchError
from reknown.services.galleries.collections import delete_collection
from reknown.services.galleries.spaces import in_one_space
from reknown.services.upgrades import preparation, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context


@pytest.fixture
def move(context: Context, collection: str) -> Callable[[], None]:
    """Switches the empty collection, or back."""
    preparation.begin(context, collection, OTHER.pack)

    def move_on() -> None:
        found = preparation.find_upgrade(context, collection)
        assert found is not None
        step = steps.undo if found.switched else steps.switch
        step(context, collection)

    return move_on


class Work:
    """Begins in the space of the collection, and is done once it ends in the same one."""

    def __init__(self, context: Context, collection: str, *moves: Callable[[], None]) -> None:
        self._context, self._collection = context, collection
        self._moves = list(moves)
        self.begun: list[TemplateSpace] = []

    def __call__(self) -> str:
        self.begun.append(self._space())
        if self._moves:
            self._moves.pop(0)()
        self.begun[-1].require(self._space())
        return "done"

    def _space(self) -> TemplateSpace:
        return self._context.platform.space_of(self._collection)


@pytest.mark.parametrize("moves", range(4))
def test_work_begins_anew_as_often_as_the_collection_moves(
    context: Context, collection: str, move: Callable[[], None], moves: int
) -> None:
    work = Work(context, collection, *[move] * moves)
    assert in_one_space(context.database, collection, work) == "done"
    assert len(work.begun) == moves + 1


def test_what_is_wrong_for_another_reason_is_passed_on(context: Context, collection: str) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise SpaceMismatchError("another reason")

    for name, expected in ((collection, 2), (None, 1)):
        tries.clear()
        with pytest.raises(SpaceMismatchError, match="another reason"):
            in_one_space(context.database, name, work)
        assert len(tries) == expected


def test_a_collection_deleted_meanwhile_is_named(context: Context, collection: str) -> None:
    def work() -> None:
        delete_collection(context, collection)
        raise SpaceMismatchError

    with pytest.raises(NotFoundError, match=collection):
        in_one_space(context.database, collection, work)
