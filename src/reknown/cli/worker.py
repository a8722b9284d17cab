"""`reknown worker`."""

from __future__ import annotations

import ctypes
import os
import signal
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import (
    DEFAULT_REGION,
    AllowBucket,
    Buckets,
    Data,
    Pack,
    S3Endpoint,
    S3Region,
    SnsEndpoint,
    SnsRegion,
    Webhook,
)

if TYPE_CHECKING:
    from types import FrameType

    from reknown.cli.stores import NoticeOptions
    from reknown.services.context import Platform
    from reknown.services.videos.worker import Worker

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1


def worker(
    data: Data = None,
    pack: Pack = None,
    buckets: Buckets = None,
    s3_endpoint: S3Endpoint = None,
    s3_region: S3Region = DEFAULT_REGION,
    allow_bucket: AllowBucket = None,
    sns_endpoint: SnsEndpoint = None,
    sns_region: SnsRegion = DEFAULT_REGION,
    webhook: Webhook = None,
    once: Annotated[
        bool, typer.Option("--once", help="Work on what is waiting, then end.")
    ] = False,
    lease_seconds: Annotated[
        float,
        typer.Option(
            min=1, help="After so long without word of it, another worker takes a job over."
        ),
    ] = 30,
    parent: Annotated[
        int | None,
        typer.Option(hidden=True, help="End when this process does, which started this one."),
    ] = None,
) -> None:
    """Work on the videos that clients of `reknown serve` ask about.

    Takes one job after the other from the data folder. `serve` runs one worker itself, and any
    number of others share the work. A worker that dies loses nothing: after its lease another
    one takes over. SIGTERM gives the job back at once.

    A log line in JSON for each job goes to standard error.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.stores import NoticeOptions, StoreOptions, can_read_videos

    if parent is not None:
        _end_with(parent)
    stores = StoreOptions(buckets, s3_endpoint, s3_region, tuple(allow_bucket or ()))
    if not (buckets or s3_endpoint):
        raise InputError("a worker needs --buckets or --s3-endpoint to read videos from")
    if not can_read_videos():
        raise InputError("videos need PyAV: pip install 'reknown[video]'")
    notices = NoticeOptions(sns_endpoint, sns_region, webhook)
    from reknown.cli.stores import open_objects
    from reknown.runtime.platform import open_platform
    from reknown.settings import read_settings

    with open_platform(read_settings(data), pack=pack, objects=open_objects(stores)) as platform:
        made = _worker(platform, notices, timedelta(seconds=lease_seconds))

        def stop(_signal: int, _frame: FrameType | None) -> None:
            made.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if once:
            made.run_once()
        else:
            made.run()


def _worker(platform: Platform, notices: NoticeOptions, lease_time: timedelta) -> Worker:
    from reknown.api.video_notices import notice
    from reknown.cli.stores import open_senders
    from reknown.jsonlog import json_log
    from reknown.notify.base import backoff
    from reknown.services.context import Context
    from reknown.services.videos.notices import NoticeSender
    from reknown.services.videos.tracks import purge_everywhere
    from reknown.services.videos.work import WorkerContext
    from reknown.services.videos.worker import ACTOR, Worker, WorkerIntervals

    log = json_log()
    worker = WorkerContext(platform, notice, notices.webhook is not None)
    sender = NoticeSender(platform.database, open_senders(notices), backoff, log)
    purge = partial(purge_everywhere, Context(platform, ACTOR))
    return Worker(worker, sender, log, WorkerIntervals(lease_time), purge)


def _end_with(parent: int) -> None:
    """Asks the system for SIGTERM when the parent dies, however it does."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died meanwhile
        raise typer.Exit
