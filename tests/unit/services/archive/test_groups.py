from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexts import events, faces
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.gallery.media import count_media
from reknown.gallery.sightings import SightingChoice
from reknown.gallery.users import has_user
from reknown.ledger.records import (
    GroupSightingsRecord,
    MergeGroupsRecord,
    NameGroupRecord,
    SplitGroupRecord,
    UndoGroupsApartRecord,
    UnnameGroupRecord,
)
from reknown.services.archive.group_names import name_group, unname_group
from reknown.services.archive.groups import (
    group_sightings,
    ignore_group,
    keep_apart,
    list_groups,
    merge_groups,
    read_group,
    split_group,
    undo_apart,
)
from reknown.services.archive.sightings import delete_sightings, list_sightings
from reknown.services.galleries.pages import PageRequest, all_pages
from reknown.services.galleries.users import UserRequest, delete_user
from reknown.services.policies.consents import consent_to, give_consent

if TYPE_CHECKING:
    from archives import See
    from reknown.gallery.sightings import SightingRecord
    from reknown.services.context import Context


def groups(context: Context, collection: str, *, everybody: bool = False) -> dict[int, int]:
    """The sizes of the groups by their numbers."""

    pages = all_pages(lambda page: list_groups(context, collection, page, everybody=everybody))
    return {each.number: each.sightings for each in pages}


def of(context: Context, collection: str, number: int) -> set[str]:
    _, seen = read_group(context, collection, number)
    return {record.sighting.sighting_id for record in seen.items}


def test_people_seen_more_than_once_become_groups(
    context: Context, collection: str, see: See
) -> None:
    first, second = [*see(1), *see(1, 2)], [*see(2), *see(3)]
    done = group_sightings(context, collection)
    assert (done.sightings, done.fresh, done.made, done.merged) == (5, 5, 2, 0)
    one, two = groups(context, collection)
    assert of(context, collection, one) == {first[0], first[1]}
    assert of(context, collection, two) == {first[2], second[0]}
    (event,) = events(context, "group sightings")
    assert isinstance(event.record, GroupSightingsRecord)
    assert (event.record.fresh, event.record.made) == (5, 2)


def test_what_comes_later_joins(context: Context, collection: str, see: See) -> None:
    see(1), see(1)
    group_sightings(context, collection)
    see(1), see(2)
    done = group_sightings(context, collection)
    assert (done.fresh, done.made) == (2, 0)
    assert list(groups(context, collection).values()) == [3]
    again = group_sightings(context, collection)
    assert (again.fresh, again.made) == (0, 0)


def test_a_group_is_read_in_pages_each_face_once(
    context: Context, collection: str, see: See
) -> None:
    for _ in range(5):
        see(1)
    see(1, fit=False)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    _, whole = read_group(context, collection, number)
    parts: list[SightingRecord] = []
    request = PageRequest(limit=2)
    while True:
        _, page = read_group(context, collection, number, request)
        parts.extend(page.items)
        if page.next is None:
            break
        request = PageRequest(page.next, 2)
    ids = [record.sighting.sighting_id for record in whole.items]
    assert [record.sighting.sighting_id for record in parts] == ids
    assert len(set(ids)) == 6
    qualities = [record.sighting.quality for record in parts]
    assert qualities == sorted(qualities, reverse=True)
    for made_up in ("", "1", "-1-1", "1-", "1-1-1", "\u0661-1", "9" * 30 + "-1"):
        with pytest.raises(InputError, match="where a page ended"):
            read_group(context, collection, number, PageRequest(made_up))


def test_two_faces_of_one_image_are_two_people(context: Context, collection: str, see: See) -> None:
    twins = see(1, 1)
    see(1)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    assert len(of(context, collection, number) & set(twins)) == 1


