"""`reknown worker`."""

from __future__ import annotations

import ctypes
import os
import signal
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, BinaryIO

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
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.cli.stores import NoticeOptions, StoreOptions
    from reknown.services.video_work import Packs
    from reknown.services.worker import Worker
    from reknown.storage.database import Database

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
    from reknown.cli.session import open_gallery
    from reknown.cli.stores import NoticeOptions, StoreOptions, can_read_videos

    if parent is not None:
        _end_with(parent)
    stores = StoreOptions(buckets, s3_endpoint, s3_region, tuple(allow_bucket or ()))
    if not (buckets or s3_endpoint):
        raise InputError("a worker needs --buckets or --s3-endpoint to read videos from")
    if not can_read_videos():
        raise InputError("videos need PyAV: pip install 'reknown[video]'")
    notices = NoticeOptions(sns_endpoint, sns_region, webhook)
    with open_gallery(data) as database:
        packs = _packs(pack)
        made = _worker(database, packs, stores, notices, timedelta(seconds=lease_seconds))

        def stop(_signal: int, _frame: FrameType | None) -> None:
            made.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if once:
            made.run_once()
        else:
            made.run()


def _worker(
    database: Database,
    packs: Packs,
    stores: StoreOptions,
    notices: NoticeOptions,
    lease_time: timedelta,
) -> Worker:
    from reknown.api.video_notices import notice
    from reknown.cli.stores import open_objects, open_senders
    from reknown.jsonlog import json_log
    from reknown.notify.base import backoff
    from reknown.services.kept_tracks import purge_everywhere
    from reknown.services.notices import Postman
    from reknown.services.video_work import Workplace
    from reknown.services.worker import ACTOR, Rhythm, Worker

    senders = open_senders(notices)
    log = json_log()
    place = Workplace(database, open_objects(stores), packs, notice, notices.webhook is not None)
    postman = Postman(database, senders, backoff, log)
    purge = partial(purge_everywhere, database, ACTOR)
    return Worker(place, postman, log, Rhythm(lease_time), purge)


def _packs(pack: str | None) -> Packs:
    """Pictures are looked at in a process of their own: no model is loaded into this one."""
    from reknown.cli.session import DEFAULT_PACK, pack_store
    from reknown.services.video_work import Packs
    from reknown.settings import read_settings

    settings = read_settings()

    def calibration(name: str) -> Calibration | None:
        from reknown.vision.packs.space import pack_calibration

        return pack_calibration(pack_store().manifest(name))[0]

    return Packs(
        default=pack or DEFAULT_PACK,
        analyse=_analysis(settings.cache, settings.packs),
        calibration=calibration,
    )


def _analysis(
    cache: Path, packs: Path
) -> Callable[[BinaryIO, str, Callable[[], None]], VideoAnalysis]:
    def analyse(file: BinaryIO, name: str, alive: Callable[[], None]) -> VideoAnalysis:
        from reknown.video.isolation import AnalysisRequest, analyse_isolated

        request = AnalysisRequest(name, cache, packs)
        return analyse_isolated(file, request, lambda *_: alive())

    return analyse


def _end_with(parent: int) -> None:
    """Asks the system for SIGTERM when the parent dies, however it does."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died meanwhile
        raise typer.Exit
