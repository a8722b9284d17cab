from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from contexts import make_context
from other_engine import OTHER
from reknown.biometrics.errors import (
    ImageError,
    InputError,
    NoFaceError,
    NotFoundError,
    SpaceMismatchError,
)
from reknown.biometrics.sightings import Medium, MediumKind
from reknown.biometrics.templates import TemplateSpace
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery import collections
from reknown.gallery import sightings as stored
from reknown.gallery.sightings import SightingChoice
from reknown.ledger.records import (
    DeleteSightingsRecord,
    KeepSightingsRecord,
    ListSightingsRecord,
    ProbeRecord,
    PurgeSightingsRecord,
    SearchSightingsRecord,
    SightingCandidateRecord,
    SpaceRecord,
    ThresholdRecord,
)
from reknown.services.archive.sightings import (
    Keeping,
    count_foreign,
    delete_sightings,
    keep_tracks,
    list_sightings,
    purge_everywhere,
    purge_sightings,
    sightings_of_video,
)
from reknown.services.galleries.collections import create_collection, delete_collection
from reknown.services.searches.sightings import FaceSearch, open_sightings, search_sightings
from reknown.services.upgrades.preparation import begin
from reknown.services.upgrades.steps import switch, undo
from unit.services.ledgers import events, last
from video_analyses import SHA256, analysis, towards, track

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.services.archive.sightings import Kept
    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

    Vector = NDArray[np.float32]

ANY_SCORE = ThresholdChoice(score=-1)
NAME = "party of Eileen.mp4"


@pytest.fixture(scope="module")
def reference(engine: Engine, eileen_pixels: NDArray[np.uint8]) -> Vector:
    """The template of Eileen Collins, who is not enrolled anywhere."""
    (template,) = engine.embed(eileen_pixels, engine.detect(eileen_pixels))
    return template.vector


def keep_all(
    context: Context, collection: str, found: VideoAnalysis, name: str = NAME, days: int = 30
) -> Kept:
    with context.database.begin() as connection:
        return keep_tracks(connection, context, collection, found, Keeping(name, days))


@pytest.fixture
def keep(engine: Engine, context: Context, collection: str) -> Callable[..., Kept]:
    def keep_templates(*templates: Vector, name: str = NAME, sha256: str = SHA256) -> Kept:
        tracks = [track(t, 1000 * n, 1000 * n + 900, n) for n, t in enumerate(templates)]
        return keep_all(context, collection, analysis(engine.space, tracks, sha256=sha256), name)

    return keep_templates


