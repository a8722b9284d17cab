"""Messages to an MQTT broker of the operator's, each acknowledged by it (QoS 1)."""

from __future__ import annotations

import ssl
from contextlib import suppress
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError, NotifyError, RefusedNotifyError
from reknown.notify.base import NotifyTimeouts, address_of, trouble

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEP_ALIVE = 30
_NO_URL = (
    "the address of the MQTT broker is not one like mqtt://host or mqtts://host:8883, without a "
    "name, a password or a path"
)
_MISSING = "MQTT needs paho-mqtt: pip install 'reknown[mqtt]'"


class MqttSender:
    """Publishes to one broker, which the operator chose, over a connection that is kept.

    For mqtts the broker's certificate is checked, and that it names this host: against the PEM file
    `authorities`, else the system's authorities or those in the file that the environment variable
    SSL_CERT_FILE names. Safe to use from several threads.

    Raises `InputError` when the address or the file makes no sense or paho-mqtt is missing.
    """

    def __init__(
        self,
        url: str,
        user: str | None = None,
        password: str | None = None,
        timeouts: NotifyTimeouts = NotifyTimeouts(),
        authorities: Path | None = None,
    ) -> None:
        self._address = address_of(url, _PORTS, _NO_URL)
        if self._address.path != "/":
            raise InputError(_NO_URL)
        try:
            import paho.mqtt.client  # noqa: F401, PLC0415 - few have a broker
        except ImportError as error:
            raise InputError(_MISSING) from error
        self._tls = _trusting(authorities) if self._address.scheme == "mqtts" else None
        self._user, self._password = user, password
        self._timeouts = timeouts
        self._turn = Lock()
        self._line: _Line | None = None
        self._connections = 0

    def __repr__(self) -> str:
        return f"<MqttSender: {self._address.host}:{self._address.port}>"

    @property
    def connections(self) -> int:
        """How many there were; behind a new one the broker may have lost what it kept."""
        return self._connections

    def send(self, target: str, body: str, message_id: str, group: str = "") -> None:  # noqa: ARG002
        """Publishes `body` to the topic `target`; all arrives in the order in which it is sent.

        Raises `NotifyError` when the broker cannot be reached or does not acknowledge it, and
        `RefusedNotifyError` when it refuses this message.
        """
        self.publish(target, body)

    def publish(self, topic: str, body: str, *, retain: bool = False) -> None:
        """The same; with `retain` the broker keeps it for those who subscribe later."""
        with self._turn:
            if self._line is None:
                self._line = self._connected()
                self._connections += 1
            try:
                self._line.publish(topic, body, self._timeouts.read, retain=retain)
            except RefusedNotifyError:
                raise
            except NotifyError:
                self._drop()
                raise

    def close(self) -> None:
        """Leaves the broker."""
        with self._turn:
            self._drop()

    def _connected(self) -> _Line:
        line = _Line(self._tls, self._user, self._password)
        try:
            line.connect(self._address.host, self._address.port, self._timeouts)
        except NotifyError:
            line.close()
            raise
        return line

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


class _Line:
    """One connection; what it has not had acknowledged goes with it."""

    def __init__(self, tls: ssl.SSLContext | None, user: str | None, password: str | None) -> None:
        from paho.mqtt.client import Client, MQTTv5  # noqa: PLC0415 - as above
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

        # version 5 says what is refused, and why
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        if tls is not None:
            self._client.tls_set_context(tls)
        if user is not None:
            self._client.username_pw_set(user, password)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect
        self._answered, self._lost = Event(), Event()
        self._greeting: Any = None
        self._refusals: dict[int, str] = {}

    def connect(self, host: str, port: int, timeouts: NotifyTimeouts) -> None:
        self._client.connect_timeout = timeouts.connect
        try:
            self._client.connect(host, port, _KEEP_ALIVE, clean_start=True)
        except (OSError, ValueError) as error:
            raise NotifyError(f"the MQTT broker cannot be reached: {trouble(error)}") from error
        self._client.loop_start()
        if not self._answered.wait(timeouts.read):
            raise NotifyError("the MQTT broker does not answer")
        if self._greeting.is_failure:
            raise NotifyError(f"the MQTT broker does not let us in: {self._greeting}")

    def publish(self, topic: str, body: str, seconds: float, *, retain: bool) -> None:
        if self._lost.is_set():
            raise NotifyError("the connection to the MQTT broker was lost")
        try:
            sent = self._client.publish(topic, body.encode(), qos=1, retain=retain)
            sent.wait_for_publish(seconds)
        except ValueError as error:  # a topic that there cannot be
            raise RefusedNotifyError(f"the MQTT message cannot be sent: {error}") from error
        except RuntimeError as error:
            raise NotifyError(f"the MQTT broker cannot be reached: {error}") from error
        if not sent.is_published():
            raise NotifyError("the MQTT broker has not acknowledged the message")
        if (why := self._refusals.pop(sent.mid, None)) is not None:
            raise RefusedNotifyError(f"the MQTT broker refused the message: {why}")

    def close(self) -> None:
        with suppress(Exception):  # it may be gone already
            self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: Any, _properties: object
    ) -> None:
        self._greeting = reason
        self._answered.set()

    def _on_publish(
        self, _client: object, _data: object, mid: int, reason: Any, _properties: object
    ) -> None:
        if reason.is_failure:
            self._refusals[mid] = str(reason)

    def _on_disconnect(self, *_: object) -> None:
        self._lost.set()
        self._client.reconnect = _not_again  # type: ignore[method-assign]


def _not_again(*_: object, **__: Mapping[str, object]) -> Any:
    """A new line is made when there is something to say: nothing is sent twice behind our back."""
    raise OSError("this connection has ended")


def _trusting(authorities: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:  # of TLS's own, too
        raise InputError(
            f"{authorities} cannot be read as certificates of authorities: name a PEM file"
        ) from error
    context.sslsocket_class = _TlsSocket
    return context


class _TlsSocket(ssl.SSLSocket):
    """Closes where there is nobody to trust: paho-mqtt leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise
