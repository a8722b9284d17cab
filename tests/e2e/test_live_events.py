"""A small version of bench/live_kills.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers import needs_mosquitto
from live_kills import kill_in_turn

if TYPE_CHECKING:
    from pathlib import Path


@needs_mosquitto
def test_worker_server_and_broker_are_killed_and_no_event_is_lost(tmp_path: Path) -> None:
    found = kill_in_turn(tmp_path, 3)
    assert found["events"] > 20
    for way in ("webhook", "mqtt", "stream", "sns", "kinesis", "s3"):
        assert (found[way]["missing"], found[way]["out of order"]) == (0, 0), found
    assert found["stream"]["again"] == 0
