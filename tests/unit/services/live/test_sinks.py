from __future__ import annotations

from typing import TYPE_CHECKING

from brokers import needs_mosquitto, running, subscribed
from reknown.gallery.collections import create_collection
from reknown.notify.base import NotifyTimeouts
from reknown.notify.mqtt import MqttSender
from reknown.services.live.sinks import BrokerSink
from reknown.services.live.telling import tell
from reknown.watches import events
from unit.databases import engine, location, own_engine
from unit.watches.live_events import SPACE, arrival

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from reknown.services.live.telling import ToldEvent

__all__ = ["engine", "location", "own_engine"]


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
