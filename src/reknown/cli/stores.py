"""Where objects come from and notices go to, as the options of `serve` and `worker` say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reknown.notify.base import Sender
    from reknown.objects.base import ObjectReader

SECRET = "REKNOWN_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """The folder or the endpoint that objects are read from, and the buckets allowed."""

    buckets: Path | None
    endpoint: str | None
    region: str
    allowed: tuple[str, ...]

    def words(self) -> Iterator[str]:
        """The same as options of a command."""
        if self.buckets is not None:
            yield from ("--buckets", str(self.buckets.absolute()))
        if self.endpoint is not None:
            yield from ("--s3-endpoint", self.endpoint, "--s3-region", self.region)
        for name in self.allowed:
            yield from ("--allow-bucket", name)


@dataclass(frozen=True, slots=True)
class NoticeOptions:
    """Where topics are, and the webhook."""

    endpoint: str | None
    region: str
    webhook: str | None

    def words(self) -> Iterator[str]:
        """The same as options of a command."""
        if self.endpoint is not None:
            yield from ("--sns-endpoint", self.endpoint, "--sns-region", self.region)
        if self.webhook is not None:
            yield from ("--webhook", self.webhook)


def can_read_videos() -> bool:
    """Whether PyAV is installed; it is not loaded."""
    return find_spec("av") is not None


def open_objects(options: StoreOptions) -> ObjectReader:
    """The reader that the options ask for; raises `InputError` when they contradict."""
    from reknown.biometrics.errors import InputError
    from reknown.objects.allow import AllowedBuckets, NoObjects
    from reknown.objects.folder import FolderObjects
    from reknown.objects.s3 import S3Objects

    allowed = frozenset(options.allowed) or None
    if options.buckets and options.endpoint:
        raise InputError("objects come from --buckets or from --s3-endpoint, not from both")
    if options.endpoint:
        return AllowedBuckets(S3Objects(options.endpoint, options.region), allowed)
    if options.buckets:
        return AllowedBuckets(FolderObjects(options.buckets), allowed)
    if allowed:
        raise InputError("--allow-bucket needs --buckets or --s3-endpoint")
    return NoObjects()


def open_senders(options: NoticeOptions) -> Mapping[str, Sender]:
    """A sender for each channel that the options name; raises `InputError`."""
    from reknown.biometrics.errors import InputError
    from reknown.notify.sns import SnsSender
    from reknown.notify.webhook import WebhookSender
    from reknown.services.videos.work import SNS, WEBHOOK

    senders: dict[str, Sender] = {}
    if options.endpoint is not None:
        senders[SNS] = SnsSender(options.endpoint, options.region)
    if options.webhook is not None:
        secret = os.environ.get(SECRET)
        if not secret:
            raise InputError(
                f"--webhook needs the environment variable {SECRET}, by which the receiver "
                "knows that it is us: echo whsec_$(openssl rand -base64 32) makes one"
            )
        senders[WEBHOOK] = WebhookSender(options.webhook, secret)
    return senders