@pytest.fixture
def expired(database: Database, collection: str, engine: Engine) -> str:
    """The id of a track that has expired a second ago."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    found = track(towards(np.eye(1, engine.space.dimension, dtype=np.float32)[0], 1.0))
    medium = Medium("e0" * 32, MediumKind.VIDEO, "expired.mp4")
    (made,) = sightings_of_video(medium, [found])
    with database.begin() as connection:
        stored.keep_sightings(connection, collection, medium, [made], engine.space, past)
    return made.sighting_id


@pytest.fixture
def search(context: Context, collection: str, eileen: bytes) -> Callable[..., FaceSearch]:
    def search_for_eileen(
        choice: ThresholdChoice = ThresholdChoice(), limit: int = 20, context: Context = context
    ) -> FaceSearch:
        gallery = open_sightings(context, collection, choice)
        ((_, found),) = search_sightings(context, gallery, [eileen], limit)
        assert isinstance(found, FaceSearch)
        return found

    return search_for_eileen


def test_a_past_stranger_is_found_by_an_image(
    keep: Callable[..., Kept], search: Callable[..., FaceSearch], reference: Vector
) -> None:
    keep(towards(reference, 0.3), reference, towards(reference, 0.99))
    found = search()
    places = [match.record.sighting.start_ms for match in found.matches]
    assert places == [1000, 2000]
    best = found.matches[0]
    assert best.record.sighting.medium.name == NAME
    assert best.comparison.accepted
    assert best.comparison.score == pytest.approx(1, abs=1e-5)
    assert found.gallery.size == 3
    assert found.gallery.expected_false_candidates == pytest.approx(3e-4, rel=0.01)


def test_every_search_is_in_the_ledger(
    database: Database,
    collection: str,
    engine: Engine,
    keep: Callable[..., Kept],
    search: Callable[..., FaceSearch],
    reference: Vector,
) -> None:
    keep(reference, towards(reference, 0.2))
    found = search()
    (match,) = found.matches
    event = last(database)
    assert (event.operation, event.collection) == ("search sightings", collection)
    assert event.record == SearchSightingsRecord(
        probe=ProbeRecord("image", found.extraction.image.sha256),
        space=SpaceRecord.of(engine.space),
        threshold=ThresholdRecord.of(ThresholdChoice().resolve(engine.calibration)),
        sightings_searched=2,
        candidates=(
            SightingCandidateRecord(
                match.record.sighting.sighting_id,
                match.comparison.score,
                match.comparison.similarity,
            ),
        ),
    )
    search(ThresholdChoice(score=1.0))
    record = last(database).record
    assert isinstance(record, SearchSightingsRecord)
    assert (record.threshold.score, record.candidates) == (1.0, ())


def test_no_more_than_asked_for_are_found(
    keep: Callable[..., Kept], search: Callable[..., FaceSearch], reference: Vector
) -> None:
    keep(*(towards(reference, 0.99, seed) for seed in range(5)), reference)
    assert [m.record.sighting.start_ms for m in search(limit=1).matches] == [5000]


def test_without_calibration_only_scores_are_given(
    database: Database,
    engine: Engine,
    keep: Callable[..., Kept],
    search: Callable[..., FaceSearch],
    reference: Vector,
) -> None:
    keep(reference)
    plain = make_context(database, replace(engine, calibration=None))
    found = search(ThresholdChoice(score=0.9), context=plain)
    assert found.gallery.expected_false_candidates is None
    assert found.matches[0].comparison.similarity is None


def test_nothing_is_found_in_nothing(search: Callable[..., FaceSearch]) -> None:
    found = search()
    assert (found.matches, found.gallery.size) == ((), 0)
    assert found.gallery.expected_false_candidates == 0


def test_keeping_has_its_event_and_an_end(
    context: Context,
    database: Database,
    collection: str,
    keep: Callable[..., Kept],
    reference: Vector,
) -> None:
    kept = keep(reference, reference)
    event = last(database)
    records = list(list_sightings(context, collection))
    assert records[0].expires_at
    days = (records[0].expires_at - records[0].created_at).total_seconds() / 86400
    assert days == pytest.approx(30, abs=0.01)
    ids = tuple(record.sighting.sighting_id for record in records)
    assert (event.actor, event.collection) == ("tester", collection)
    assert event.record == KeepSightingsRecord((SHA256,), ids, 0, kept.expires_at)
    again = keep(reference)
    assert (again.tracks, again.replaced) == (1, 2)
    record = last(database).record
    assert isinstance(record, KeepSightingsRecord)
    assert record.replaced == 2
    assert len(list(list_sightings(context, collection))) == 1


def test_listing_is_in_the_ledger(
    context: Context,
    database: Database,
    collection: str,
    keep: Callable[..., Kept],
    reference: Vector,
) -> None:
    keep(reference, reference)
    list(list_sightings(context, collection))
    event = last(database)
    assert (event.actor, event.collection) == ("tester", collection)
    assert event.record == ListSightingsRecord(2)
    list(list_sightings(context, collection, SightingChoice(medium="another.mp4")))
    assert last(database).record == ListSightingsRecord(0)


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_nothing_is_kept_without_end(days: int) -> None:
    with pytest.raises(InputError, match="1 to 3,650 days"):
        Keeping("a.mp4", days)


def test_deleting_is_in_the_ledger(
    context: Context,
    database: Database,
    collection: str,
    keep: Callable[..., Kept],
    reference: Vector,
) -> None:
    keep(reference, name="a.mp4")
    keep(reference, sha256="77" * 32)
    (gone,) = delete_sightings(context, collection, SightingChoice(medium=NAME))
    # a name of a file may be anybody's
    assert last(database).record == DeleteSightingsRecord((gone,))
    keep(reference, sha256="77" * 32)
    (gone,) = delete_sightings(context, collection, SightingChoice(medium="77" * 32))
    assert last(database).record == DeleteSightingsRecord((gone,), medium="77" * 32)
    moment = datetime.now(UTC) + timedelta(days=1)
    (gone,) = delete_sightings(context, collection, SightingChoice(before=moment))
    assert last(database).record == DeleteSightingsRecord((gone,), before=moment)
    assert list(list_sightings(context, collection)) == []


def test_no_name_of_a_video_is_in_the_ledger(
    context: Context,
    database: Database,
    collection: str,
    keep: Callable[..., Kept],
    search: Callable[..., FaceSearch],
    reference: Vector,
) -> None:
    keep(reference)
    search()
    list(list_sightings(context, collection, SightingChoice(medium=NAME)))
    delete_sightings(context, collection, SightingChoice(medium=NAME))
    written = repr(
        events(database, "keep sightings", "search sightings", "list sightings", "delete sightings")
    )
    assert SHA256 in written
    assert "Eileen" not in written


def test_what_has_expired_is_purged_when_tracks_are_searched(
    expired: str,
    context: Context,
    database: Database,
    collection: str,
    search: Callable[..., FaceSearch],
) -> None:
    assert list(list_sightings(context, collection)) == []
    assert events(database, "purge sightings") == []
    assert search(ANY_SCORE).gallery.size == 0
    purged, searched = events(database)[-2:]
    assert (purged.actor, purged.record) == ("tester", PurgeSightingsRecord((expired,)))
    assert searched.operation == "search sightings"
    assert purge_sightings(context, collection) == []
    assert last(database) == searched


def test_what_has_expired_anywhere_is_purged(
    expired: str, context: Context, database: Database, collection: str
) -> None:
    purge_everywhere(context)
    purged = last(database)
    assert (purged.collection, purged.record) == (collection, PurgeSightingsRecord((expired,)))
    purge_everywhere(context)
    assert last(database) == purged


def test_what_is_deleted_meanwhile_is_not_found(
    context: Context,
    collection: str,
    keep: Callable[..., Kept],
    reference: Vector,
    eileen: bytes,
) -> None:
    keep(reference)
    gallery = open_sightings(context, collection, ThresholdChoice(score=0.9))
    delete_sightings(context, collection, SightingChoice())
    ((_, found),) = search_sightings(context, gallery, [eileen])
    assert isinstance(found, FaceSearch)
    assert (found.gallery.size, found.matches) == (1, ())


def test_an_image_that_cannot_be_searched_with_gives_its_error(
    context: Context, database: Database, collection: str, people: Path
) -> None:
    blank, broken = people / "blank.png", people / "broken.jpg"
    Image.new("RGB", (100, 100)).save(blank)
    broken.write_bytes(b"no image")
    images = [blank, broken, people / "Eileen Collins" / "1.jpg"]
    gallery = open_sightings(context, collection, ThresholdChoice(score=0.9))
    found = list(search_sightings(context, gallery, images))
    assert [source for source, _ in found] == images
    answers = [answer for _, answer in found]
    assert isinstance(answers[0], NoFaceError)
    assert isinstance(answers[1], ImageError)
    assert isinstance(answers[2], FaceSearch)
    assert len(events(database, "search sightings")) == 1


def test_another_space_is_refused(
    engine: Engine, context: Context, database: Database, collection: str
) -> None:
    foreign = TemplateSpace("other", "ee" * 32, engine.space.dimension)
    with database.begin() as connection:
        collections.create_collection(connection, "others", foreign)
    before = events(database)
    with pytest.raises(SpaceMismatchError, match="other"):
        open_sightings(context, "others", ThresholdChoice(score=0.9))
    with pytest.raises(SpaceMismatchError, match="other"):
        keep_all(context, collection, analysis(foreign, []))
    with pytest.raises(NotFoundError):
        open_sightings(context, "nowhere", ThresholdChoice(score=0.9))
    assert events(database) == before


def test_tracks_from_before_a_switch_are_left_out_until_the_way_back(
    engine: Engine,
    context: Context,
    collection: str,
    keep: Callable[..., Kept],
    search: Callable[..., FaceSearch],
    reference: Vector,
) -> None:
    keep(reference, towards(reference, 0.1))
    begin(context, collection, OTHER.pack)
    switch(context, collection)
    assert count_foreign(context, collection, OTHER) == {engine.space: 2}
    assert count_foreign(context, collection, engine.space) == {}
    new = track(towards(np.eye(1, OTHER.dimension, dtype=np.float32)[0], 1.0))
    keep_all(context, collection, analysis(OTHER, [new], sha256="f" * 64), "new.mp4")
    found = search(ANY_SCORE)
    assert [match.record.sighting.medium.name for match in found.matches] == ["new.mp4"]
    assert (found.gallery.size, found.gallery.templates.space) == (1, OTHER)
    assert found.extraction.space == OTHER
    listed = list(list_sightings(context, collection))
    assert [record.space for record in listed] == [engine.space, engine.space, OTHER]
    undo(context, collection)
    assert [match.record.sighting.start_ms for match in search().matches] == [0]


def test_tracks_of_any_space_expire_and_are_replaced(
    context: Context,
    collection: str,
    keep: Callable[..., Kept],
    expired: str,
    reference: Vector,
) -> None:
    keep(reference)
    begin(context, collection, OTHER.pack)
    switch(context, collection)
    assert purge_sightings(context, collection) == [expired]
    kept = keep_all(context, collection, analysis(OTHER, []))
    assert (kept.tracks, kept.replaced) == (0, 1)
    changed = replace(OTHER, fingerprint="0" * 64)
    with pytest.raises(SpaceMismatchError):
        keep_all(context, collection, analysis(changed, []))


def test_a_deleted_collection_has_no_tracks(
    context: Context, collection: str, keep: Callable[..., Kept], reference: Vector
) -> None:
    keep(reference)
    delete_collection(context, collection)
    create_collection(context, collection)
    assert list(list_sightings(context, collection)) == []
