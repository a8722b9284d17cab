from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import func, select

from reknown.biometrics.errors import InputError, NotFoundError, SpaceMismatchError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.templates import TemplateSpace
from reknown.biometrics.tracks import KeptTrack
from reknown.gallery import tracks
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.schema import tracks as table
from reknown.gallery.tracks import TrackChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

SOON = datetime.now(UTC) + timedelta(days=1)
PAST = datetime.now(UTC) - timedelta(seconds=1)
ONE, TWO = "1a" * 32, "2b" * 32


def kept(video: str = ONE, name: str = "a.mp4", seed: int = 0, **changes: object) -> KeptTrack:
    vector = np.random.default_rng(seed).normal(size=4).astype(np.float32)
    values: dict[str, object] = {
        "track_id": str(uuid4()),
        "video_sha256": video,
        "video_name": name,
        "start_ms": 1000 * seed,
        "end_ms": 1000 * seed + 900,
        "best_ms": 1000 * seed + 400,
        "box": BoundingBox(0.1, -0.2, 0.3, 0.4),
        "confidence": 0.99,
        "quality": 61,
        "shots": 3,
        "template": vector / np.linalg.norm(vector) * np.float32(0.9),
    }
    return KeptTrack(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def keep(
    connection: Connection, collection: str, space: TemplateSpace
) -> Callable[..., list[KeptTrack]]:
    """Keeps three tracks of a video, or those given."""

    def keep_some(
        video: str = ONE, name: str = "a.mp4", until: datetime = SOON, count: int = 3
    ) -> list[KeptTrack]:
        made = [kept(video, name, seed) for seed in range(count)]
        tracks.keep_tracks(connection, collection, video, made, space, until)
        return made

    return keep_some


def listed(connection: Connection, collection: str, **choice: object) -> list[str]:
    page = tracks.list_tracks(connection, collection, choice=TrackChoice(**choice))  # type: ignore[arg-type]
    return [record.track.track_id for record in page.items]


def test_a_track_is_kept_as_it_is(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]]
) -> None:
    made = keep()
    (record, *_) = tracks.list_tracks(connection, collection).items
    for name in KeptTrack.__slots__:
        if name != "template":
            assert getattr(record.track, name) == getattr(made[0], name)
    assert np.array_equal(record.track.template, made[0].template)
    assert record.expires_at == SOON
    assert record.created_at <= datetime.now(UTC)


def test_tracks_are_listed_in_pages(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]]
) -> None:
    ids = [track.track_id for track in keep()]
    first = tracks.list_tracks(connection, collection, limit=2)
    rest = tracks.list_tracks(connection, collection, first.next, limit=2)
    assert [r.track.track_id for page in (first, rest) for r in page.items] == ids
    assert rest.next is None


def test_the_same_video_is_kept_once(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    first, again = [kept(seed=1), kept(seed=2)], [kept(seed=3)]
    other = [kept(TWO)]
    for video, some, replaced in ((ONE, first, 0), (TWO, other, 0), (ONE, again, 2)):
        done = tracks.keep_tracks(connection, collection, video, some, space, SOON)
        assert done == replaced
    ids = [other[0].track_id, again[0].track_id]
    assert listed(connection, collection) == ids
    assert tracks.keep_tracks(connection, collection, TWO, [], space, SOON) == 1
    assert listed(connection, collection) == ids[1:]


def test_templates_come_as_one_matrix(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]]
) -> None:
    made = keep()
    found = tracks.load_track_templates(connection, collection)
    assert found.ids == [track.track_id for track in made]
    assert np.array_equal(found.vectors, np.stack([track.template for track in made]))


def test_no_tracks_are_an_empty_matrix(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    found = tracks.load_track_templates(connection, collection)
    assert (found.vectors.shape, list(found.ids), found.space) == ((0, 4), [], space)


def test_what_has_expired_is_never_found_even_before_it_is_purged(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]]
) -> None:
    gone, living = keep(ONE, until=PAST), keep(TWO, until=SOON)
    ids = [track.track_id for track in living]
    assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 6
    assert listed(connection, collection) == ids
    assert listed(connection, collection, video=ONE) == []
    assert tracks.load_track_templates(connection, collection).ids == ids
    every = [track.track_id for track in (*gone, *living)]
    assert set(tracks.find_tracks(connection, collection, every)) == set(ids)
    purged = tracks.purge_tracks(connection, collection)
    assert purged == sorted(track.track_id for track in gone)
    assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 3
    assert tracks.purge_tracks(connection, collection) == []


