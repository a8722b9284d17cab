"""Films of a watch: in them nobody is clear but who is known, and all else is a coarse mosaic.

They are files of whoever has them made. That one is begun is in the ledger before its first frame
is written, and what came of it when it is over.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import Full, Queue
from threading import Lock, Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from reknown.biometrics.errors import InputError, ReknownError, VideoWorkError
from reknown.gallery.users import find_names
from reknown.ledger import log
from reknown.ledger.records import BeginRecordingRecord, EndRecordingRecord
from reknown.services.extras import require_video_support
from reknown.services.live.telling import called
from reknown.shortages import shortage
from reknown.storage.database import reading
from reknown.vision.draw import Label, draw_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from io import FileIO
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.ledger.records import Record
    from reknown.services.context import Context
    from reknown.services.live.scenes import Scene
    from reknown.video.live.films import FilmWriter

# Scenes that may wait to be encoded: beyond that they are left out, and the watch goes on.
_WAITING = 4
_SHOWN = 3
_NAMES_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class WantedFilm:
    """A film to write to `place`, an MP4; `annotated` with boxes, names and similarities.

    What is there already is replaced only if it `replaces` that, and with its first frame.
    """

    place: Path
    annotated: bool = False
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class RecordedFilm:
    """What was written; `left_out` frames were not, as they came faster than they could be."""

    place: Path
    annotated: bool
    frames: int
    duration_ms: int
    size: int
    sha256: str
    left_out: int


def require_places(films: Sequence[WantedFilm]) -> None:
    """Raises `InputError` where these cannot be written, as far as can be said before."""
    if films:
        require_video_support()
    for film in films:
        if film.place.suffix.lower() != ".mp4":
            raise InputError(f"cannot record to {film.place}: the name must end in .mp4")
        if not film.place.parent.is_dir():
            raise InputError(f"cannot record to {film.place}: there is no such folder: make it")
        _require_free(film)
    places = [film.place.absolute() for film in films]
    if len(set(places)) < len(places):
        raise InputError("one file cannot be two films: name another one for --annotate")


class FilmRecorder:
    """Makes films of scenes, in a thread of its own; without films it does nothing.

    The files are made as it is entered; raises `InputError` where they cannot be.
    """

    def __init__(
        self,
        context: Context,
        watch: str,
        collection: str,
        films: Sequence[WantedFilm],
        told: Callable[[RecordedFilm], None],
    ) -> None:
        self._wanted = films
        self._told = told
        self._keep = lambda record: _append(context, collection, record)
        self._watch = watch
        self._names = _Names(context)
        self._films: list[_Film] = []
        self._scenes: Queue[Scene | None] = Queue(_WAITING)
        self._thread = Thread(target=self._run, name=f"films of {watch}", daemon=True)
        self._writing = Lock()
        self._over = False
        self._error: Exception | None = None
        self._left_out = 0

    def __enter__(self) -> FilmRecorder:
        try:
            for wanted in self._wanted:
                self._films.append(_Film(wanted, self._watch, self._keep))
        except BaseException:
            self._end()
            raise
        if self._films:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._films:
            return
        try:
            self._scenes.put(None)
            self._thread.join()
        finally:
            # an interrupt has left the thread at work: what waits is in no film
            with self._writing:
                self._over = True
                self._end()
            with suppress(Full):
                self._scenes.put_nowait(None)
        if self._error is not None and kind is None:
            raise self._error

    def take(self, scene: Scene) -> None:
        """One more frame of all films; raises `VideoWorkError` once one cannot be written."""
        if self._error is not None:
            raise self._error
        if self._films:
            try:
                self._scenes.put_nowait(scene)
            except Full:
                self._left_out += 1

    def _run(self) -> None:
        while not self._over and (scene := self._scenes.get()) is not None:
            with self._writing:
                if self._error is not None or self._over:
                    continue
                try:
                    self._write(scene)
                except Exception as error:  # told to the watch, which ends with it
                    self._error = error

    def _write(self, scene: Scene) -> None:
        pixels = scene.veiled()
        for film in self._films:
            film.write(self._labelled(scene, pixels) if film.annotated else pixels, scene)

    def _labelled(self, scene: Scene, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        names = self._names.of(scene)
        labels = [
            Label(face.box, tuple(called(it, names) for it in face.candidates[:_SHOWN]), known=True)
            for face in scene.known
        ]
        return np.asarray(draw_labels(pixels, labels)) if labels else pixels

    def _end(self) -> None:
        for film in self._films:
            try:
                film.end()
            except Exception as error:  # the others have an end as well
                self._error = self._error or error
            done = film.recorded(self._left_out)
            if done is not None:
                self._told(done)


class _Film:
    """One of them, at work."""

    def __init__(self, wanted: WantedFilm, watch: str, keep: Callable[[Record], None]) -> None:
        from reknown.video.live.films import FilmWriter  # noqa: PLC0415 - of an extra

        self._place = wanted.place
        self._watch = watch
        self._keep = keep
        self._id = str(uuid4())
        # where it is without a frame: beside what it replaces, of which nothing is lost by then
        self._empty: Path | None = _beside(wanted.place) if wanted.replaces else wanted.place
        self._writer: FilmWriter = FilmWriter(_made(wanted, self._empty))
        self._begun = False
        self.annotated = wanted.annotated

    def write(self, pixels: NDArray[np.uint8], scene: Scene) -> None:
        if not self._begun:
            self._keep(BeginRecordingRecord(self._watch, self._id, self.annotated))
            self._begun = True
        try:
            self._writer.write(pixels, scene.frame.time_ms, scene.frame.at)
            if self._empty is not None:
                self._empty.replace(self._place)
                self._empty = None
        except Exception as error:
            raise self._failed(error) from error

    def end(self) -> None:
        """Closes it, and keeps what it has come to; without a frame it is not there any more."""
        try:
            self._writer.close()
        except Exception as error:
            with suppress(ReknownError):
                self._keep_end()
            raise self._failed(error) from error
        finally:
            if self._empty is not None:
                self._empty.unlink(missing_ok=True)
        self._keep_end()

    def recorded(self, left_out: int) -> RecordedFilm | None:
        if self._empty is not None:
            return None
        made = self._writer
        return RecordedFilm(
            self._place,
            self.annotated,
            made.frames,
            made.duration_ms,
            made.size,
            made.sha256,
            left_out,
        )

    def _keep_end(self) -> None:
        if self._begun:
            made = self._writer
            told = (made.frames, made.duration_ms, made.size, made.sha256)
            self._keep(EndRecordingRecord(self._watch, self._id, *told))

    def _failed(self, error: Exception) -> VideoWorkError:
        reason = shortage(error) or getattr(error, "strerror", None) or type(error).__name__
        return VideoWorkError(
            f"cannot record to {self._place} any further: {reason}; what is in it can be played, "
            "and the events are kept"
        )


class _Names:
    """What candidates are called, asked again once a second: people are renamed and deleted."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._names: Mapping[str, str] = {}
        self._asked: frozenset[str] = frozenset()
        self._until = 0.0

    def of(self, scene: Scene) -> Mapping[str, str]:
        """By their subject ids."""
        wanted = frozenset(
            it.subject_id for face in scene.known for it in face.candidates if it.subject_id
        )
        now = time.monotonic()
        if wanted and (now >= self._until or not wanted <= self._asked):
            with reading(self._database) as connection:
                self._names = find_names(connection, sorted(wanted))
            self._asked, self._until = wanted, now + _NAMES_SECONDS
        return self._names


def _append(context: Context, collection: str, record: Record) -> None:
    with context.database.begin() as connection:
        log.append(connection, context.actor, collection, record)


def _beside(place: Path) -> Path:
    return place.with_name(f".reknown-{secrets.token_hex(8)}.part")


def _made(film: WantedFilm, place: Path) -> FileIO:
    """The empty file at `place`, which its owner alone may read."""
    _require_free(film)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        return open(os.open(place, flags, 0o600), "wb", buffering=0)
    except OSError as error:
        raise InputError(f"cannot record to {film.place}: {_reason(error)}") from error


def _require_free(film: WantedFilm) -> None:
    try:
        found = os.lstat(film.place)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"cannot record to {film.place}: {_reason(error)}") from error
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"cannot record to {film.place}: it is a link, or no regular file")
    if not film.replaces:
        raise InputError(
            f"cannot record to {film.place}: it is there already: name another file, or replace it "
            "with --force"
        )


def _reason(error: OSError) -> str:
    return shortage(error) or (error.strerror or "failed").lower()
