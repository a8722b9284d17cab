"""What a process opens as its settings say: the vault, objects, senders of notices."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.configuration import WEBHOOK_SECRET
from reknown.notify.sns import SnsSender
from reknown.notify.webhook import WebhookSender
from reknown.objects.allow import AllowedBuckets, NoObjects
from reknown.objects.folder import FolderObjects
from reknown.objects.s3 import S3Objects
from reknown.runtime.location import given_key
from reknown.services import master_key
from reknown.services.context import Context
from reknown.services.videos.work import SNS, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.access.vault import Vault
    from reknown.configuration import Notices, Objects, Settings
    from reknown.notify.base import Sender
    from reknown.objects.base import ObjectReader
    from reknown.services.context import Platform


def open_vault(settings: Settings, platform: Platform) -> Vault:
    """The vault of the master key given, else of the data folder's own key; `AccessError`."""
    context = Context(platform, settings.actor)
    return master_key.open_vault(context, settings.data, given_key(settings))


def can_read_videos() -> bool:
    """Whether PyAV is installed; it is not loaded."""
    return find_spec("av") is not None


def open_objects(settings: Objects) -> ObjectReader:
    """Reads from the folder or the endpoint, if one is set; raises `InputError`."""
    allowed = frozenset(settings.allow_bucket) or None
    if settings.s3_endpoint:
        return AllowedBuckets(S3Objects(settings.s3_endpoint, settings.s3_region), allowed)
    if settings.buckets:
        return AllowedBuckets(FolderObjects(settings.buckets), allowed)
    return NoObjects()


def open_senders(settings: Notices) -> Mapping[str, Sender]:
    """A sender for each channel that is set; raises `InputError`."""
    senders: dict[str, Sender] = {}
    if settings.sns_endpoint is not None:
        senders[SNS] = SnsSender(settings.sns_endpoint, settings.sns_region)
    if settings.webhook is not None:
        secret = os.environ.get(WEBHOOK_SECRET)
        if not secret:
            raise InputError(
                f"--webhook needs {WEBHOOK_SECRET} in the environment, which signs what is sent; "
                "to make one: echo whsec_$(openssl rand -base64 32)"
            )
        senders[WEBHOOK] = WebhookSender(settings.webhook, secret)
    return senders
