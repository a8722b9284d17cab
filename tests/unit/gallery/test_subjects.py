from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.gallery.subjects import Column, SubjectRoll

USERS = st.lists(st.sampled_from([None, "Ada", "Bob", "Cy"]), max_size=30)


@given(USERS)
def test_faces_of_one_user_have_one_number_and_the_others_one_each(
    users: list[str | None],
) -> None:
    roll = SubjectRoll()
    numbers = [roll.add(user) for user in users]
    named = {user for user in users if user}
    assert roll.count == len(set(numbers)) == len(named) + users.count(None)
    assert roll.owned == (len(named), len(users) - users.count(None))
    assert {numbers[users.index(user)] for user in named} == {
        number for number, user in zip(numbers, users, strict=True) if user
    }


@given(USERS, st.data())
def test_who_goes_is_counted_no_more(users: list[str | None], data: st.DataObject) -> None:
    roll, left = SubjectRoll(), list(users)
    for user in users:
        roll.add(user)
    for _ in range(data.draw(st.integers(0, len(users)))):
        roll.remove(left.pop())
    other = SubjectRoll()
    for user in left:
        other.add(user)
    assert (roll.count, roll.owned) == (other.count, other.owned)


def test_a_user_that_comes_back_is_another_subject() -> None:
    roll = SubjectRoll()
    first = roll.add("Ada")
    roll.remove("Ada")
    assert roll.add("Ada") != first


def test_a_column_stays_as_it_was_while_its_list_grows() -> None:
    entries = [1, 2, 3]
    column = Column(entries, 3)
    entries += [4, 5]
    assert (list(column), len(column), column[-1], column[1:]) == ([1, 2, 3], 3, 3, [2, 3])
    assert 4 not in column
    with pytest.raises(IndexError):
        column[3]
