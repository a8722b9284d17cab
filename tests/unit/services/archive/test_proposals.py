from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexts import events
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.ledger.records import (
    KeepGroupFromUserRecord,
    KeepUsersApartRecord,
    ProposeMergesRecord,
)
from reknown.services.archive.group_names import name_group
from reknown.services.archive.groups import (
    group_sightings,
    keep_apart,
    list_groups,
    merge_groups,
    split_group,
    undo_apart,
)
from reknown.services.archive.proposals import propose_merges
from reknown.services.galleries.mending import keep_users_apart, merge_users
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import UserRequest, delete_user, look_up_user

if TYPE_CHECKING:
    from archives import See
    from reknown.services.archive.proposals import ProposedSide
    from reknown.services.context import Context


def _side(side: ProposedSide) -> int | str | None:
    return side.name if side.number is None else side.number


def _proposed(context: Context, collection: str) -> list[tuple[int | str | None, ...]]:
    found = propose_merges(context, collection).proposals
    assert all(each.comparison.accepted for each in found)
    return [(_side(each.one), _side(each.other)) for each in found]


@pytest.fixture
def parts(context: Context, collection: str, see: See) -> list[int]:
    """Three groups of one person, whom people have split, and one of another; none is marked."""
    seen = [*see(1), *see(1), *see(1), *see(1), *see(1), *see(1)]
    see(2), see(2)
    group_sightings(context, collection)
    one, other = (each.number for each in list_groups(context, collection, PageRequest()).items)
    made = [split_group(context, collection, one, seen[n : n + 2]).number for n in (0, 2)]
    for number in made:
        undo_apart(context, collection, one, number)
    return [one, *made, other]


def test_groups_of_one_person_are_proposed(
    context: Context, collection: str, parts: list[int]
) -> None:
    one, two, three, other = parts
    found = _proposed(context, collection)
    assert set(found) == {(one, two), (one, three), (two, three)}
    record = events(context, "propose merges")[-1].record
    assert isinstance(record, ProposeMergesRecord)
    assert (record.groups, record.users, record.proposed) == (4, 0, 3)
    (best,) = propose_merges(context, collection, 1).proposals
    assert (_side(best.one), _side(best.other)) == found[0]
    assert other not in {number for pair in found for number in pair}


def test_what_was_declined_is_never_proposed_again(
    context: Context, collection: str, parts: list[int]
) -> None:
    one, two, three, _ = parts
    keep_apart(context, collection, two, one)
    assert set(_proposed(context, collection)) == {(one, three), (two, three)}
    # what `two` is not `three` is not either, once they are one
    merge_groups(context, collection, two, three)
    assert _proposed(context, collection) == []
    undo_apart(context, collection, three, one)
    assert _proposed(context, collection) == [(one, three)]


def test_people_are_proposed_too(context: Context, collection: str, parts: list[int]) -> None:
    one, two, three, _ = parts
    name_group(context, collection, one, "Ada")
    assert set(_proposed(context, collection)) == {(two, three), (two, "Ada"), (three, "Ada")}
    keep_apart(context, collection, two, "Ada")
    record = events(context, "keep group from user")[-1].record
    ada = look_up_user(context, collection, "Ada").subject_id
    assert record == KeepGroupFromUserRecord(two, ada, True)
    assert set(_proposed(context, collection)) == {(two, three), (three, "Ada")}
    merge_groups(context, collection, two, three)
    assert _proposed(context, collection) == []
    undo_apart(context, collection, three, "Ada")
    assert _proposed(context, collection) == [(three, "Ada")]
    with pytest.raises(InputError, match="bears the name"):
        keep_apart(context, collection, one, "Ada")
    with pytest.raises(NotFoundError):
        keep_apart(context, collection, two, "nobody")
    # whoever gives the name knows better
    keep_apart(context, collection, three, "Ada")
    name_group(context, collection, three, "Ada")
    undo_apart(context, collection, three, "Ada")


def test_two_names_for_one_person_are_proposed(
    context: Context, collection: str, parts: list[int]
) -> None:
    for number, name in zip(parts, ("Ada", "Adda", "Aida", "Bob"), strict=True):
        name_group(context, collection, number, name)
    every = {("Ada", "Adda"), ("Ada", "Aida"), ("Adda", "Aida")}
    assert set(_proposed(context, collection)) == every
    keep_users_apart(context, collection, "Adda", "Ada")
    one, other = (look_up_user(context, collection, name).subject_id for name in ("Adda", "Ada"))
    record = events(context, "keep users apart")[-1].record
    assert record == KeepUsersApartRecord(one, other, True)
    assert set(_proposed(context, collection)) == every - {("Ada", "Adda")}
    merge_users(context, collection, "Adda", "Aida")
    assert _proposed(context, collection) == []
    keep_users_apart(context, collection, "Aida", "Ada", undo=True)
    assert _proposed(context, collection) == [("Ada", "Aida")]
    with pytest.raises(InputError, match="same person"):
        keep_users_apart(context, collection, "Ada", "Ada")
    delete_user(context, UserRequest(collection, "Ada"), keep_faces=False)
    assert _proposed(context, collection) == []


def test_people_enrolled_from_one_photo_are_not_proposed(
    context: Context, collection: str, parts: list[int]
) -> None:
    one, two, *_ = parts
    name_group(context, collection, one, "Ada")
    name_group(context, collection, two, "Adda")
    assert ("Ada", "Adda") in _proposed(context, collection)
    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE faces SET image_id = (SELECT min(id) FROM images)")
    assert ("Ada", "Adda") not in _proposed(context, collection)
