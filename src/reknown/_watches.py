"""Watches that are stored, for workers, in a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Unpack

    from reknown.services.context import Context
    from reknown.services.live.watch_options import WatchOptions
    from reknown.services.live.watches import CameraWatch


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """A camera that a worker watches against a gallery, once it is started.

    `state` is STOPPED, STARTING, RUNNING, STOPPING or FAILED, and `message` what there is to know
    beside it, None for nothing. `output` is the Kinesis data stream, or `s3://BUCKET/PREFIX`, that
    records are put into, if there is one. `options` are all of them, as they can be given to
    another watch; who was deleted is not on an alert list any more, and a `score` of the model pack
    that the gallery had before is left out. `started_by` and `started_at` are None until the first
    time.
    """

    name: str
    camera: str
    collection: str
    state: str
    message: str | None
    output: str | None
    options: WatchOptions
    started_by: str | None
    started_at: datetime | None

    @classmethod
    def of(cls, watch: CameraWatch) -> StoredWatch:
        """A watch as programs see it."""
        from reknown.services.live.watch_options import options_from  # noqa: PLC0415

        stored = watch.stored
        return cls(
            name=stored.name,
            camera=stored.camera,
            collection=stored.collection,
            state=stored.state.value,
            message=watch.message,
            output=watch.plan.output,
            options=options_from(watch.plan, watch.alerts, with_score=watch.scored_here),
            started_by=None if stored.started_at is None else stored.actor,
            started_at=stored.started_at,
        )


@dataclass(frozen=True, slots=True)
class CameraLook:
    """What a camera saw, as a JPEG in which nobody is in clear but people with candidates.

    `taken_at` is by the database's clock.
    """

    picture: bytes
    taken_at: datetime


class Watches:
    """The cameras that workers watch: `reknown worker --streams N --cameras FILE`.

    What they tell is in `Reknown.events`. A watch that is stopped or has failed can be changed,
    started and deleted.
    """

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context

    def list(self, collection: str | None = None) -> tuple[StoredWatch, ...]:
        """All of them, or those against one gallery, in the order in which they were made."""
        from reknown.services.galleries.pages import all_pages  # noqa: PLC0415
        from reknown.services.live.watches import list_watches  # noqa: PLC0415

        context = self._context()
        found = all_pages(lambda page: list_watches(context, page, collection=collection))
        return tuple(map(StoredWatch.of, found))

    def read(self, name: str) -> StoredWatch:
        """One of them; raises `errors.NotFoundError`."""
        from reknown.services.live.watches import describe_watch  # noqa: PLC0415

        return StoredWatch.of(describe_watch(self._context(), name))

    def create(
        self,
        name: str,
        camera: str,
        collection: str = "people",
        *,
        output: str | None = None,
        **options: Unpack[WatchOptions],
    ) -> StoredWatch:
        """Makes a watch that nobody has started yet.

        `camera` is one of the workers' cameras, by its name or ARN. `output` is the ARN of a
        Kinesis data stream for records, or `s3://BUCKET/PREFIX`. Raises `errors.InputError`,
        `errors.AlreadyExistsError`, `errors.NotFoundError` for the gallery or for somebody on an
        alert list, `errors.LimitError` where there are a hundred.
        """
        from dataclasses import replace  # noqa: PLC0415

        from reknown.services.live.plans import USUAL  # noqa: PLC0415
        from reknown.services.live.watches import WatchRequest, create_watch  # noqa: PLC0415

        plan = replace(USUAL, output=output)
        create_watch(self._context(), WatchRequest(name, camera, collection, plan, options=options))
        return self.read(name)

    def change(self, name: str, **options: Unpack[WatchOptions]) -> StoredWatch:
        """Gives a watch other options from its next start on; those left out stay as they are.

        Raises `errors.BusyError` while it is started, `errors.NotFoundError`,
        `errors.InputError`.
        """
        from reknown.services.live.watches import change_watch  # noqa: PLC0415

        change_watch(self._context(), name, options)
        return self.read(name)

    def start(self, name: str) -> None:
        """Has the next free worker watch, as somebody who searches: until it is stopped.

        Raises `errors.NotFoundError`, `errors.BusyError` where it is started,
        `errors.PolicyError` where its searches would be refused now.
        """
        from reknown.services.live.watches import start_watch  # noqa: PLC0415

        start_watch(self._context(), name)

    def stop(self, name: str) -> None:
        """Has its worker end it.

        Raises `errors.NotFoundError`, `errors.BusyError` where there is nothing to stop.
        """
        from reknown.services.live.watches import stop_watch  # noqa: PLC0415

        stop_watch(self._context(), name)

    def look(self, name: str, *, wait_seconds: float = 15.0) -> CameraLook | None:
        """What the camera of a watch that runs sees now, None where no picture came.

        That somebody looks is recorded. Raises `errors.NotFoundError`, `errors.LimitError` where
        too many look.
        """
        from reknown.services.live.looks import first_sight  # noqa: PLC0415

        sight = first_sight(self._context(), name, wait_seconds)
        if sight.picture is None or sight.taken_at is None:
            return None
        return CameraLook(sight.picture, sight.taken_at)

    def delete(self, name: str) -> None:
        """Deletes a watch; its events stay for as long as events are kept.

        Raises `errors.NotFoundError`, `errors.BusyError` while it is started.
        """
        from reknown.services.live.watches import delete_watch  # noqa: PLC0415

        delete_watch(self._context(), name)
