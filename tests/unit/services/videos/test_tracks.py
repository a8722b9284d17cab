from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from reknown.services.kept_tracks import Keeping, TrackSearch, TrackSearcher

from other_engine import OTHER, other_engine
from reknown.biometrics.errors import (
    ImageError,
    InputError,
    NoFaceError,
    NotFoundError,
    SpaceMismatchError,
)
from reknown.biometrics.templates import TemplateSpace
from reknown.biometrics.thresholds import Threshold, threshold_at_similarity
from reknown.gallery import tracks as stored
from reknown.gallery.tracks import TrackChoice
from reknown.ledger.actor import Actor
from reknown.services import galleries, kept_tracks, upgrade, upgrade_steps
from video_analyses import SHA256, analysis, towards, track

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from reknown.services.kept_tracks import Kept

    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage

    Vector = NDArray[np.float32]

ACTOR = Actor("tester")


@pytest.fixture(scope="module")
def reference(engine: Engine, eileen_image: DecodedImage) -> Vector:
    """The template of Eileen Collins, who is not enrolled anywhere."""
    (template,) = engine.embed(eileen_image, engine.detect(eileen_image))
    return template.vector


@pytest.fixture
def keep(engine: Engine, database: Database, collection: str) -> Callable[..., Kept]:
    def keep_templates(*templates: Vector, name: str = "a.mp4", sha256: str = SHA256) -> Kept:
        tracks = [track(t, 1000 * n, 1000 * n + 900, n) for n, t in enumerate(templates)]
        found = analysis(engine.space, tracks, sha256=sha256)
        with database.begin() as connection:
            return kept_tracks.keep(connection, collection, found, Keeping(name, 30), ACTOR)

    return keep_templates


