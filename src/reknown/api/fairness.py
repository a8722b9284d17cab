"""Whose turn it is: of all keys that want the same slots, the one that has used the least.

Nobody can take turns from a key by claiming to be it: a key is known only once its signature has
been verified. For one thread at a time; the caller brings the clock.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from reknown.awswire.errors import WireError
from reknown.services.limits import KeyUse, PoolUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Item = TypeVar("Item")

# What a key has used fades away with this time constant.
MEMORY_SECONDS = 10.0
# So long after its last request a key still counts as one that others have to leave a slot for.
ACTIVE_SECONDS = 5.0
_FORGOTTEN = 0.01
# What others have told counts no longer when they have not been heard for so long.
DEAF_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Shares:
    """Pieces of work at once, room for more that wait, and how much of it one key may take.

    `key_requests` is how many a key may have running and waiting together, None for all there is
    room for; `key_share`, above 0 and up to 1, its part of all slots' time. Both count what other
    processes have told of.
    """

    slots: int
    waiting: int
    key_requests: int | None = None
    key_share: float = 1.0


class ThrottledError(WireError):
    """ThrottlingException, with the `reason` that it is counted under."""

    def __init__(self, reason: str, message: str, retry_after_ms: int | None = None) -> None:
        super().__init__("ThrottlingException", f"Slow down; {message}", 400, retry_after_ms)
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class Turn(Generic[Item]):
    """A piece of work that occupies a slot, since `started`."""

    key: str
    item: Item
    started: float


@dataclass(slots=True)
class _Account(Generic[Item]):
    """What one key has waiting and running, and the slot seconds that it had used at a time."""

    seen: float
    waiting: deque[Item] = field(default_factory=deque)
    turns: set[Turn[Item]] = field(default_factory=set)
    used: float = 0.0
    used_at: float = 0.0

    @property
    def inside(self) -> int:
        return len(self.waiting) + len(self.turns)

    def used_by(self, now: float) -> float:
        """What is running counts as far as it has come."""
        running = sum(_faded(now - turn.started) for turn in self.turns)
        return self.used * math.exp((self.used_at - now) / MEMORY_SECONDS) + running

    def begin(self, key: str, item: Item, now: float) -> Turn[Item]:
        turn = Turn(key, item, now)
        self.turns.add(turn)
        return turn

    def end(self, turn: Turn[Item], now: float) -> None:
        self.used, self.used_at = self.used_by(now), now
        self.turns.remove(turn)
        # what the others have done so far is not to be counted twice
        self.used -= sum(_faded(now - other.started) for other in self.turns)


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What other processes with so many slots had of each key at a time."""

    at: float = -math.inf
    slots: int = 0
    keys: Mapping[str, Sequence[KeyUse]] = field(default_factory=dict)

    def of(self, key: str, now: float) -> KeyUse:
        found = self.keys.get(key, ())
        faded = math.exp((self.at - now) / MEMORY_SECONDS)
        return KeyUse(sum(each.inside for each in found), faded * sum(each.used for each in found))


_NOWHERE = _Elsewhere()