def test_purging_leaves_other_collections_alone(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    keep: Callable[..., list[KeptTrack]],
) -> None:
    keep(until=PAST)
    other = create_collection(connection, "others", space).name
    assert tracks.purge_tracks(connection, other) == []
    assert len(tracks.purge_tracks(connection, collection)) == 3


@pytest.mark.parametrize("by", ["b.mp4", TWO, TWO.upper(), TWO[:8]])
def test_tracks_are_deleted_by_video(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]], by: str
) -> None:
    stay, go = keep(ONE, "a.mp4"), keep(TWO, "b.mp4")
    gone = tracks.delete_tracks(connection, collection, TrackChoice(video=by))
    assert gone == sorted(track.track_id for track in go)
    assert listed(connection, collection) == [track.track_id for track in stay]


@pytest.mark.parametrize("by", ["", "b", "%", "_.mp4", TWO[:7], f"{TWO}0"])
def test_no_other_video_is_meant(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]], by: str
) -> None:
    keep(TWO, "b.mp4")
    assert tracks.delete_tracks(connection, collection, TrackChoice(video=by)) == []


def test_tracks_are_deleted_by_id(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]]
) -> None:
    first, second, third = (track.track_id for track in keep())
    chosen = TrackChoice(ids=(first, third, str(uuid4())))
    assert tracks.delete_tracks(connection, collection, chosen) == sorted([first, third])
    assert tracks.delete_tracks(connection, collection, TrackChoice(ids=())) == []
    assert listed(connection, collection) == [second]


def test_tracks_are_deleted_by_when_they_were_kept(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]]
) -> None:
    old = keep(ONE)
    moment = datetime.now(UTC)
    new = keep(TWO)
    zone = moment.astimezone()
    assert listed(connection, collection, before=zone) == [track.track_id for track in old]
    assert len(tracks.delete_tracks(connection, collection, TrackChoice(before=zone))) == 3
    assert listed(connection, collection) == [track.track_id for track in new]


def test_all_tracks_are_deleted(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    keep: Callable[..., list[KeptTrack]],
) -> None:
    keep(ONE)
    keep(TWO, until=PAST)
    other = create_collection(connection, "others", space).name
    tracks.keep_tracks(connection, other, ONE, [kept()], space, SOON)
    assert len(tracks.delete_tracks(connection, collection, TrackChoice())) == 6
    assert len(listed(connection, other)) == 1


def test_a_collection_takes_its_tracks_with_it(
    connection: Connection, collection: str, keep: Callable[..., list[KeptTrack]]
) -> None:
    keep()
    delete_collection(connection, collection)
    assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_templates_of_another_space_are_refused(connection: Connection, collection: str) -> None:
    other = TemplateSpace("other", "cd" * 32, 4)
    with pytest.raises(SpaceMismatchError, match="other"):
        tracks.keep_tracks(connection, collection, ONE, [kept()], other, SOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"template": np.ones(5, np.float32)},
        {"template": np.full(4, np.nan, np.float32)},
        {"template": np.ones(4, np.float32)},
        {"template": np.zeros(4, np.float32)},
        {"video_name": "a\0b"},
        {"video_sha256": TWO},
    ],
    ids=str,
)
def test_what_is_no_track_is_refused(
    connection: Connection, collection: str, space: TemplateSpace, wrong: dict[str, object]
) -> None:
    with pytest.raises(InputError):
        tracks.keep_tracks(connection, collection, ONE, [kept(**wrong)], space, SOON)  # type: ignore[arg-type]


def test_an_unknown_collection_has_none(connection: Connection, space: TemplateSpace) -> None:
    with pytest.raises(NotFoundError):
        tracks.list_tracks(connection, "nowhere")
    with pytest.raises(NotFoundError):
        tracks.keep_tracks(connection, "nowhere", ONE, [], space, SOON)
    with pytest.raises(NotFoundError):
        tracks.purge_tracks(connection, "nowhere")


def test_tracks_survive_a_new_process(own_engine: Engine, space: TemplateSpace) -> None:
    with own_engine.begin() as connection:
        create_collection(connection, "friends", space)
        tracks.keep_tracks(connection, "friends", ONE, [kept()], space, SOON)
    with own_engine.connect() as connection:
        assert len(tracks.list_tracks(connection, "friends").items) == 1
