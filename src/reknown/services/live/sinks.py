"""Sinks of live events: what each way out is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from reknown.services.live.delivery import LEASE
from reknown.services.live.home import discovery, forgotten, states, topic_of
from reknown.services.live.telling import tell
from reknown.storage.database import reading
from reknown.watches import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reknown.notify.base import Sender
    from reknown.services.live.home import RetainedMessage
    from reknown.services.live.telling import ToldEvent
    from reknown.storage.database import Database


class Broker(Protocol):
    """Where topics are; raises as `Sender.send` does."""

    @property
    def connections(self) -> int:
        """How many there were; behind a new one it may have lost what it kept."""
        ...

    def publish(self, topic: str, body: str, *, retain: bool = False) -> None:
        """Publishes, and returns when that is acknowledged."""
        ...


@dataclass(frozen=True, slots=True)
class SenderSink:
    """Sends every event to one `target` of the sender, those of a watch in their order."""

    name: str
    sender: Sender
    target: str = ""
    lease: timedelta = LEASE

    def send(self, told: ToldEvent) -> None:
        """Raises `NotifyError` and `RefusedNotifyError`."""
        self.sender.send(self.target, told.text(), told.message_id, group=told.event.watch)


@dataclass(frozen=True, slots=True)
class BrokerSink:
    """Publishes every event to PREFIX/WATCH/events.

    With `home` it also keeps there who is before each camera, as Home Assistant discovers it below
    that topic: once a watch and connection, as each message has to be acknowledged.
    """

    name: str
    broker: Broker
    database: Database
    prefix: str
    home: str | None = None
    # to try some addresses, be greeted, and have six messages acknowledged, of five seconds each
    lease: timedelta = timedelta(seconds=75)
    _discovered: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def send(self, told: ToldEvent) -> None:
        """Raises `NotifyError` and `RefusedNotifyError`."""
        watch = told.event.watch
        self.broker.publish(topic_of(self.prefix, watch, "events"), told.text())
        if self.home is None:
            return
        connection = self.broker.connections
        if self._discovered.get(watch) != connection:
            self._keep(discovery(self.home, self.prefix, watch))
            self._discovered[watch] = connection
        self._keep(states(self.prefix, told, self._there(told)))

    def forget(self, watch: str) -> None:
        """Nobody is there, and nobody looks; raises as `send`."""
        if self.home is not None:
            self._keep(forgotten(self.prefix, watch))

    def _keep(self, messages: Iterable[RetainedMessage]) -> None:
        for each in messages:
            self.broker.publish(each.topic, each.body, retain=True)

    def _there(self, told: ToldEvent) -> Sequence[ToldEvent]:
        with reading(self.database) as connection:
            event = told.event
            there = events.present(connection, event.watch, event.collection, event.sequence)
            return tell(connection, there)
