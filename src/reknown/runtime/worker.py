"""A process that runs video jobs."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.api.video_notices import notice
from reknown.biometrics.errors import InputError
from reknown.notify.base import backoff
from reknown.runtime.last_words import last_words
from reknown.runtime.log import json_log
from reknown.runtime.parent import end_with
from reknown.runtime.platform import open_platform
from reknown.runtime.stores import can_read_videos, open_objects, open_senders, open_sinks
from reknown.runtime.sweeper import Sweeper
from reknown.services.archive.additions import forget_archives
from reknown.services.archive.sightings import purge_everywhere
from reknown.services.context import Context
from reknown.services.live.delivery import EventDeliverer
from reknown.services.live.planned import watch_as_planned
from reknown.services.live.worker import WatchMakings, WatchWorker
from reknown.services.videos.films import forget_uploads
from reknown.services.videos.notices import NoticeSender
from reknown.services.videos.work import WorkerContext
from reknown.services.videos.worker import ACTOR, VideoWorker, WorkerIntervals
from reknown.video.live.camera import LiveCamera
from reknown.video.live.cameras_file import CamerasFile
from reknown.vision.handling import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from structlog.typing import FilteringBoundLogger

    from reknown.configuration import Settings
    from reknown.services.context import Platform

_PARENT_ENDED = "the server that started this worker has ended"


def work(settings: Settings, *, once: bool = False, parent: int | None = None) -> None:
    """Works until SIGTERM or SIGINT, or `once` on what is waiting; ends when `parent` does.

    Raises `InputError` when there is nothing to read videos from or with.
    """
    log = json_log()
    with last_words(log):
        _work(settings, log, once=once, parent=parent)


def _work(settings: Settings, log: FilteringBoundLogger, *, once: bool, parent: int | None) -> None:
    if parent is not None and not end_with(parent):
        log.info("stopping", reason=_PARENT_ENDED)
        return
    if not settings.objects.have_videos and not settings.worker.streams:
        raise InputError(
            "a worker needs --buckets, --s3-endpoint or --uploads to read videos from, or "
            "--streams and --cameras to watch"
        )
    if once and not settings.objects.have_videos:
        raise InputError(
            "--once ends when no video waits, and a watch has no end: leave it out to watch cameras"
        )
    if not can_read_videos():
        raise InputError("videos and cameras need PyAV: pip install 'reknown[video]'")
    with open_platform(
        settings, objects=open_objects(settings.objects), handling=REQUESTS
    ) as platform:
        worker = make_worker(settings, platform)
        told: list[str] = []

        def stop(number: int, _frame: FrameType | None) -> None:
            orphan = parent is not None and os.getppid() != parent
            told.append(_PARENT_ENDED if orphan else signal.Signals(number).name)
            worker.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if once:
            worker.run_once()
        else:
            worker.run(beside=watching(settings, platform))
        if told:  # a handler of signals must not log itself
            log.info("stopping", reason=told[0])


@contextmanager
def watching(settings: Settings, platform: Platform) -> Iterator[None]:
    """Watches cameras meanwhile, if the settings say so; raises `InputError`."""
    if not settings.worker.streams:
        yield
        return
    if settings.worker.cameras is None:
        raise InputError("--streams needs --cameras, the file with what may be watched")
    makings = WatchMakings(CamerasFile(settings.worker.cameras), LiveCamera, watch_as_planned)
    worker = WatchWorker(platform, makings, settings.worker.streams, json_log())
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def make_worker(settings: Settings, platform: Platform) -> VideoWorker:
    """A worker on the jobs of this platform; raises `InputError`."""
    log = json_log()
    sweeper = Sweeper(platform, log, settings.events.events_days)

    def purge() -> None:
        sweeper.sweep()  # first: what fails here keeps nothing else from being deleted
        purge_everywhere(Context(platform, ACTOR))
        forget_uploads(platform)
        forget_archives(platform)

    return VideoWorker(
        WorkerContext(platform, notice, bool(settings.notices.webhook)),
        [
            NoticeSender(platform.database, open_senders(settings.notices), backoff, log),
            EventDeliverer(platform.database, open_sinks(settings, platform.database), log),
        ],
        log,
        WorkerIntervals(timedelta(seconds=settings.worker.lease_seconds)),
        purge,
        videos=settings.objects.have_videos,
    )
