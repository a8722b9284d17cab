from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.jobs import outbox
from reknown.jobs.schema import notices

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MINUTE = timedelta(minutes=1)
_NO_TIME = timedelta(0)
_BOTH = ("sns", "webhook")


def test_a_notice_is_due_at_once_and_claimed_by_one(connection: Connection) -> None:
    assert not outbox.has_due(connection, _BOTH)
    outbox.add(connection, "job", "sns", "topic", "body")
    assert outbox.has_due(connection, _BOTH)
    notice = outbox.claim(connection, _BOTH, _MINUTE)
    assert notice is not None
    assert (notice.job_id, notice.target, notice.body, notice.attempt) == (
        "job",
        "topic",
        "body",
        1,
    )
    assert outbox.claim(connection, _BOTH, _MINUTE) is None
    assert not outbox.has_due(connection, _BOTH)


def test_what_has_been_delivered_is_gone(connection: Connection) -> None:
    outbox.add(connection, "job", "sns", "topic", "body")
    notice = outbox.claim(connection, _BOTH, _NO_TIME)
    assert notice is not None
    outbox.delivered(connection, notice)
    assert outbox.claim(connection, _BOTH, _MINUTE) is None
    assert connection.execute(notices.select()).all() == []


def test_whoever_dies_while_delivering_is_replaced(connection: Connection) -> None:
    outbox.add(connection, "job", "sns", "topic", "body")
    first = outbox.claim(connection, _BOTH, _NO_TIME)
    second = outbox.claim(connection, _BOTH, _MINUTE)
    assert first is not None
    assert second is not None
    assert (second.id, second.attempt) == (first.id, 2)
    # the one who was replaced does not disturb the other
    outbox.failed(connection, first, "too late", None)
    (row,) = connection.execute(notices.select()).all()
    assert row.error is None
    assert row.due_at is not None


def test_a_failure_is_tried_again_later_or_given_up(connection: Connection) -> None:
    outbox.add(connection, "job", "sns", "topic", "body")
    notice = outbox.claim(connection, _BOTH, _MINUTE)
    assert notice is not None
    outbox.failed(connection, notice, "nobody there", _NO_TIME)
    again = outbox.claim(connection, _BOTH, _MINUTE)
    assert again is not None
    assert again.attempt == 2
    outbox.failed(connection, again, "still nobody", _MINUTE)
    assert outbox.claim(connection, _BOTH, _MINUTE) is None
    outbox.failed(connection, again, "x" * 10_000, None)
    (row,) = connection.execute(notices.select()).all()
    assert row.due_at is None
    assert row.error == "x" * 500
    assert not outbox.has_due(connection, _BOTH)


def test_only_the_channels_at_hand_are_served(connection: Connection) -> None:
    outbox.add(connection, "job", "webhook", "", "body")
    assert not outbox.has_due(connection, ["sns"])
    assert not outbox.has_due(connection, [])
    assert outbox.claim(connection, ["sns"], _MINUTE) is None
    assert outbox.claim(connection, ["webhook"], _MINUTE) is not None
