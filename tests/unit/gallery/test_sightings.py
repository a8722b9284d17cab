from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import func, select

from reknown.biometrics.errors import InputError, NotFoundError, SpaceMismatchError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery import sightings
from reknown.gallery.collections import create_collection, delete_collection
from reknown.gallery.schema import sightings as table
from reknown.gallery.sightings import SightingChoice
from unit.databases import turn_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

SOON = datetime.now(UTC) + timedelta(days=1)
PAST = datetime.now(UTC) - timedelta(seconds=1)
ONE, TWO = "1a" * 32, "2b" * 32


def medium(video: str = ONE, name: str = "a.mp4") -> Medium:
    return Medium(video, MediumKind.VIDEO, name)


def kept(video: str = ONE, name: str = "a.mp4", seed: int = 0, **changes: object) -> Sighting:
    vector = np.random.default_rng(seed).normal(size=4).astype(np.float32)
    values: dict[str, object] = {
        "sighting_id": str(uuid4()),
        "medium": medium(video, name),
        "start_ms": 1000 * seed,
        "end_ms": 1000 * seed + 900,
        "best_ms": 1000 * seed + 400,
        "box": BoundingBox(0.1, -0.2, 0.3, 0.4),
        "confidence": 0.99,
        "quality": 61,
        "fit": True,
        "shots": 3,
        "template": vector / np.linalg.norm(vector) * np.float32(0.9),
    }
    return Sighting(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def keep(
    connection: Connection, collection: str, space: TemplateSpace
) -> Callable[..., list[Sighting]]:
    """Keeps three sightings of a video, or those given."""

    def keep_some(
        video: str = ONE, name: str = "a.mp4", until: datetime = SOON, count: int = 3
    ) -> list[Sighting]:
        made = [kept(video, name, seed) for seed in range(count)]
        sightings.keep_sightings(connection, collection, medium(video, name), made, space, until)
        return made

    return keep_some


def listed(connection: Connection, collection: str, **choice: object) -> list[str]:
    page = sightings.list_sightings(connection, collection, choice=SightingChoice(**choice))  # type: ignore[arg-type]
    return [record.sighting.sighting_id for record in page.items]


def test_a_sighting_is_kept_as_it_is(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    made = keep()
    (record, *_) = sightings.list_sightings(connection, collection).items
    for name in Sighting.__slots__:
        if name != "template":
            assert getattr(record.sighting, name) == getattr(made[0], name)
    assert np.array_equal(record.sighting.template, made[0].template)
    assert record.expires_at == SOON
    assert record.created_at <= datetime.now(UTC)


def test_sightings_are_listed_in_pages(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    ids = [each.sighting_id for each in keep()]
    first = sightings.list_sightings(connection, collection, limit=2)
    rest = sightings.list_sightings(connection, collection, first.next, limit=2)
    assert [r.sighting.sighting_id for page in (first, rest) for r in page.items] == ids
    assert rest.next is None


def test_the_same_video_is_kept_once(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    first, again = [kept(seed=1), kept(seed=2)], [kept(seed=3)]
    other = [kept(TWO)]
    for video, some, replaced in ((ONE, first, 0), (TWO, other, 0), (ONE, again, 2)):
        _, done = sightings.keep_sightings(connection, collection, medium(video), some, space, SOON)
        assert done == replaced
    ids = [other[0].sighting_id, again[0].sighting_id]
    assert listed(connection, collection) == ids
    assert sightings.keep_sightings(connection, collection, medium(TWO), [], space, SOON)[1] == 1
    assert listed(connection, collection) == ids[1:]


def test_templates_come_as_one_matrix(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    made = keep()
    found = sightings.load_sighting_templates(connection, collection)
    assert found.ids == [each.sighting_id for each in made]
    assert np.array_equal(found.vectors, np.stack([each.template for each in made]))


def test_no_sightings_are_an_empty_matrix(
    connection: Connection, collection: str, space: TemplateSpace
) -> None:
    found = sightings.load_sighting_templates(connection, collection)
    assert (found.vectors.shape, list(found.ids), found.space) == ((0, 4), [], space)


def test_what_has_expired_is_never_found_even_before_it_is_purged(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    gone, living = keep(ONE, until=PAST), keep(TWO, until=SOON)
    ids = [each.sighting_id for each in living]
    assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 6
    assert listed(connection, collection) == ids
    assert listed(connection, collection, medium=ONE) == []
    assert sightings.load_sighting_templates(connection, collection).ids == ids
    every = [each.sighting_id for each in (*gone, *living)]
    assert set(sightings.find_sightings(connection, collection, every)) == set(ids)
    purged = sightings.purge_sightings(connection, collection)
    assert purged == sorted(each.sighting_id for each in gone)
    assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 3
    assert sightings.purge_sightings(connection, collection) == []


def test_what_has_expired_by_this_machines_clock_alone_is_not_purged(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    if connection.dialect.name == "sqlite":
        pytest.skip("its clock is this machine's")
    keep(until=PAST)
    assert sightings.collections_with_expired(connection) == [collection]
    turn_back(connection, 1)
    assert sightings.collections_with_expired(connection) == []
    assert sightings.purge_sightings(connection, collection) == []


def test_purging_leaves_other_collections_alone(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    keep: Callable[..., list[Sighting]],
) -> None:
    keep(until=PAST)
    other = create_collection(connection, "others", space).name
    assert sightings.purge_sightings(connection, other) == []
    assert len(sightings.purge_sightings(connection, collection)) == 3


@pytest.mark.parametrize("by", ["b.mp4", TWO, TWO.upper(), TWO[:8]])
def test_sightings_are_deleted_by_video(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]], by: str
) -> None:
    stay, go = keep(ONE, "a.mp4"), keep(TWO, "b.mp4")
    gone = sightings.delete_sightings(connection, collection, SightingChoice(medium=by))
    assert gone == sorted(each.sighting_id for each in go)
    assert listed(connection, collection) == [each.sighting_id for each in stay]


@pytest.mark.parametrize("by", ["", "b", "%", "_.mp4", TWO[:7], f"{TWO}0"])
def test_no_other_video_is_meant(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]], by: str
) -> None:
    keep(TWO, "b.mp4")
    assert sightings.delete_sightings(connection, collection, SightingChoice(medium=by)) == []


def test_sightings_are_deleted_by_id(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    first, second, third = (each.sighting_id for each in keep())
    chosen = SightingChoice(ids=(first, third, str(uuid4())))
    assert sightings.delete_sightings(connection, collection, chosen) == sorted([first, third])
    assert sightings.delete_sightings(connection, collection, SightingChoice(ids=())) == []
    assert listed(connection, collection) == [second]


def test_sightings_are_deleted_by_when_they_were_kept(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    old = keep(ONE)
    moment = datetime.now(UTC)
    new = keep(TWO)
    zone = moment.astimezone()
    assert listed(connection, collection, before=zone) == [each.sighting_id for each in old]
    assert len(sightings.delete_sightings(connection, collection, SightingChoice(before=zone))) == 3
    assert listed(connection, collection) == [each.sighting_id for each in new]


def test_all_sightings_are_deleted(
    connection: Connection,
    collection: str,
    space: TemplateSpace,
    keep: Callable[..., list[Sighting]],
) -> None:
    keep(ONE)
    keep(TWO, until=PAST)
    other = create_collection(connection, "others", space).name
    sightings.keep_sightings(connection, other, medium(ONE), [kept()], space, SOON)
    assert len(sightings.delete_sightings(connection, collection, SightingChoice())) == 6
    assert len(listed(connection, other)) == 1


def test_a_collection_takes_its_sightings_with_it(
    connection: Connection, collection: str, keep: Callable[..., list[Sighting]]
) -> None:
    keep()
    delete_collection(connection, collection)
    assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_templates_of_another_space_are_refused(connection: Connection, collection: str) -> None:
    other = TemplateSpace("other", "cd" * 32, 4)
    with pytest.raises(SpaceMismatchError, match="other"):
        sightings.keep_sightings(connection, collection, medium(ONE), [kept()], other, SOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"template": np.ones(5, np.float32)},
        {"template": np.full(4, np.nan, np.float32)},
        {"template": np.ones(4, np.float32)},
        {"template": np.zeros(4, np.float32)},
        {"medium": medium(name="a\0b")},
        {"medium": medium(TWO)},
    ],
    ids=str,
)
def test_what_is_no_sighting_is_refused(
    connection: Connection, collection: str, space: TemplateSpace, wrong: dict[str, object]
) -> None:
    with pytest.raises(InputError):
        sightings.keep_sightings(connection, collection, medium(ONE), [kept(**wrong)], space, SOON)  # type: ignore[arg-type]


def test_an_unknown_collection_has_none(connection: Connection, space: TemplateSpace) -> None:
    with pytest.raises(NotFoundError):
        sightings.list_sightings(connection, "nowhere")
    with pytest.raises(NotFoundError):
        sightings.keep_sightings(connection, "nowhere", medium(ONE), [], space, SOON)
    with pytest.raises(NotFoundError):
        sightings.purge_sightings(connection, "nowhere")


def test_sightings_survive_a_new_process(own_engine: Engine, space: TemplateSpace) -> None:
    with own_engine.begin() as connection:
        create_collection(connection, "friends", space)
        sightings.keep_sightings(connection, "friends", medium(ONE), [kept()], space, SOON)
    with own_engine.connect() as connection:
        assert len(sightings.list_sightings(connection, "friends").items) == 1
