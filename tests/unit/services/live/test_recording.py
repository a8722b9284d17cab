from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from dataclasses import replace
from itertools import chain
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

import videos
from live_frames import FilmCamera, live
from reknown.biometrics.errors import InputError, PolicyError, VideoWorkError
from reknown.biometrics.live import LiveEventKind
from reknown.biometrics.policy import Policy
from reknown.ledger.records import BeginRecordingRecord, EndRecordingRecord, RefuseSearchRecord
from reknown.services.live.recording import FilmRecorder, WantedFilm
from reknown.services.live.watching import Told, WatchSettings, watch
from reknown.services.policies.rules import set_policy
from reknown.services.searches.search import Query
from reknown.storage.database import reading
from reknown.video.live import films
from reknown.vision.analyze import Look
from reknown.watches import events as stored_events
from unit.services.ledgers import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.services.live.recording import RecordedFilm
    from reknown.storage.database import Database
    from reknown.video.live.frames import LiveFrame
    from reknown.vision.analyze import Engine

    Enrol = Callable[..., EnrolmentResult]
    Pixels = NDArray[np.uint8]

ARRIVED, SEEN, LEFT, CAMERA = LiveEventKind
EILEEN, GRACE = videos.eileen(), videos.grace()
LEFT_HALF, RIGHT_HALF = (0.25, 0.5), (0.75, 0.5)
BOTH = [(EILEEN, videos.still(LEFT_HALF)), (GRACE, videos.still(RIGHT_HALF))]


@pytest.fixture
def settings(
    context: Context, collection: str, enrol: Enrol, eileen: bytes, tmp_path: Path
) -> WatchSettings:
    """Eileen Collins is known, and a film may be made."""
    enrol(eileen)
    set_policy(context, collection, Policy(recording=True))
    return WatchSettings("front-door", Query(collection), films=(film(tmp_path),))


def film(place: Path, name: str = "film.mp4", **options: bool) -> WantedFilm:
    return WantedFilm(place / name, **options)


def recorded(
    context: Context, settings: WatchSettings, frames: Iterable[LiveFrame]
) -> list[RecordedFilm]:
    done: list[RecordedFilm] = []
    watch(context, settings, FilmCamera(frames), Told(lambda _: None, film=done.append))
    return done


def decoded(data: bytes) -> list[tuple[Pixels, int]]:
    container: Any
    with av.open(io.BytesIO(data)) as container:
        (stream,) = container.streams
        assert stream.codec_context.codec.canonical_name == "h264"
        return [
            (frame.to_ndarray(format="rgb24"), round(1000 * frame.time))
            for frame in container.decode(stream)
        ]


