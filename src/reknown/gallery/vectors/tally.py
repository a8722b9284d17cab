"""How many references each user has, without an object for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.gallery.vectors.slabs import NOBODY

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_NEW = 4096


class UserTally:
    """Counts by the keys of users, kept while references come and go."""

    def __init__(self, users: NDArray[np.int64]) -> None:
        """Counts `users`, that of each reference; `NOBODY` does not count."""
        self._keys, self._counts = np.unique(users[users != NOBODY], return_counts=True)
        # users that came since, whose sorted places are not made at once
        self._new: dict[int, int] = {}
        self.users, self.owned = len(self._keys), int(self._counts.sum())

    def change(self, users: NDArray[np.int64], by: int) -> None:
        """One reference more (`by` 1) or less (-1) of each of these users."""
        keys, counts = np.unique(users[users != NOBODY], return_counts=True)
        self.owned += by * int(counts.sum())
        places = np.searchsorted(self._keys, keys)
        places[places == len(self._keys)] = 0
        known = self._keys[places] == keys if len(self._keys) else np.zeros(len(keys), bool)
        mine, before = places[known], self._counts[places[known]]
        self._counts[mine] += by * counts[known]
        self.users += int((self._counts[mine] > 0).sum()) - int((before > 0).sum())
        for key, count in zip(keys[~known].tolist(), counts[~known].tolist(), strict=True):
            was = self._new.get(key, 0)
            self._new[key] = was + by * count
            self.users += (self._new[key] > 0) - (was > 0)
        if len(self._new) > _MOST_NEW:
            self._settle()

    def _settle(self) -> None:
        keys = np.concatenate([self._keys, np.fromiter(self._new, np.int64)])
        counts = np.concatenate([self._counts, np.fromiter(self._new.values(), np.int64)])
        order = np.argsort(keys, kind="stable")
        order = order[counts[order] > 0]
        self._keys, self._counts, self._new = keys[order], counts[order], {}
