from __future__ import annotations

import json
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
import structlog

from brokers import needs_mosquitto, running, subscribed
from moto_server import KEY_ID, SECRET, moto_server, without_aws_settings
from reknown.gallery.collections import create_collection, delete_collection
from reknown.notify.base import NotifyTimeouts
from reknown.notify.mqtt import MqttSender
from reknown.notify.sns import SnsSender
from reknown.services.live.delivery import EventDeliverer
from reknown.services.live.sinks import BrokerSink, SenderSink
from reknown.services.live.telling import tell
from reknown.watches import claims, events
from unit.databases import engine, own_engine
from unit.watches.live_events import SPACE, arrival, loss

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from reknown.services.live.telling import ToldEvent

__all__ = ["engine", "own_engine"]


def _told(database: Engine, *watches: str) -> list[ToldEvent]:
    with database.begin() as connection:
        create_collection(connection, "people", SPACE)
        for watch in watches:
            events.append(connection, arrival(watch=watch))
        return tell(connection, events.read(connection, 0, len(watches)))


@needs_mosquitto
def test_sensors_are_made_once_for_a_watch_and_a_connection(
    own_engine: Engine, tmp_path: Path
) -> None:
    first, second, gate, later = _told(own_engine, "door", "door", "gate", "door")
    with running(tmp_path / "broker") as broker:
        sender = MqttSender(broker.url, timeouts=NotifyTimeouts(connect=2, read=3))
        sink = BrokerSink("mqtt", sender, own_engine, "reknown", "ha")

        def sensors(*told: ToldEvent) -> list[str]:
            with subscribed(broker, "ha/#") as heard:
                list(map(sink.send, told))
                new = [topic for topic, _, kept in heard.everything() if not kept]
            return [topic.split("/")[1] for topic in new]

        assert sensors(first) == ["sensor", "binary_sensor"]
        assert sensors(second) == []
        assert sensors(gate) == ["sensor", "binary_sensor"]
        sender.close()
        # the broker may have been replaced by one that knows nothing
        assert sensors(later) == ["sensor", "binary_sensor"]
        sender.close()


@needs_mosquitto
def test_nobody_is_kept_there_once_the_collection_is_deleted(
    own_engine: Engine, tmp_path: Path
) -> None:
    with own_engine.begin() as connection:
        create_collection(connection, "people", SPACE)
    shown = {"people": "a stranger", "presence": "ON", "availability": "online"}
    nobody = {"people": "nobody", "presence": "OFF", "availability": "offline"}
    with running(tmp_path / "broker") as broker:
        sender = MqttSender(broker.url, timeouts=NotifyTimeouts(connect=2, read=3))
        sink = BrokerSink("mqtt", sender, own_engine, "reknown", "ha")
        deliverer = EventDeliverer(own_engine, [sink], structlog.get_logger())

        def kept(watch: str) -> dict[str, str]:
            with subscribed(broker, f"reknown/{watch}/+") as heard:
                return {topic.split("/")[2]: body for topic, body in heard.kept(3).items()}

        with closing(sender):
            with own_engine.begin() as connection:
                for watch in ("door", "gate"):
                    events.append(connection, replace(loss(watch), state="connected"))
                    events.append(connection, arrival(watch=watch))
                held = claims.claim(connection, "gate", "people", timedelta(minutes=1))
            deliverer.deliver()
            assert kept("door") == kept("gate") == shown
            with own_engine.begin() as connection:
                delete_collection(connection, "people")
            assert deliverer.deliver() == 1
            assert kept("door") == nobody
            # who watches there still will say how it ends
            assert kept("gate")["availability"] == "online"
            with own_engine.begin() as connection:
                claims.release(connection, held)
            assert deliverer.deliver() == 1
            assert kept("gate") == nobody
            assert deliverer.deliver() == 0
            # a collection of that name, and its watch, begin anew
            with own_engine.begin() as connection:
                create_collection(connection, "people", SPACE)
                events.append(connection, replace(loss(), state="connected"))
            deliverer.deliver()
            assert kept("door") == nobody | {"availability": "online"}


@pytest.mark.parametrize("ending", ["", ".fifo"])
def test_a_topic_is_told_of_a_watch_in_order(
    own_engine: Engine, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_aws_settings(monkeypatch)
    told = _told(own_engine, "door", "gate", "door", "door")
    name, fifo = f"live-{uuid4()}{ending}", {"FifoTopic": "true"} if ending else {}
    session = boto3.session.Session(KEY_ID, SECRET, region_name="us-east-1")
    with moto_server() as aws, ExitStack() as stack:
        sns, sqs = (
            stack.enter_context(closing(session.client(service, endpoint_url=aws)))
            for service in ("sns", "sqs")
        )
        topic = sns.create_topic(Name=name, Attributes=fifo)["TopicArn"]
        kind = {"FifoQueue": "true"} if ending else {}
        queue = sqs.create_queue(QueueName=name, Attributes=kind)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        sender = stack.enter_context(closing(SnsSender(aws, "us-east-1", KEY_ID, SECRET)))
        sink = SenderSink("sns", sender, topic)
        for each in (*told, told[-1]) if ending else told:  # a FIFO topic takes each once
            sink.send(each)
        heard: dict[str, list[int]] = {"door": [], "gate": []}
        while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                event = json.loads(json.loads(message["Body"])["Message"])
                heard[event["watch"]].append(event["sequence"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    numbers = [each.event.sequence for each in told]
    assert heard == {"door": [numbers[0], *numbers[2:]], "gate": [numbers[1]]}
