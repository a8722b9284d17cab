from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import NotFoundError, SpaceMismatchError, UpgradeError
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.switching import begin_end, switch
from reknown.gallery.upgrades import begin_upgrade, claim_upgrade, find_upgrade, require_upgrade
from unit.gallery.upgrading import NEXT, prepare

if TYPE_CHECKING:
    from sqlalchemy import Connection


def test_it_begins_once_and_goes_on_later(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    assert find_upgrade(connection, collection) is None
    begun = begin_upgrade(connection, collection, NEXT)
    assert (begun.former, begun.target, begun.switched, begun.ending) == (space, NEXT, False, False)
    assert (begun.present, begun.other) == (space, NEXT)
    assert begin_upgrade(connection, collection, NEXT) == begun
    assert require_upgrade(connection, collection) == begun
    assert claim_upgrade(connection, collection)[1] == begun


def test_other_collections_have_upgrades_of_their_own(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    other = create_collection(connection, "others", space).name
    begin_upgrade(connection, other, NEXT)
    assert find_upgrade(connection, collection) is None
    with pytest.raises(UpgradeError, match="begin with --from PEOPLE"):
        require_upgrade(connection, collection)


def test_it_has_to_lead_somewhere(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    with pytest.raises(UpgradeError, match="made with tiny already: name another"):
        begin_upgrade(connection, collection, space)
    with pytest.raises(NotFoundError):
        begin_upgrade(connection, "nowhere", NEXT)
    with pytest.raises(NotFoundError):
        find_upgrade(connection, "nowhere")


def test_there_is_one_way_at_a_time(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    begin_upgrade(connection, collection, NEXT)
    with pytest.raises(UpgradeError, match="from tiny to next: go on with next, or --discard"):
        begin_upgrade(connection, collection, TemplateSpace("third", "77" * 32, 3))
    changed = TemplateSpace("next", "99" * 32, 6)
    with pytest.raises(SpaceMismatchError):
        begin_upgrade(connection, collection, changed)
    switch(connection, collection, to_target=True)
    with pytest.raises(UpgradeError, match="go on with tiny, or --finish"):
        begin_upgrade(connection, collection, NEXT)
    back = begin_upgrade(connection, collection, space)
    assert (back.present, back.other) == (NEXT, space)


def test_at_its_end_nothing_else_can_be_done(connection: Connection, collection: str) -> None:
    prepare(connection, collection)
    begin_end(connection, collection)
    for step in (
        lambda: begin_upgrade(connection, collection, NEXT),
        lambda: claim_upgrade(connection, collection),
        lambda: switch(connection, collection, to_target=True),
    ):
        with pytest.raises(UpgradeError, match="at its end"):
            step()


def test_a_collection_takes_its_upgrade_with_it(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    prepare(connection, collection)
    delete_collection(connection, collection)
    create_collection(connection, collection, space)
    assert find_upgrade(connection, collection) is None
