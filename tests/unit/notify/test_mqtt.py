from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from brokers import Broker, needs_mosquitto, running, subscribed
from reknown.biometrics.errors import InputError, NotifyError, RefusedNotifyError
from reknown.notify.base import NotifyTimeouts
from reknown.notify.mqtt import MqttSender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs_mosquitto
_SOON = NotifyTimeouts(connect=2, read=3)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(tmp_path_factory.mktemp("mqtt") / "broker") as found:
        yield found


def test_what_is_sent_arrives_in_order_and_what_is_kept_is_kept(broker: Broker) -> None:
    sender = MqttSender(broker.url)
    with subscribed(broker, "order/#") as heard:
        for number in range(20):
            sender.send("order/door", f"{number} \u00e9", f"live-{number}")
        assert [heard.next() for _ in range(20)] == [
            ("order/door", f"{number} \u00e9") for number in range(20)
        ]
    sender.publish("order/kept", "old", retain=True)
    sender.publish("order/kept", "new", retain=True)
    sender.close()
    with subscribed(broker, "order/#") as later:
        assert later.next() == ("order/kept", "new")


def test_a_broker_that_ends_and_comes_back_is_found_again(tmp_path: Path) -> None:
    with running(tmp_path / "broker") as broker:
        sender = MqttSender(broker.url, timeouts=_SOON)
        sender.send("a", "1", "live-1")
        broker.kill()
        with pytest.raises(NotifyError):
            sender.send("a", "2", "live-2")
        with pytest.raises(NotifyError, match="cannot be reached"):
            sender.send("a", "2", "live-2")
        broker.start()
        with subscribed(broker, "a") as heard:
            sender.send("a", "2", "live-2")
            assert heard.next() == ("a", "2")
        assert heard.rest() == []
        sender.close()


def test_a_stranger_is_not_let_in_and_the_password_is_told_nobody(tmp_path: Path) -> None:
    words = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(words), "ada", "opensesame"], check=True)
    lines = (f"password_file {words}", "allow_anonymous false")
    with running(tmp_path / "broker", *lines) as broker:
        for user, password in ((None, None), ("ada", "closesesame")):
            sender = MqttSender(broker.url, user, password, _SOON)
            with pytest.raises(NotifyError, match="does not let us in") as raised:
                sender.send("a", "1", "live-1")
            assert "sesame" not in str(raised.value) + repr(sender)
        known = MqttSender(broker.url, "ada", "opensesame", _SOON)
        known.send("a", "1", "live-1")
        known.close()


def test_a_topic_that_is_not_allowed_is_refused(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic write allowed\n")
    lines = (f"acl_file {rules}", "allow_anonymous true")
    with running(tmp_path / "broker", *lines) as broker:
        sender = MqttSender(broker.url, timeouts=_SOON)
        with pytest.raises(RefusedNotifyError, match="refused"):
            sender.send("forbidden", "1", "live-1")
        with pytest.raises(RefusedNotifyError):
            sender.send("no/+/topic", "1", "live-1")
        sender.send("allowed", "1", "live-2")
        sender.close()


@pytest.mark.parametrize(
    "url", ["host", "http://host", "mqtt://", "mqtt://a:b@host", "mqtt://host/path", "mqtt://h:x"]
)
def test_addresses_are_checked_without_repeating_them(url: str) -> None:
    with pytest.raises(InputError, match="not one like mqtt://host"):
        MqttSender(url)