def test_a_name_makes_references_of_the_best_faces(
    context: Context, collection: str, see: See
) -> None:
    seen = [*see(1), *see(1), *see(1, fit=False)]
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    done = name_group(context, collection, number, "Ada")
    assert (done.group.user, done.references) == ("Ada", 2)
    enrolled = faces(context, collection)
    assert {face.user for face in enrolled} == {"Ada"}
    assert {face.image.name for face in enrolled} == {"0.jpg", "1.jpg"}
    assert groups(context, collection) == {}
    assert groups(context, collection, everybody=True) == {number: len(seen)}
    record = events(context, "name group")[-1].record
    assert isinstance(record, NameGroupRecord)
    assert set(record.faces) == {face.face_id for face in enrolled}
    assert name_group(context, collection, number, "Ada").references == 2
    assert len(faces(context, collection)) == 2


def test_a_name_is_taken_back_with_the_person_it_made(
    context: Context, collection: str, see: See
) -> None:
    see(1), see(1), see(1, fit=False)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    named = name_group(context, collection, number, "Ada")
    assert named.new_person
    assert set(named.made) == {face.face_id for face in faces(context, collection)}
    done = unname_group(context, collection, number, named.made, drop_person=True)
    assert (done.group.user, done.group.sightings) == (None, 3)
    assert (done.person, set(done.deleted), done.gone) == ("Ada", set(named.made), True)
    assert faces(context, collection) == []
    assert groups(context, collection) == {number: 3}
    with context.database.begin() as connection:
        assert not has_user(connection, collection, "Ada")
    (event,) = events(context, "unname group")
    assert isinstance(event.record, UnnameGroupRecord)
    assert (event.record.faces, event.record.user_deleted) == (done.deleted, True)
    with pytest.raises(InputError, match="has no name"):
        unname_group(context, collection, number)
    # and it can be said again
    assert name_group(context, collection, number, "Ada").references == 2


def test_what_a_person_had_before_outlives_a_name_taken_back(
    context: Context, collection: str, see: See
) -> None:
    see(1), see(1), see(2), see(2)
    group_sightings(context, collection)
    one, two = groups(context, collection)
    before = name_group(context, collection, one, "Ada")
    named = name_group(context, collection, two, "Ada")
    assert not named.new_person
    done = unname_group(context, collection, two, named.made, drop_person=True)
    assert not done.gone
    left = {face.face_id for face in faces(context, collection)}
    assert left == set(before.made)
    assert groups(context, collection) == {two: 2}
    # these very faces are enrolled already: naming makes none, so that nothing goes
    unname_group(context, collection, one, ())
    again = name_group(context, collection, one, "Ada")
    assert (again.references, again.made) == (2, ())
    assert unname_group(context, collection, one, again.made, drop_person=True).deleted == ()
    assert {face.face_id for face in faces(context, collection)} == left


def test_without_faces_all_that_show_the_group_become_nobodys_and_no_other(
    context: Context, collection: str, see: See
) -> None:
    see(1), see(1), see(2), see(2)
    group_sightings(context, collection)
    one, two = groups(context, collection)
    own = name_group(context, collection, one, "Ada").made
    others = name_group(context, collection, two, "Bob").made
    # faces of somebody else are none of this group's, whoever asks
    assert unname_group(context, collection, one, others).deleted == ()
    name_group(context, collection, one, "Ada")
    done = unname_group(context, collection, one)
    assert (done.deleted, set(done.freed)) == ((), set(own))
    whose = {face.face_id: face.user for face in faces(context, collection)}
    assert whose == dict.fromkeys(own) | dict.fromkeys(others, "Bob")
    # nobody asked for the person to go
    with context.database.begin() as connection:
        assert has_user(connection, collection, "Ada")


def test_another_name_tells_the_former_and_counts_the_faces_that_it_got(
    context: Context, collection: str, see: See
) -> None:
    see(1), see(1)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    assert name_group(context, collection, number, "Bob").former is None
    done = name_group(context, collection, number, "Anna")
    # its faces are Bob's, and stay his until somebody moves them
    assert (done.group.user, done.former, done.references) == ("Anna", "Bob", 0)
    assert {face.user for face in faces(context, collection)} == {"Bob"}


