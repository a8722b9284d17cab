"""A camera watched by a program, an event at a time, for as long as it asks for the next one."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from threading import Timer
from typing import TYPE_CHECKING

from reknown.services.live.planned import settings_from
from reknown.services.live.sources import StoppableSource
from reknown.services.live.telling import tell
from reknown.services.live.watching import watched_events
from reknown.storage.database import reading
from reknown.video.live.camera import LiveCamera

if TYPE_CHECKING:
    from collections.abc import Generator

    from reknown.services.context import Context
    from reknown.services.live.planned import AskedWatch
    from reknown.services.live.telling import ToldEvent
    from reknown.video.live.cameras import Camera


def watch_at_hand(
    context: Context, camera: Camera, asked: AskedWatch, seconds: float | None
) -> Generator[ToldEvent]:
    """Events until the camera ends, so many seconds have passed, or the iterator is closed.

    Raises as `settings_from` and `watched_events`.
    """
    wanted = replace(settings_from(context, asked), camera=camera.name)
    with ExitStack() as opened:
        source = StoppableSource(opened.enter_context(LiveCamera(camera)), lambda _: None)
        if seconds is not None:
            timer = Timer(seconds, source.stop)
            timer.daemon = True
            timer.start()
            opened.callback(timer.cancel)
        for event in opened.enter_context(closing(watched_events(context, wanted, source))):
            with reading(context.database) as connection:
                (told,) = tell(connection, [event])
            yield told
