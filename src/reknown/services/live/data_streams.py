"""Tells data streams who was seen: the records that a stream processor was made for.

Each arrival, and each better view of who is there, is a record, in the order in which they were
seen. That somebody has left, or how the camera is, is no record: Amazon's have no words for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.live import LiveEventKind
from reknown.gallery.faces import find_faces
from reknown.services.live.plans import plan_of
from reknown.storage.database import reading
from reknown.watches import watches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reknown.biometrics.live import LiveEvent
    from reknown.biometrics.records import FaceRecord
    from reknown.notify.base import Sender
    from reknown.services.live.telling import ToldEvent
    from reknown.storage.database import Database

_OF_PEOPLE = frozenset({LiveEventKind.ARRIVED, LiveEventKind.SEEN})


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """Somebody before a camera, which the watch has by this name or ARN.

    `faces` are the candidates' references by their ids, of those that are still there.
    """

    event: LiveEvent
    camera: str
    faces: Mapping[str, FaceRecord]

    @property
    def at(self) -> datetime:
        """When the view was taken, which may have been before it was told of."""
        view = self.event.view
        late = 0 if view is None else max(self.event.time_ms - view.time_ms, 0)
        return self.event.at - timedelta(milliseconds=late)


class DataStreamSink:
    """Puts records into the stream that each watch has for its output."""

    name = "kinesis"

    def __init__(
        self, database: Database, sender: Sender, text: Callable[[SeenRecord], str]
    ) -> None:
        """`text` makes the record as it lies in the stream."""
        self._database = database
        self._sender = sender
        self._text = text

    def send(self, told: ToldEvent) -> None:
        """Raises `NotifyError` and `RefusedNotifyError`."""
        event = told.event
        if event.kind not in _OF_PEOPLE or event.face is None:
            return
        with reading(self._database) as connection:
            try:
                watch = watches.find(connection, event.watch)
                wanted = [each.face_id for each in event.candidates]
                faces = find_faces(connection, event.collection, wanted)
            except NotFoundError:  # the watch or the collection is gone
                return
        output = plan_of(watch.settings).output
        # of another watch of that name, whose collection its maker may not see
        if output is None or watch.collection != event.collection:
            return
        record = SeenRecord(event, watch.camera, faces)
        self._sender.send(output, self._text(record), told.message_id, group=event.watch)
