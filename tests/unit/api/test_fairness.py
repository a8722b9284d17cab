from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.api.fairness import (
    ACTIVE_SECONDS,
    DEAF_SECONDS,
    FairQueue,
    Shares,
    ThrottledError,
    Turn,
)
from reknown.services.limits import KeyUse, PoolUse


@dataclass
class _Scene:
    """A queue and a clock that stands still until it is told otherwise."""

    shares: Shares
    now: float = 0.0
    queue: FairQueue[str] = field(init=False)
    running: list[Turn[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = FairQueue(self.shares, lambda: self.now)

    def ask(self, key: str, count: int = 1) -> None:
        for _ in range(count):
            self.queue.enter(key, key)

    def start(self) -> str:
        """The keys whose work has begun now, in order."""
        begun = []
        while (turn := self.queue.start()) is not None:
            self.running.append(turn)
            begun.append(turn.key)
        return "".join(begun)

    def end(self, key: str, after: float) -> str:
        """Ends the oldest work of the key and says what begins thereafter."""
        self.now += after
        turn = next(turn for turn in self.running if turn.key == key)
        self.running.remove(turn)
        self.queue.end(turn)
        return self.start()


def test_a_key_that_is_alone_has_everything_but_the_reserve() -> None:
    scene = _Scene(Shares(4, 100))
    scene.ask("a", 10)
    assert scene.start() == "aaaa"
    assert scene.queue.waiting == 6


def test_the_first_of_another_begins_at_once_and_the_second_does_not() -> None:
    scene = _Scene(Shares(4, 100))
    scene.ask("a", 10)
    scene.start()
    scene.ask("b", 2)
    scene.ask("c")
    assert scene.start() == "b"
    # one more has a slot beyond the four, until fewer of the others do
    assert scene.end("a", 1.0) == "c"
    assert scene.end("a", 0.0) == ""
    assert scene.end("b", 0.0) == "b"


def test_where_others_have_been_about_a_slot_is_left_to_them() -> None:
    scene = _Scene(Shares(4, 100))
    scene.ask("b")
    scene.start()
    scene.end("b", 0.1)
    scene.ask("a", 10)
    assert scene.start() == "aaa"
    scene.ask("b", 2)
    assert scene.start() == "b"
    assert scene.end("b", 0.1) == "b"
    scene.end("b", 0.1)
    scene.now += ACTIVE_SECONDS
    assert scene.end("a", 0.0) == "aa"


def test_with_a_single_slot_two_keys_take_turns() -> None:
    scene = _Scene(Shares(1, 100))
    scene.ask("a", 5)
    scene.ask("b", 5)
    begun = scene.start()
    assert begun == "ab"  # the second in the reserve
    for _ in range(4):
        begun += scene.end("a", 1.0)
        begun += scene.end("b", 0.0)
    assert Counter(begun) == Counter("aaaaabbbbb")


def test_a_newcomer_finds_room_at_the_expense_of_who_has_most() -> None:
    scene = _Scene(Shares(1, 4))
    scene.ask("a", 4)
    scene.ask("b")
    scene.start()
    assert scene.queue.enter("b", "one more") == "a"
    assert scene.queue.enter("c", "another") == "a"
    # now all have about as much
    with pytest.raises(ThrottledError, match="more requests are waiting") as caught:
        scene.ask("a")
    assert caught.value.reason == "room"
    assert scene.queue.running + scene.queue.waiting == 5


def test_one_key_may_have_so_many_in_flight() -> None:
    scene = _Scene(Shares(2, 100, key_requests=3))
    scene.ask("a", 3)
    scene.start()
    with pytest.raises(ThrottledError, match=r"3 requests in progress or waiting") as caught:
        scene.ask("a")
    assert (caught.value.reason, caught.value.code) == ("requests", "ThrottlingException")
    scene.ask("b", 3)
    scene.end("a", 0.1)
    scene.ask("a")


def test_a_budget_that_is_used_up_says_when_to_come_again() -> None:
    scene = _Scene(Shares(2, 100, key_share=0.1))
    scene.ask("a", 2)
    scene.start()
    scene.end("a", 3.0)
    scene.end("a", 0.0)
    with pytest.raises(ThrottledError) as caught:
        scene.ask("a")
    error = caught.value
    assert error.reason == "share"
    # twice the integral of what fades with a constant of ten seconds, over three
    assert "used 5.2 seconds of computing in about the last 10, and may use 2.0" in error.message
    assert error.retry_after_ms is not None
    assert error.retry_after_ms == pytest.approx(10_000 * math.log(5.18 / 2.0), rel=0.01)
    scene.ask("b")
    scene.now += error.retry_after_ms / 1000
    scene.ask("a")


def test_what_is_still_running_counts() -> None:
    scene = _Scene(Shares(1, 100, key_share=0.1))
    scene.ask("a")
    scene.start()
    scene.now += 1.2
    with pytest.raises(ThrottledError):
        scene.ask("a")


def test_without_a_budget_nobody_is_throttled_for_computing() -> None:
    scene = _Scene(Shares(1, 1))
    for _ in range(50):
        scene.ask("a")
        scene.start()
        scene.end("a", 30.0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.floats(0, 3)), max_size=60),
    st.integers(1, 4),
    st.integers(0, 6),
)
def test_whatever_happens_slots_and_room_are_kept(
    steps: list[tuple[str, int, float]], slots: int, waiting: int
) -> None:
    scene, entered, lost = _Scene(Shares(slots, waiting)), 0, 0
    begun = Counter[str]()
    for key, count, seconds in steps:
        for _ in range(count):
            try:
                lost += scene.queue.enter(key, key) is not None
                entered += 1
            except ThrottledError:
                pass
            assert scene.queue.running + scene.queue.waiting <= slots + waiting
        begun.update(scene.start())
        assert scene.queue.running <= slots + 1
        # nobody waits while the reserve is free, but for keys that have something running
        busy = {turn.key for turn in scene.running}
        if scene.queue.running <= slots:
            assert all(each in busy for each, of in scene.queue._accounts.items() if of.waiting)
        if scene.running:
            begun.update(scene.end(scene.running[0].key, seconds))
    while scene.running:
        begun.update(scene.end(scene.running[0].key, 0.5))
    assert (scene.queue.running, scene.queue.waiting) == (0, 0)
    assert sum(begun.values()) == entered - lost


