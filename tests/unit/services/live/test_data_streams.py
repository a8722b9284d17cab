from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reknown.services.live.data_streams import DataStreamSink
from reknown.services.live.plans import WatchPlan
from reknown.services.live.telling import ToldEvent
from reknown.services.live.watches import WatchRequest, create_watch
from unit.watches.live_events import arrival
from video_faces import face

if TYPE_CHECKING:
    from reknown.services.context import Context

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/seen"


@dataclass
class Kept:
    """What was sent, and where to."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, target: str, body: str, message_id: str, group: str | None = None) -> None:
        self.sent.append((target, body))


def test_only_what_the_watch_may_see_is_put_into_its_stream(
    context: Context, collection: str
) -> None:
    create_watch(context, WatchRequest("door", "front", collection, WatchPlan(90.0, output=STREAM)))
    kept = Kept()
    sink = DataStreamSink(context.database, kept, lambda record: record.camera)
    own = replace(arrival(1, "door", collection), face=face())
    sink.send(ToldEvent(replace(own, collection="others"), {}))  # another watch had that name
    assert kept.sent == []
    sink.send(ToldEvent(own, {}))
    assert kept.sent == [(STREAM, "front")]
