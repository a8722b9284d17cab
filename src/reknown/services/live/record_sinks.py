"""Tells data streams and buckets who was seen: the records that a stream processor was made for.

Each arrival, and each better view of who is there, is a record, in the order in which they were
seen. That somebody has left, or how the camera is, is no record: Amazon's have no words for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import (
    NotFoundError,
    NotifyError,
    ObjectError,
    ObjectStoreError,
    RefusedNotifyError,
)
from reknown.biometrics.live import LiveEventKind
from reknown.gallery.faces import find_faces
from reknown.notify.kinesis import is_data_stream
from reknown.services.live.delivery import LEASE
from reknown.services.live.outputs import folder_of
from reknown.services.live.plans import plan_of
from reknown.storage.database import reading
from reknown.watches import watches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.live import LiveEvent
    from reknown.biometrics.records import FaceRecord
    from reknown.notify.base import Sender
    from reknown.objects.base import ObjectWriter
    from reknown.services.live.plans import WatchPlan
    from reknown.services.live.telling import ToldEvent
    from reknown.storage.database import Database

_OF_PEOPLE = frozenset({LiveEventKind.ARRIVED, LiveEventKind.SEEN})


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A `face` before a camera, which the watch has by this name or ARN.

    `faces` are the candidates' references by their ids, of those that are still there.
    """

    event: LiveEvent
    face: DetectedFace
    camera: str
    faces: Mapping[str, FaceRecord]

    @property
    def at(self) -> datetime:
        """When the view was taken, which may have been before it was told of."""
        view = self.event.view
        late = 0 if view is None else max(self.event.time_ms - view.time_ms, 0)
        return self.event.at - timedelta(milliseconds=late)


@dataclass(frozen=True, slots=True)
class DataStreamSink:
    """Puts records, as `text` makes them, into the stream that each watch has for its output."""

    database: Database
    sender: Sender
    text: Callable[[SeenRecord], str]
    name: str = "kinesis"
    lease: timedelta = LEASE

    def send(self, told: ToldEvent) -> None:
        """Raises `NotifyError` and `RefusedNotifyError`."""
        found = _seen(self.database, told.event)
        if found is None:
            return
        seen, plan = found
        if plan.output is not None and is_data_stream(plan.output):
            watch = told.event.watch
            self.sender.send(plan.output, self.text(seen), told.message_id, group=watch)


@dataclass(frozen=True, slots=True)
class BucketSink:
    """Writes records, as `text` makes them, into the folder that each watch has for its output.

    A record that is told again is the same object again.
    """

    database: Database
    objects: ObjectWriter
    text: Callable[[SeenRecord], str]
    name: str = "s3"
    lease: timedelta = LEASE

    def send(self, told: ToldEvent) -> None:
        """Raises `NotifyError` and `RefusedNotifyError`."""
        found = _seen(self.database, told.event)
        if found is None:
            return
        seen, plan = found
        folder = folder_of(plan.output)
        if folder is None:
            return
        key = folder.key(told.event)
        try:
            self.objects.write(folder.bucket, key, self.text(seen).encode(), plan.kms_key)
        except ObjectStoreError as error:
            raise NotifyError(str(error)) from error
        except ObjectError as error:
            raise RefusedNotifyError(f"the record is not taken: {error}") from error


def _seen(database: Database, event: LiveEvent) -> tuple[SeenRecord, WatchPlan] | None:
    """The record of this event with what its watch is to do; None where it is of nobody."""
    if event.kind not in _OF_PEOPLE or event.face is None:
        return None
    with reading(database) as connection:
        try:
            watch = watches.find(connection, event.watch)
            wanted = [each.face_id for each in event.candidates]
            faces = find_faces(connection, event.collection, wanted)
        except NotFoundError:  # the watch or the collection is gone
            return None
    # of another watch of that name, whose collection its maker may not see
    if watch.collection != event.collection:
        return None
    return SeenRecord(event, event.face, watch.camera, faces), plan_of(watch.settings)
