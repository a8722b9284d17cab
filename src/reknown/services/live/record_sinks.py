"""Tells data streams and buckets who was seen: the records that a stream processor was made for.

Each arrival, and each better view of who is there, is a record, in the order in which they were
seen. It goes where its watch had records put then, which may be gone by now. That somebody left,
or how the camera is, is no record: Amazon's have no words for it.
"""

from __future__ import annotations

from contextlib import suppress
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
from reknown.biometrics.live import Fragment, LiveEventKind
from reknown.gallery.faces import find_faces
from reknown.notify.kinesis import is_data_stream
from reknown.services.live.delivery import LEASE
from reknown.services.live.outputs import BUCKETS, DATA_STREAMS, folder_of
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.live import LiveEvent, RecordPlace
    from reknown.biometrics.records import FaceRecord
    from reknown.notify.base import Sender
    from reknown.objects.base import ObjectWriter
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

    @property
    def fragment(self) -> Fragment:
        """That of the view; where there is none, the event stands for it."""
        view = self.event.view
        if view is not None and view.fragment is not None:
            return view.fragment
        moment = self.at.timestamp()
        return Fragment(str(self.event.sequence), moment, moment, 0.0)


@dataclass(frozen=True, slots=True)
class DataStreamSink:
    """Puts records, as `text` makes them, into the stream that each watch has for its output."""

    database: Database
    sender: Sender
    text: Callable[[SeenRecord], str]
    name: str = DATA_STREAMS
    lease: timedelta = LEASE

    def send(self, told: ToldEvent) -> None:
        """Raises `NotifyError` and `RefusedNotifyError`."""
        event, place = told.event, told.event.records
        if place is None or not is_data_stream(place.output):
            return
        seen = _seen(self.database, event, place)
        if seen is not None:
            self.sender.send(place.output, self.text(seen), told.message_id, group=event.watch)


@dataclass(frozen=True, slots=True)
class BucketSink:
    """Writes records, as `text` makes them, into the folder that each watch has for its output.

    A record that is told again is the same object again.
    """

    database: Database
    objects: ObjectWriter
    text: Callable[[SeenRecord], str]
    name: str = BUCKETS
    lease: timedelta = LEASE

    def send(self, told: ToldEvent) -> None:
        """Raises `NotifyError` and `RefusedNotifyError`."""
        event, place = told.event, told.event.records
        folder = None if place is None else folder_of(place.output)
        if place is None or folder is None:
            return
        seen = _seen(self.database, event, place)
        if seen is None:
            return
        text = self.text(seen).encode()
        try:
            self.objects.write(folder.bucket, folder.key(event), text, place.kms_key)
        except ObjectStoreError as error:
            raise NotifyError(str(error)) from error
        except ObjectError as error:
            raise RefusedNotifyError(str(error)) from error


def _seen(database: Database, event: LiveEvent, place: RecordPlace) -> SeenRecord | None:
    """The record of this event; None where it is of nobody, or its collection is gone."""
    if event.kind not in _OF_PEOPLE or event.face is None:
        return None
    wanted = [each.face_id for each in event.candidates]
    with reading(database) as connection, suppress(NotFoundError):
        faces = find_faces(connection, event.collection, wanted)
        return SeenRecord(event, event.face, place.camera, faces)
    return None