def test_a_person_who_has_agreed_stays_when_a_name_is_taken_back(
    context: Context, collection: str, see: See
) -> None:
    see(1), see(1)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    named = name_group(context, collection, number, "Ada")
    give_consent(context, collection, "Ada", consent_to(b"I agree", "signed"))
    assert not unname_group(context, collection, number, named.made, drop_person=True).gone


def test_a_person_who_is_deleted_takes_the_sightings_along(
    context: Context, collection: str, see: See
) -> None:
    see(1), see(1)
    (other,) = see(2)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    name_group(context, collection, number, "Ada")
    delete_user(context, UserRequest(collection, "Ada"), keep_faces=False)
    left = [record.sighting.sighting_id for record in list_sightings(context, collection)]
    assert left == [other]
    with context.database.begin() as connection:
        assert count_media(connection, collection) == 1
    assert events(context, "delete sightings")


def test_people_merge_split_and_keep_apart(context: Context, collection: str, see: See) -> None:
    first = [*see(1), *see(1), *see(1)]
    see(2), see(2)
    group_sightings(context, collection)
    one, two = groups(context, collection)
    done = merge_groups(context, collection, two, one)
    assert (done.group.sightings, len(done.moved), done.former) == (5, 2, None)
    assert events(context, "merge groups")[-1].record == MergeGroupsRecord(two, one)
    made = split_group(context, collection, one, first[:1])
    assert made.sightings == 1
    record = SplitGroupRecord(one, made.number, (first[0],))
    assert events(context, "split group")[-1].record == record
    with pytest.raises(InputError, match="not all"):
        split_group(context, collection, made.number, first[:1])
    with pytest.raises(InputError, match="not in group"):
        split_group(context, collection, one, first[:1])
    with pytest.raises(InputError, match="itself"):
        merge_groups(context, collection, one, one)
    see(1)
    group_sightings(context, collection)
    assert first[0] not in of(context, collection, one)


def test_groups_that_are_apart_never_come_together(
    context: Context, collection: str, see: See
) -> None:
    first = [*see(1), *see(1)]
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    made = split_group(context, collection, number, first[:1])
    for _ in range(3):
        see(1)
        group_sightings(context, collection)
    assert first[0] not in of(context, collection, number)
    keep_apart(context, collection, made.number, number)
    keep_apart(context, collection, number, made.number)
    with pytest.raises(InputError, match="itself"):
        keep_apart(context, collection, number, number)


def test_faces_of_one_photo_are_never_one_person(
    context: Context, collection: str, see: See
) -> None:
    see(1, 2), see(1), see(2), see(3), see(3)
    group_sightings(context, collection)
    one, two, three = groups(context, collection)
    with pytest.raises(InputError, match=r"both are in 0\.jpg"):
        merge_groups(context, collection, two, one)
    assert merge_groups(context, collection, three, one).group.sightings == 4


def test_that_groups_are_apart_is_taken_back(context: Context, collection: str, see: See) -> None:
    first = [*see(1), *see(1), *see(1), *see(1)]
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    made = split_group(context, collection, number, first[:2]).number
    undo_apart(context, collection, number, made)
    assert events(context, "undo groups apart")[-1].record == UndoGroupsApartRecord(number, made)
    see(1)
    group_sightings(context, collection)
    assert len(groups(context, collection)) == 1


def test_ignored_groups_leave_the_list(context: Context, collection: str, see: See) -> None:
    see(1), see(1)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    ignore_group(context, collection, number)
    assert groups(context, collection) == {}
    ignore_group(context, collection, number, ignored=False)
    assert list(groups(context, collection)) == [number]


def test_a_group_without_sightings_is_gone(context: Context, collection: str, see: See) -> None:
    see(1), see(1)
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    delete_sightings(context, collection, SightingChoice())
    group_sightings(context, collection)
    with pytest.raises(NotFoundError, match=f"no group {number}"):
        read_group(context, collection, number)


def test_poor_faces_alone_get_no_name(context: Context, collection: str, see: See) -> None:
    seen = [*see(1), *see(1)]
    group_sightings(context, collection)
    (number,) = groups(context, collection)
    with pytest.raises(NotFoundError):
        name_group(context, collection, number + 99, "Ada")
    assert len(seen) == 2