@given(st.integers(1, 4), st.floats(0.05, 2), st.floats(0.05, 2))
def test_two_keys_that_never_stop_get_about_the_same_time(
    slots: int, long: float, short: float
) -> None:
    """Whatever each of their requests takes."""
    scene = _Scene(Shares(slots, 1000))
    takes, time = {"a": long, "b": short}, Counter[str]()
    for key in "ab":
        scene.ask(key, 8)
    scene.start()
    while scene.now < 60:
        turn = min(scene.running, key=lambda turn: turn.started + takes[turn.key])
        time[turn.key] += takes[turn.key]  # type: ignore[assignment]
        scene.ask(turn.key)
        scene.end(turn.key, max(turn.started + takes[turn.key] - scene.now, 0))
    assert min(time.values()) > 0.3 * sum(time.values())


def test_what_a_key_has_elsewhere_counts_in_its_limit() -> None:
    scene = _Scene(Shares(4, 100, key_requests=3))
    scene.queue.learn([PoolUse(4, {"a": KeyUse(1, 0.0)}), PoolUse(4, {"a": KeyUse(1, 0.0)})])
    scene.ask("a")
    with pytest.raises(ThrottledError, match="3 requests in progress or waiting, and 3 is"):
        scene.ask("a")
    assert scene.queue.claim("a", "a") is None
    scene.ask("b", 3)
    scene.queue.learn([PoolUse(4, {"a": KeyUse(1, 0.0)})])  # one has died
    scene.ask("a")


def test_a_share_is_of_the_slots_of_all() -> None:
    scene = _Scene(Shares(2, 100, key_share=0.5))
    other = PoolUse(2, {"a": KeyUse(0, 15.0)})
    scene.queue.learn([other])
    scene.ask("a")  # 15 of 20
    scene.queue.learn([PoolUse(0, other.keys)])
    with pytest.raises(ThrottledError, match=r"may use 10\.0: try again in 4\.1 seconds"):
        scene.ask("a")


def test_who_is_not_heard_of_any_more_is_forgotten() -> None:
    scene = _Scene(Shares(4, 100, key_requests=1))
    scene.queue.learn([PoolUse(4, {"a": KeyUse(1, 0.0)})])
    with pytest.raises(ThrottledError):
        scene.ask("a")
    scene.now += DEAF_SECONDS
    scene.ask("a")


def test_what_is_told_to_others_is_what_counts_here() -> None:
    scene = _Scene(Shares(2, 100))
    scene.ask("a", 3)
    scene.start()
    scene.ask("")
    scene.now += 1.0
    told = scene.queue.use()
    assert (told.slots, set(told.keys)) == (2, {"a"})
    assert told.keys["a"].inside == 3
    assert told.keys["a"].used == pytest.approx(2 * 10 * -math.expm1(-0.1))
    for _ in range(3):
        scene.end("a", 0.0)
    scene.now += 100
    assert scene.queue.use().keys == {}