class FairQueue(Generic[Item]):
    """Takes work in, says what begins next, and is told what has ended."""

    def __init__(self, shares: Shares, clock: Callable[[], float]) -> None:
        self._shares = shares
        self._clock = clock
        self._accounts: dict[str, _Account[Item]] = {}
        self._elsewhere = _NOWHERE

    @property
    def running(self) -> int:
        """How much has begun and not ended."""
        return sum(len(account.turns) for account in self._accounts.values())

    @property
    def waiting(self) -> int:
        """How much has not begun."""
        return sum(len(account.waiting) for account in self._accounts.values())

    def enter(self, key: str, item: Item) -> Item | None:
        """Takes the item in; returns the one that has to give way to it, if any.

        Where there is no room, that is the newest of the key that has the most. Raises
        `ThrottledError` when this key has too much itself.
        """
        now = self._clock()
        account = self._account(key, now)
        self._check(key, account, now)
        loser = None
        if self.running + self.waiting >= self._shares.slots + self._shares.waiting:
            loser = self._greediest(account).waiting.pop()
        account.waiting.append(item)
        return loser

    def claim(self, key: str, item: Item) -> Turn[Item] | None:
        """Begins the item at once, if nothing waits and the key may do so; None otherwise."""
        now = self._clock()
        account = self._account(key, now)
        with suppress(ThrottledError):
            self._check(key, account, now)
            if not self.waiting and self._may_start(account, now):
                return account.begin(key, item, now)
        return None

    def start(self) -> Turn[Item] | None:
        """Begins what comes next; None when nothing waits or nothing may begin."""
        now = self._clock()
        ready = [
            (account.used_by(now), key)
            for key, account in self._accounts.items()
            if account.waiting and self._may_start(account, now)
        ]
        if not ready:
            return None
        key = min(ready, key=lambda each: each[0])[1]
        account = self._accounts[key]
        return account.begin(key, account.waiting.popleft(), now)

    def end(self, turn: Turn[Item]) -> None:
        """Gives the slot back and puts its time on the key's account."""
        self._accounts[turn.key].end(turn, self._clock())

    def use(self) -> PoolUse:
        """What keys use of these slots now; what belongs to no key is not told."""
        now = self._clock()
        uses = {
            key: KeyUse(account.inside, max(0.0, account.used_by(now)))
            for key, account in self._accounts.items()
            if key
        }
        wanted = {key: each for key, each in uses.items() if each.inside or each.used > _FORGOTTEN}
        return PoolUse(self._shares.slots, wanted)

    def learn(self, others: Sequence[PoolUse]) -> None:
        """From now on the limits of a key count what it has of these, which other processes have.

        Whose turn it is they do not change.
        """
        keys: dict[str, list[KeyUse]] = {}
        for other in others:
            for key, use in other.keys.items():
                keys.setdefault(key, []).append(use)
        self._elsewhere = _Elsewhere(self._clock(), sum(other.slots for other in others), keys)

    def clear(self) -> Iterator[Item]:
        """Takes everything out, what waits and what runs; the slots of that stay occupied."""
        for account in self._accounts.values():
            yield from (turn.item for turn in account.turns)
            while account.waiting:
                yield account.waiting.popleft()

    def _may_start(self, account: _Account[Item], now: float) -> bool:
        """One slot more than stated is for keys that have nothing running.

        So the first request of a key does not wait for the long ones of another, and where others
        have been about, one key leaves a slot of the ordinary ones free for them.
        """
        slots, running = self._shares.slots, self.running
        if running >= slots:
            return running == slots and not account.turns
        others = (each for each in self._accounts.values() if each is not account)
        alone = not any(self._is_active(each, now) for each in others)
        return len(account.turns) < (slots if alone else max(1, slots - 1))

    def _is_active(self, account: _Account[Item], now: float) -> bool:
        return account.inside > 0 or now - account.seen < ACTIVE_SECONDS

    def _check(self, key: str, account: _Account[Item], now: float) -> None:
        known = self._elsewhere if now - self._elsewhere.at < DEAF_SECONDS else _NOWHERE
        elsewhere = known.of(key, now)
        most, inside = self._shares.key_requests, account.inside + elsewhere.inside
        if most is not None and inside >= most:
            raise ThrottledError(
                "requests",
                f"this key has {inside} requests in progress or waiting, and {most} is "
                "the most: wait for an answer before sending the next.",
            )
        slots = self._shares.slots + known.slots
        allowed = self._shares.key_share * slots * MEMORY_SECONDS
        used = account.used_by(now) + elsewhere.used
        if self._shares.key_share < 1 and used > allowed:
            seconds = MEMORY_SECONDS * math.log(used / allowed)
            raise ThrottledError(
                "share",
                f"this key has used {used:.1f} seconds of computing in about the last "
                f"{MEMORY_SECONDS:g}, and may use {allowed:.1f}: try again in {seconds:.1f} "
                "seconds.",
                math.ceil(1000 * seconds),
            )

    def _greediest(self, account: _Account[Item]) -> _Account[Item]:
        """The key to take room from for this one, which must have less itself."""
        waiting = (each for each in self._accounts.values() if each.waiting)
        most = max(waiting, key=lambda each: each.inside, default=account)
        if most.inside <= account.inside + 1:
            raise ThrottledError("room", "more requests are waiting than this server has room for.")
        return most

    def _account(self, key: str, now: float) -> _Account[Item]:
        if key not in self._accounts:
            self._accounts = {
                name: each
                for name, each in self._accounts.items()
                if self._is_active(each, now) or each.used_by(now) > _FORGOTTEN
            }
            self._accounts[key] = _Account(now)
        account = self._accounts[key]
        account.seen = now
        return account


def gave_way() -> ThrottledError:
    """What becomes of a request whose place another key's has taken."""
    return ThrottledError(
        "place",
        "there is no room left, and this key has more requests waiting than any other: send fewer "
        "at once.",
    )


def _faded(seconds: float) -> float:
    """What remains of work that went on for so long and until now."""
    return MEMORY_SECONDS * -math.expm1(-seconds / MEMORY_SECONDS)
