"""What Home Assistant shows of a watch: who is before the camera, and whether anybody is.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from reknown.biometrics.live import LiveEventKind
from reknown.services.live.telling import STRANGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.services.live.telling import ToldEvent

# Of a state that it shows.
_LONGEST = 255
_SEEING = {"connected", "slow"}
_NOT_WORD = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class RetainedMessage:
    """What a broker keeps of a topic until the next one comes."""

    topic: str
    body: str


def topic_of(prefix: str, watch: str, what: str) -> str:
    """Where something of a watch is published."""
    return f"{prefix}/{quote(watch, safe='')}/{what}"


def discovery(home: str, prefix: str, watch: str) -> Iterator[RetainedMessage]:
    """Makes a sensor of who is there and one of whether anybody is."""
    # names that differ in other signs alone stay apart
    own = f"reknown_{_NOT_WORD.sub('_', watch)}_{sha256(watch.encode()).hexdigest()[:8]}"
    common = {
        "availability_topic": topic_of(prefix, watch, "availability"),
        "device": {"identifiers": [own], "name": f"Reknown {watch}", "manufacturer": "Reknown"},
        "qos": 1,
    }
    people = {"name": "Who is there", "state_topic": topic_of(prefix, watch, "people")}
    somebody = {
        "name": "Somebody there",
        "device_class": "occupancy",
        "state_topic": topic_of(prefix, watch, "presence"),
    }
    yield _config(f"{home}/sensor/{own}/people/config", common | people, f"{own}_people")
    place = f"{home}/binary_sensor/{own}/presence/config"
    yield _config(place, common | somebody, f"{own}_presence")


def states(prefix: str, told: ToldEvent, there: Sequence[ToldEvent]) -> Iterator[RetainedMessage]:
    """How it is after this event; `there` has the last event of each visit that goes on."""
    watch = told.event.watch
    yield from _people(prefix, watch, there)
    # who was there leaves after the camera was lost, too: people say nothing about it
    if told.event.kind is LiveEventKind.CAMERA:
        yield _available(prefix, watch, available=told.event.state in _SEEING)


def forgotten(prefix: str, watch: str) -> Iterator[RetainedMessage]:
    """How it is where nobody watches any more, and nothing is known of it."""
    yield from _people(prefix, watch, ())
    yield _available(prefix, watch, available=False)


def _people(prefix: str, watch: str, there: Sequence[ToldEvent]) -> Iterator[RetainedMessage]:
    who = ", ".join(sorted(map(_called, there))) or "nobody"
    shown = who if len(who) <= _LONGEST else f"{who[: _LONGEST - 1]}\u2026"
    yield RetainedMessage(topic_of(prefix, watch, "people"), shown)
    yield RetainedMessage(topic_of(prefix, watch, "presence"), "ON" if there else "OFF")


def _available(prefix: str, watch: str, *, available: bool) -> RetainedMessage:
    state = "online" if available else "offline"
    return RetainedMessage(topic_of(prefix, watch, "availability"), state)


def _called(told: ToldEvent) -> str:
    """The best candidate, who is no more than that."""
    best = told.event.candidates[:1]
    names = [told.name_of(each) for each in best]
    return names[0] if names and names[0] else STRANGER


def _config(topic: str, values: dict[str, Any], unique: str) -> RetainedMessage:
    return RetainedMessage(topic, msgspec.json.encode(values | {"unique_id": unique}).decode())