@pytest.fixture
def expire(database: Database, collection: str, engine: Engine, keep: Callable[..., Kept]) -> None:
    """A track of Eileen that has expired a second ago."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    with database.begin() as connection:
        found = track(towards(np.eye(1, engine.space.dimension, dtype=np.float32)[0], 1.0))
        made = kept_tracks._kept(found, "e0" * 32, "expired.mp4")
        stored.keep_tracks(connection, collection, "e0" * 32, [made], engine.space, past)


@pytest.fixture
def search(
    engine: Engine, database: Database, collection: str, tmp_path: Path, eileen: bytes
) -> Callable[..., TrackSearch]:
    def search_for_eileen(threshold: Threshold | None = None, limit: int = 20) -> TrackSearch:
        least = threshold or threshold_at_similarity(engine.calibration)
        searcher = TrackSearcher(engine, database, collection, least, ACTOR)
        path = tmp_path / "eileen.jpg"
        path.write_bytes(eileen)
        ((_, found),) = searcher.search_all([path], limit)
        assert isinstance(found, TrackSearch)
        return found

    return search_for_eileen


def operations(database: Database) -> list[str]:
    return [event.operation for event in galleries.list_events(database)]


def test_a_past_stranger_is_found_by_a_photo(
    keep: Callable[..., Kept], search: Callable[..., TrackSearch], reference: Vector
) -> None:
    keep(towards(reference, 0.3), reference, towards(reference, 0.99))
    found = search()
    places = [match.record.track.start_ms for match in found.matches]
    assert places == [1000, 2000]
    best = found.matches[0]
    assert best.record.track.video_name == "a.mp4"
    assert best.comparison.accepted
    assert best.comparison.score == pytest.approx(1, abs=1e-5)
    assert found.tracks == 3
    assert found.expected_false_candidates == pytest.approx(3e-4, rel=0.01)


def test_every_search_is_in_the_ledger(
    database: Database,
    collection: str,
    engine: Engine,
    keep: Callable[..., Kept],
    search: Callable[..., TrackSearch],
    reference: Vector,
) -> None:
    keep(reference, towards(reference, 0.2))
    found = search()
    event = list(galleries.list_events(database))[-1]
    assert (event.operation, event.collection) == ("search tracks", collection)
    assert event.detail == {
        "image": found.photo.image.sha256,
        "threshold": found.threshold,
        "tracks_searched": 2,
        "tracks": [match.record.track.track_id for match in found.matches],
    }
    search(Threshold(1.1, engine.calibration))
    assert list(galleries.list_events(database))[-1].detail["tracks"] == []


def test_no_more_than_asked_for_are_found(
    keep: Callable[..., Kept], search: Callable[..., TrackSearch], reference: Vector
) -> None:
    keep(*(towards(reference, 0.99, seed) for seed in range(5)), reference)
    assert [m.record.track.start_ms for m in search(limit=1).matches] == [5000]


def test_without_calibration_only_scores_are_given(
    keep: Callable[..., Kept], search: Callable[..., TrackSearch], reference: Vector
) -> None:
    keep(reference)
    found = search(Threshold(0.9, None))
    assert found.expected_false_candidates is None
    assert found.matches[0].comparison.similarity is None


def test_nothing_is_found_in_nothing(search: Callable[..., TrackSearch]) -> None:
    found = search()
    assert (found.matches, found.tracks, found.expected_false_candidates) == ((), 0, 0)


def test_keeping_has_its_event_and_an_end(
    database: Database, collection: str, keep: Callable[..., Kept], reference: Vector
) -> None:
    kept = keep(reference, reference)
    records = list(kept_tracks.list_tracks(database, collection))
    days = (records[0].expires_at - records[0].created_at).total_seconds() / 86400
    assert days == pytest.approx(30, abs=0.01)
    event = list(galleries.list_events(database))[-1]
    assert (event.operation, event.detail["video"]) == ("keep tracks", SHA256)
    assert event.detail["tracks"] == [record.track.track_id for record in records]
    assert event.detail["expires_at"] == kept.expires_at.isoformat(timespec="seconds")
    again = keep(reference)
    assert (again.tracks, again.replaced) == (1, 2)
    assert len(list(kept_tracks.list_tracks(database, collection))) == 1


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_nothing_is_kept_without_end(days: int) -> None:
    with pytest.raises(InputError, match="1 to 3,650 days"):
        Keeping("a.mp4", days)


def test_deleting_is_in_the_ledger(
    database: Database, collection: str, keep: Callable[..., Kept], reference: Vector
) -> None:
    keep(reference, name="a.mp4")
    keep(reference, name="b.mp4", sha256="77" * 32)
    gone = kept_tracks.delete_tracks(database, collection, TrackChoice(video="b.mp4"), ACTOR)
    event = list(galleries.list_events(database))[-1]
    assert (event.operation, event.detail) == ("delete tracks", {"video": "b.mp4", "tracks": gone})
    assert len(gone) == 1
    moment = datetime.now(UTC) + timedelta(days=1)
    kept_tracks.delete_tracks(database, collection, TrackChoice(before=moment), ACTOR)
    event = list(galleries.list_events(database))[-1]
    assert event.detail["before"] == moment.isoformat(timespec="seconds")
    assert list(kept_tracks.list_tracks(database, collection)) == []


def test_what_has_expired_is_purged_when_tracks_are_searched(
    expire: None, database: Database, collection: str, search: Callable[..., TrackSearch]
) -> None:
    assert list(kept_tracks.list_tracks(database, collection)) == []
    assert operations(database)[-1] != "purge tracks"
    assert search(Threshold(-1.0, None)).tracks == 0
    purged = list(galleries.list_events(database))[-2]
    assert (purged.operation, len(purged.detail["tracks"])) == ("purge tracks", 1)
    assert kept_tracks.purge_tracks(database, collection, ACTOR) == []
    assert operations(database)[-1] == "search tracks"


def test_what_has_expired_anywhere_is_purged(
    expire: None, database: Database, collection: str
) -> None:
    kept_tracks.purge_everywhere(database, ACTOR)
    purged = list(galleries.list_events(database))[-1]
    assert (purged.operation, purged.collection) == ("purge tracks", collection)
    kept_tracks.purge_everywhere(database, ACTOR)
    assert list(galleries.list_events(database))[-1] == purged


def test_what_is_deleted_meanwhile_is_not_found(
    engine: Engine,
    database: Database,
    collection: str,
    keep: Callable[..., Kept],
    reference: Vector,
    people: Path,
) -> None:
    keep(reference)
    searcher = TrackSearcher(engine, database, collection, Threshold(0.9, None), ACTOR)
    kept_tracks.delete_tracks(database, collection, TrackChoice(), ACTOR)
    ((_, found),) = searcher.search_all([people / "Eileen Collins" / "1.jpg"])
    assert isinstance(found, TrackSearch)
    assert found.matches == ()


def test_a_picture_that_cannot_be_searched_with_gives_its_error(
    engine: Engine, database: Database, collection: str, people: Path
) -> None:
    blank, broken = people / "blank.png", people / "broken.jpg"
    Image.new("RGB", (100, 100)).save(blank)
    broken.write_bytes(b"no picture")
    good = people / "Eileen Collins" / "1.jpg"
    searcher = TrackSearcher(engine, database, collection, Threshold(0.9, None), ACTOR)
    found = [answer for _, answer in searcher.search_all([blank, broken, good])]
    assert [type(answer) for answer in found[:1]] == [NoFaceError]
    assert isinstance(found[1], ImageError)
    assert isinstance(found[2], TrackSearch)
    assert operations(database).count("search tracks") == 1


def test_another_space_is_refused(engine: Engine, database: Database, collection: str) -> None:
    other = TemplateSpace("other", "cd" * 32, engine.space.dimension)
    galleries.create_collection(database, "others", other, {}, ACTOR)
    with pytest.raises(SpaceMismatchError, match="other"):
        TrackSearcher(engine, database, "others", Threshold(0.9, None), ACTOR)
    with database.begin() as connection, pytest.raises(SpaceMismatchError, match="other"):
        kept_tracks.keep(connection, collection, analysis(other, []), Keeping("a", 1), ACTOR)
    with pytest.raises(NotFoundError):
        TrackSearcher(engine, database, "nowhere", Threshold(0.9, None), ACTOR)


def test_tracks_from_before_a_switch_are_left_out_until_the_way_back(
    engine: Engine,
    database: Database,
    collection: str,
    keep: Callable[..., Kept],
    search: Callable[..., TrackSearch],
    people: Path,
    reference: Vector,
) -> None:
    keep(reference, towards(reference, 0.1))
    upgrade.begin(database, collection, OTHER, ACTOR)
    upgrade_steps.switch(database, collection, ACTOR)
    assert kept_tracks.count_foreign(database, collection, OTHER) == {engine.space: 2}
    assert kept_tracks.count_foreign(database, collection, engine.space) == {}
    new = analysis(
        OTHER, [track(towards(np.eye(1, 48, dtype=np.float32)[0], 1.0))], sha256="f" * 64
    )
    with database.begin() as connection:
        kept_tracks.keep(connection, collection, new, Keeping("new.mp4", 30), ACTOR)
    searcher = TrackSearcher(other_engine(engine), database, collection, Threshold(-1, None), ACTOR)
    ((_, found),) = searcher.search_all([people / "Eileen Collins" / "1.jpg"])
    assert isinstance(found, TrackSearch)
    assert [match.record.track.video_name for match in found.matches] == ["new.mp4"]
    assert (searcher.tracks, searcher.space) == (1, OTHER)
    listed = list(kept_tracks.list_tracks(database, collection))
    assert [record.space for record in listed] == [engine.space, engine.space, OTHER]
    upgrade_steps.undo(database, collection, ACTOR)
    assert [match.record.track.start_ms for match in search().matches] == [0]


def test_tracks_of_any_space_expire_and_are_replaced(
    database: Database,
    collection: str,
    keep: Callable[..., Kept],
    expire: None,
    reference: Vector,
) -> None:
    keep(reference)
    upgrade.begin(database, collection, OTHER, ACTOR)
    upgrade_steps.switch(database, collection, ACTOR)
    assert len(kept_tracks.purge_tracks(database, collection, ACTOR)) == 1
    again = analysis(OTHER, [])
    with database.begin() as connection:
        kept = kept_tracks.keep(connection, collection, again, Keeping("a.mp4", 30), ACTOR)
    assert (kept.tracks, kept.replaced) == (0, 1)
    with database.begin() as connection, pytest.raises(SpaceMismatchError):
        kept_tracks.keep(
            connection,
            collection,
            analysis(replace(OTHER, fingerprint="0" * 64), []),
            Keeping("a.mp4", 30),
            ACTOR,
        )


def test_a_deleted_collection_has_no_tracks(
    database: Database,
    collection: str,
    engine: Engine,
    keep: Callable[..., Kept],
    reference: Vector,
) -> None:
    keep(reference)
    galleries.delete_collection(database, collection, ACTOR)
    galleries.create_collection(database, collection, engine.space, {}, ACTOR)
    assert list(kept_tracks.list_tracks(database, collection)) == []
