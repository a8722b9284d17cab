from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.gallery.vectors import tally as module
from reknown.gallery.vectors.tally import UserTally

USERS = st.lists(st.integers(0, 9), max_size=12)


@given(USERS, st.lists(st.tuples(USERS, st.booleans()), max_size=12), st.integers(0, 3))
def test_counts_are_those_of_a_counter(
    first: list[int], changes: list[tuple[list[int], bool]], most_new: int
) -> None:
    counter = Counter(first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_NEW", most_new)
        tally = UserTally(np.array(first, np.int64))
        for users, more in changes:
            taken = users
            if not more:  # only what is there can go
                left = Counter(counter)
                taken = [user for user in users if left[user] > 0 and not left.subtract([user])]
            tally.change(np.array(taken, np.int64), 1 if more else -1)
            (counter.update if more else counter.subtract)(taken)
            owned = {user: count for user, count in counter.items() if user and count}
            assert (tally.users, tally.owned) == (len(owned), sum(owned.values()))
