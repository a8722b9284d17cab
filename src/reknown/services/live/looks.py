"""What does the camera of a watch see now? Asked again and again, by whoever looks at it.

The worker that has the camera may be on another machine: both know the database alone. So the
picture goes through it, sealed to a key that this process makes for the look and never writes down.
The picture is the veiled one: nobody can be told in it but people with candidates.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.ledger import log
from reknown.ledger.records import LookThroughCameraRecord, ReadWatchRecord
from reknown.sealing.envelopes import seal_to
from reknown.services.live.plans import plan_of
from reknown.services.live.watches import CameraWatch, anybody, require_permitted
from reknown.storage.clock import as_text
from reknown.storage.database import reading
from reknown.watches import looks, watches
from reknown.watches.looks import RECORDED_AGAIN
from reknown.watches.watches import WatchState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reknown.sealing.envelopes import Recipient
    from reknown.services.context import Context
    from reknown.watches.looks import StoredLook
    from reknown.watches.watches import WatchedCamera

# What is older is not what the camera sees now.
_NOW = timedelta(seconds=10)
_ASK_AGAIN = timedelta(seconds=3)
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class CameraSight:
    """What the camera of a watch sees, as a veiled JPEG, and how the watch is.

    Without a picture the worker has not sent one yet, or none for some seconds. `taken_at` is by
    the database's clock.
    """

    watch: CameraWatch
    picture: bytes | None = None
    taken_at: datetime | None = None
    age_seconds: float | None = None


def look_through_camera(
    context: Context, name: str, permitted: Callable[[str], bool] = anybody
) -> CameraSight:
    """The newest picture; whoever goes on asking has one every second.

    That somebody looks is recorded at the beginning and every minute, once for all processes that
    they ask. Where the watch does not run nobody sees anything: they have read how it is.

    Raises `NotFoundError`, `AccessError`, or `LimitError` where too many look.
    """
    with reading(context.database) as connection:
        watch = require_permitted(watches.find(connection, name), permitted)
        key = context.platform.look_keys.of(watch.key, context.actor.name)
        look = looks.find(connection, key.public)
    shown = CameraWatch(watch, plan_of(watch.settings))
    if watch.state is not WatchState.RUNNING:
        _note_reading(context, watch)
        return CameraSight(shown)
    if look is None or look.asked >= _ASK_AGAIN or look.recorded >= RECORDED_AGAIN:
        _ask(context, name, key)
    return CameraSight(shown) if look is None else _opened(shown, key, look)


def first_sight(context: Context, name: str, seconds: float) -> CameraSight:
    """The first picture that comes within so many seconds, for somebody who looks once.

    Without one, at once where the watch does not run or rests, as it is by then. Raises as
    `look_through_camera` does.
    """
    deadline = time.monotonic() + seconds
    while True:
        sight = look_through_camera(context, name)
        watch = sight.watch
        comes = watch.stored.state is WatchState.RUNNING and not watch.rests
        if sight.picture is not None or not comes or time.monotonic() >= deadline:
            return sight
        time.sleep(_PAUSE)


def sealed_picture(public_key: bytes, picture: bytes, taken_at: datetime) -> bytes:
    """For the look with this key alone, and with this time."""
    return seal_to(public_key, picture, _context(taken_at))


def _ask(context: Context, name: str, key: Recipient) -> None:
    """Has the worker send pictures from now on, or send on."""
    actor = context.actor
    with context.database.begin() as connection:
        watch = watches.claim_changes(connection, name)
        if looks.ask(connection, watch, key.public, actor.name):
            log.append(connection, actor, watch.collection, LookThroughCameraRecord(watch.name))


def _note_reading(context: Context, watch: WatchedCamera) -> None:
    """Records it, of whoever goes on every minute."""
    record = ReadWatchRecord(watch.name)
    look = (context.actor.name, watch.collection, record)
    if not context.platform.recent_looks.has(look):
        log.record(context.database, context.actor, watch.collection, record)
        context.platform.recent_looks.keep(look)


def _opened(shown: CameraWatch, key: Recipient, look: StoredLook) -> CameraSight:
    if look.sealed is None or look.taken_at is None or look.age is None or look.age > _NOW:
        return CameraSight(shown)
    picture = key.open(look.sealed, _context(look.taken_at))
    if picture is None:
        return CameraSight(shown)
    return CameraSight(shown, picture, look.taken_at, look.age.total_seconds())


def _context(taken_at: datetime) -> bytes:
    return f"what a camera saw at {as_text(taken_at)}".encode()
