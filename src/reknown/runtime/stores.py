"""What a process opens as its settings say: the vault, objects, senders of notices."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from reknown.api.stream_records import stream_record
from reknown.biometrics.errors import InputError
from reknown.configuration import MQTT_PASSWORD, MQTT_USER, WEBHOOK_SECRET
from reknown.notify.base import NotifyTimeouts
from reknown.notify.kinesis import KinesisSender
from reknown.notify.mqtt import MqttSender
from reknown.notify.sns import SnsSender
from reknown.notify.webhook import WebhookSender
from reknown.objects.allow import AllowedBuckets, NoObjects, WritableBuckets
from reknown.objects.folder import FolderObjects
from reknown.objects.s3 import S3Objects, S3Timeouts
from reknown.runtime.location import given_key
from reknown.services import master_key
from reknown.services.context import Context
from reknown.services.live.record_sinks import BucketSink, DataStreamSink
from reknown.services.live.sinks import BrokerSink, SenderSink
from reknown.services.videos.work import SNS, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.access.vault import Vault
    from reknown.configuration import Notices, Objects, Settings
    from reknown.notify.base import Sender
    from reknown.objects.base import ObjectReader, ObjectWriter
    from reknown.services.context import Platform
    from reknown.services.live.delivery import EventSink
    from reknown.storage.database import Database

# What happens now is told now, or soon again: shorter than the lease of a delivery.
_LIVE = NotifyTimeouts(connect=3.0, read=5.0, answer=8.0)
_LIVE_OBJECTS = S3Timeouts(connect=3.0, read=5.0, body=8.0, attempts=1)


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


def open_sinks(settings: Settings, database: Database) -> list[EventSink]:
    """A sink for each way out of live events that is set; raises `InputError`."""
    wanted = settings.events
    sinks: list[EventSink] = []
    if wanted.events_webhook is not None:
        sender = WebhookSender(wanted.events_webhook, _signing("--events-webhook"), _LIVE)
        sinks.append(SenderSink(WEBHOOK, sender))
    if wanted.events_topic is not None:
        if settings.notices.sns_endpoint is None:
            raise InputError("--events-topic needs --sns-endpoint")
        topics = SnsSender(
            settings.notices.sns_endpoint, settings.notices.sns_region, timeouts=_LIVE
        )
        sinks.append(SenderSink(SNS, topics, wanted.events_topic))
    if wanted.mqtt is not None:
        user, password = os.environ.get(MQTT_USER), os.environ.get(MQTT_PASSWORD)
        broker = MqttSender(wanted.mqtt, user, password, _LIVE, wanted.mqtt_ca)
        sinks.append(BrokerSink("mqtt", broker, database, wanted.mqtt_topic, wanted.home_assistant))
    if settings.notices.kinesis_endpoint is not None:
        records = KinesisSender(
            settings.notices.kinesis_endpoint, settings.notices.kinesis_region, timeouts=_LIVE
        )
        sinks.append(DataStreamSink(database, records, stream_record))
    if settings.objects.record_bucket:
        sinks.append(BucketSink(database, _open_writer(settings.objects), stream_record))
    return sinks


def _open_writer(settings: Objects) -> ObjectWriter:
    allowed = frozenset(settings.record_bucket)
    if settings.buckets:
        return WritableBuckets(FolderObjects(settings.buckets), allowed)
    endpoint = settings.s3_endpoint or ""
    writer = S3Objects(endpoint, settings.s3_region, timeouts=_LIVE_OBJECTS)
    return WritableBuckets(writer, allowed)


def open_senders(settings: Notices) -> Mapping[str, Sender]:
    """A sender for each channel that is set; raises `InputError`."""
    senders: dict[str, Sender] = {}
    if settings.sns_endpoint is not None:
        senders[SNS] = SnsSender(settings.sns_endpoint, settings.sns_region)
    if settings.webhook is not None:
        senders[WEBHOOK] = WebhookSender(settings.webhook, _signing("--webhook"))
    return senders


def _signing(option: str) -> str:
    secret = os.environ.get(WEBHOOK_SECRET)
    if not secret:
        raise InputError(
            f"{option} needs {WEBHOOK_SECRET} in the environment, which signs what is sent; "
            "to make one: echo whsec_$(openssl rand -base64 32)"
        )
    return secret
