from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from brokers import Broker, free_port, needs_mosquitto, running, subscribed
from encrypting import certificate
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


def test_a_broker_of_ones_own_is_believed_by_its_certificate_alone(tmp_path: Path) -> None:
    words = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(words), "ada", "opensesame"], check=True)
    own, other = (certificate(tmp_path / f"{name}.pem") for name in ("own", "other"))
    port = free_port()
    encrypted = (f"listener {port} 127.0.0.1", f"certfile {own}", f"keyfile {own}")
    who = (f"password_file {words}", "allow_anonymous true")
    with running(tmp_path / "broker", *who, *encrypted) as broker:
        url = f"mqtts://127.0.0.1:{port}"
        for url_, authorities, words_ in (
            (url, None, "certificate is not trusted"),
            (url, other, "certificate is not trusted"),
            (f"mqtts://localhost:{port}", own, "certificate is not trusted .*localhost"),
            (f"mqtts://127.0.0.1:{broker.port}", own, "cannot be reached"),
        ):
            sender = MqttSender(url_, "ada", "opensesame", _SOON, authorities)
            with pytest.raises(NotifyError, match=words_) as raised:
                sender.send("a", "1", "live-1")
            assert "sesame" not in str(raised.value)
        stranger = MqttSender(url, "ada", "closesesame", _SOON, own)
        with pytest.raises(NotifyError, match="does not let us in"):
            stranger.send("a", "1", "live-1")
        known = MqttSender(url, "ada", "opensesame", _SOON, own)
        with subscribed(broker, "a") as heard:
            known.send("a", "1", "live-1")
            assert heard.next() == ("a", "1")
        known.close()


def test_authorities_that_are_none_are_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        with pytest.raises(InputError, match="name a PEM file"):
            MqttSender("mqtts://127.0.0.1", authorities=path)


@pytest.mark.parametrize(
    "url",
    [
        "host",
        "http://host",
        "mqtt://",
        "mqtt://a:b@host",
        "mqtt://host/path",
        "mqtt://host?a",
        "mqtt://h:x",
    ],
)
def test_addresses_are_checked_without_repeating_them(url: str) -> None:
    with pytest.raises(InputError, match="not one like mqtt://host"):
        MqttSender(url)