@pytest.fixture(autouse=True)
def _nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast the frames come."""
    monkeypatch.setattr("reknown.services.live.recording._WAITING", 10_000)


def test_in_a_film_a_stranger_is_nowhere_and_who_is_known_is_clear(
    context: Context, settings: WatchSettings, engine: Engine, tmp_path: Path
) -> None:
    walking = [
        (EILEEN, videos.line((0.15, 0.4), (0.85, 0.4))),
        (GRACE, videos.line((0.85, 0.65), (0.15, 0.65))),
    ]
    shown = list(videos.scene(videos.steady(0, 3000), walking))
    (done,) = recorded(context, settings, live(chain(shown), every=1))
    data = (tmp_path / "film.mp4").read_bytes()
    frames = decoded(data)
    assert [at for _, at in frames] == [at for _, at in shown]
    assert (done.frames, done.left_out, done.duration_ms) == (len(shown), 0, shown[-1][1])
    assert (done.size, done.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    whole = shown[0][0]
    people = sorted(engine.detect(whole, Look.POSE), key=lambda face: face.box.left)
    eileen, grace = (each.vector for _, each in engine.extract(whole, people))
    clear = 0
    for pixels, _ in frames:
        found = engine.detect(pixels, Look.POSE)
        for _, template in engine.extract(pixels, found):
            assert engine.calibration is not None
            assert engine.calibration.similarity(float(template.vector @ grace)) < 50
            clear += engine.calibration.similarity(float(template.vector @ eileen)) > 90
    assert clear > len(frames) * 0.6


def test_names_are_drawn_into_an_annotated_film_alone(
    context: Context, settings: WatchSettings, tmp_path: Path
) -> None:
    wanted = (film(tmp_path), film(tmp_path, "names.MP4", annotated=True))
    frames = live(videos.scene(videos.steady(0, 400), BOTH), every=1)
    done = recorded(context, replace(settings, films=wanted), frames)
    assert [each.annotated for each in done] == [False, True]
    plain, named = (decoded(each.place.read_bytes()) for each in done)
    green = np.array([27, 138, 58])
    for (without, _), (with_names, _) in zip(plain, named, strict=True):
        drawn = (np.abs(with_names.astype(int) - green) < 24).all(axis=2)
        assert drawn.sum() > 500
        assert not (np.abs(without.astype(int) - green) < 24).all(axis=2).sum() > 50
        assert drawn[:, drawn.shape[1] // 2 :].sum() == 0  # of the stranger nothing is said


def test_a_film_is_in_the_ledger_before_it_begins_and_when_it_is_over(
    context: Context,
    settings: WatchSettings,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "film.mp4"
    write = films.FilmWriter.write

    def recorded_first(writer: films.FilmWriter, *frame: Any) -> None:
        assert len(events(database, "begin recording")) == 1
        write(writer, *frame)

    monkeypatch.setattr(films.FilmWriter, "write", recorded_first)

    def shown() -> Iterator[LiveFrame]:
        assert place.read_bytes() == b""
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        yield from live(videos.scene(videos.steady(0, 1000), BOTH))

    (done,) = recorded(context, settings, shown())
    (begun,), (over,) = events(database, "begin recording"), events(database, "end recording")
    assert begun.id < over.id
    assert isinstance(begun.record, BeginRecordingRecord)
    recording = begun.record.recording
    assert begun.record == BeginRecordingRecord("front-door", recording, annotated=False)
    assert over.record == EndRecordingRecord(
        "front-door", recording, done.frames, done.duration_ms, done.size, done.sha256
    )


def test_a_watch_without_a_frame_leaves_no_film(
    context: Context, settings: WatchSettings, database: Database, tmp_path: Path
) -> None:
    assert recorded(context, settings, []) == []
    assert list(tmp_path.glob("*.mp4")) == []
    assert events(database, "begin recording") == []


def test_without_a_policy_that_allows_it_no_film_is_made(
    context: Context,
    settings: WatchSettings,
    database: Database,
    collection: str,
    tmp_path: Path,
) -> None:
    set_policy(context, collection, Policy())
    with pytest.raises(PolicyError, match="add `recording = true` to it"):
        recorded(context, settings, live(videos.scene([0, 40], BOTH)))
    assert list(tmp_path.glob("*.mp4")) == []
    (refused,) = events(database, "refuse search")
    assert refused.record == RefuseSearchRecord("RecordingNotAllowed", watch=settings.name)
    recorded(context, replace(settings, films=()), live(videos.scene([0, 40], BOTH)))


def test_a_policy_that_is_set_meanwhile_ends_film_and_watch(
    context: Context, settings: WatchSettings, database: Database, collection: str, tmp_path: Path
) -> None:
    def shown() -> Iterator[LiveFrame]:
        yield from live(videos.scene(videos.steady(0, 1000), []))
        set_policy(context, collection, Policy(recording=False))
        yield from live(videos.scene(videos.steady(1000, 7000, 5), []), every=1)
        raise AssertionError("it goes on")

    with pytest.raises(PolicyError, match="no films of cameras"):
        recorded(context, settings, shown())
    data = (tmp_path / "film.mp4").read_bytes()
    assert decoded(data)
    (over,) = events(database, "end recording")
    assert isinstance(over.record, EndRecordingRecord)
    assert over.record.sha256 == hashlib.sha256(data).hexdigest()


def test_files_that_are_there_stay_unless_they_are_to_be_replaced(
    context: Context, settings: WatchSettings, tmp_path: Path
) -> None:
    place = tmp_path / "film.mp4"
    place.write_text("mine")
    place.chmod(0o644)
    frames = list(live(videos.scene([0, 40], BOTH), every=1))
    with pytest.raises(InputError, match=r"there already: .*--force"):
        recorded(context, settings, frames)
    assert place.read_text() == "mine"
    recorded(context, replace(settings, films=(film(tmp_path, replaces=True),)), frames)
    assert len(decoded(place.read_bytes())) == 2
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_what_a_film_replaces_stays_until_its_first_frame(
    context: Context, settings: WatchSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, other = tmp_path / "film.mp4", tmp_path / "other.mp4"
    place.write_text("mine")
    wanted = replace(settings, films=(film(tmp_path, replaces=True),))
    assert recorded(context, wanted, []) == []
    other.write_text("theirs")
    both = (*wanted.films, film(tmp_path, "other.mp4"))
    with pytest.raises(InputError, match="there already"):
        FilmRecorder(context, "door", "people", both, lambda _: None).__enter__()
    monkeypatch.setattr(films._Output, "write", _full)
    with pytest.raises(VideoWorkError, match="no space left"):
        recorded(context, wanted, live(videos.scene(videos.steady(0, 400), BOTH), every=1))
    assert place.read_text() == "mine"
    assert {*tmp_path.glob("*.mp4"), *tmp_path.glob("*.part")} == {place, other}


def _full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_interrupt_while_a_film_is_ended_leaves_it_with_its_end(
    context: Context,
    settings: WatchSettings,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    join = Thread.join

    def interrupted(thread: Thread, timeout: float | None = None) -> None:
        if thread.name.startswith("films of"):
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(Thread, "join", interrupted)
    written = Event()
    write = films.FilmWriter.write

    def noted(writer: films.FilmWriter, *frame: Any) -> None:
        write(writer, *frame)
        written.set()

    monkeypatch.setattr(films.FilmWriter, "write", noted)

    def shown() -> Iterator[LiveFrame]:
        yield from live(videos.scene(videos.steady(0, 1000), BOTH))
        assert written.wait(60)

    with pytest.raises(KeyboardInterrupt):
        recorded(context, settings, shown())
    data = (tmp_path / "film.mp4").read_bytes()
    assert decoded(data)
    (over,) = events(database, "end recording")
    assert isinstance(over.record, EndRecordingRecord)
    assert over.record.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("name", "why"),
    [("film.avi", r"must end in \.mp4"), ("away/film.mp4", "no such folder"), ("link.mp4", "link")],
)
def test_what_cannot_be_written_is_said_before_the_watch_begins(
    context: Context, settings: WatchSettings, tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "link.mp4").symlink_to("/dev/null")

    def never() -> Iterator[LiveFrame]:
        raise AssertionError("it watches")
        yield

    wanted = (film(tmp_path, name, replaces=True),)
    with pytest.raises(InputError, match=why):
        recorded(context, replace(settings, films=wanted), never())
    two = (film(tmp_path), film(tmp_path, annotated=True))
    with pytest.raises(InputError, match="two films"):
        recorded(context, replace(settings, films=two), never())
    assert [each.name for each in tmp_path.glob("*.mp4")] == ["link.mp4"]


def test_a_full_disk_ends_the_watch_with_its_events_kept_and_a_film_that_can_be_played(
    context: Context,
    settings: WatchSettings,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = films._Output.write
    place = tmp_path / "film.mp4"

    def write(output: films._Output, data: bytes) -> int:
        if output.size + len(data) > 100_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(output, data)

    monkeypatch.setattr(films._Output, "write", write)
    walking = [(EILEEN, videos.line((0.15, 0.4), (0.85, 0.4)))]
    frames = live(videos.scene(videos.steady(0, 60_000), walking), every=1)
    with pytest.raises(VideoWorkError, match=r"no space left .*can be played.*events are kept"):
        recorded(context, settings, frames)
    data = place.read_bytes()
    assert len(decoded(data)) > 25
    (over,) = events(database, "end recording")
    assert isinstance(over.record, EndRecordingRecord)
    assert (over.record.size, over.record.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    with reading(database) as connection:
        kinds = [event.kind for event in stored_events.read(connection, 0, 10)]
    assert kinds == [ARRIVED, LEFT, CAMERA]


def test_frames_of_another_size_are_fitted_into_the_film(
    context: Context, settings: WatchSettings, tmp_path: Path
) -> None:
    sizes = ((641, 361), (320, 480))
    shown = [videos.scene([500 * n, 500 * n + 40], BOTH[:1], size) for n, size in enumerate(sizes)]
    recorded(context, settings, live(chain(*shown), every=1))
    frames = decoded((tmp_path / "film.mp4").read_bytes())
    assert [(pixels.shape, at) for pixels, at in frames] == [
        ((360, 640, 3), at) for at in (0, 40, 500, 540)
    ]
    (last, _) = frames[-1]
    assert last[:, :180].max() < 24
    assert np.median(last[:, 220:420]) > 80
