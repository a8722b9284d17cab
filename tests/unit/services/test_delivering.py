from __future__ import annotations

from threading import Event

from reknown.biometrics.errors import DatabaseError
from reknown.services.delivering import Deliverer

_MANY = 100


class _Database:
    """It is lost until somebody mends it; `asked` when it was asked often."""

    def __init__(self, *, lost: bool) -> None:
        self.lost = lost
        self.count = 0
        self.asked = Event()

    def deliver(self) -> bool:
        self.count += 1
        if self.count >= _MANY:
            self.asked.set()
        if self.lost:
            raise DatabaseError("it is gone")
        return False


def test_a_database_that_is_lost_is_asked_less_and_less_until_it_is_back() -> None:
    errors: list[Exception] = []
    there, lost = _Database(lost=False), _Database(lost=True)
    deliverers = [Deliverer(each.deliver, 0.001, errors.append) for each in (there, lost)]
    for each in deliverers:
        each.start()
    assert there.asked.wait(30)
    # each waits twice as long as the one before: 15 take more than 30 seconds
    assert 0 < len(errors) < 16
    lost.lost = False
    assert lost.asked.wait(90)
    for each in deliverers:
        each.stop(30)


def _unfailing(error: Exception) -> None:
    raise error


def test_what_is_due_at_the_end_is_delivered_before_it() -> None:
    due: list[str] = []
    told: list[str] = []
    looked = Event()

    def deliver_one() -> bool:
        found = due.pop() if due else None
        looked.set()
        if found is None:
            return False
        told.append(found)
        return True

    made = Deliverer(deliver_one, 3600, _unfailing)
    made.start()
    assert looked.wait(30)
    due.append("everybody has left")
    made.stop(30)
    assert told == ["everybody has left"]


def test_the_end_is_not_put_off_for_ever() -> None:
    made = Deliverer(lambda: True, 3600, _unfailing)
    made.start()
    made.stop(0.05)
    assert made.stopping
