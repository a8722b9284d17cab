from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from growth import calls
from reknown.biometrics.among import Among
from reknown.biometrics.errors import CollectionNotFoundError, InputError, NotFoundError
from reknown.gallery import faces as faces_module
from reknown.gallery import living
from reknown.gallery.among import find_limits
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection, require
from reknown.gallery.faces import add_faces, delete_faces, list_faces
from reknown.gallery.schema import faces, users
from reknown.gallery.sealed import RecordKind, open_rows
from reknown.gallery.users import create_user, find_names, move_faces
from reknown.gallery.vectors.probes import Criteria
from reknown.storage.clock import as_text
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from reknown.biometrics.records import ImageRecord, NewFace
    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.living import IndexView

    MakeImage = Callable[[int], ImageRecord]
    MakeFace = Callable[[int], NewFace]

MANY = 1_000_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("Ada", "Bob", "Eve")

# A face: the number of its user, 3 for nobody, and the minute of its enrolment.
FACE = st.tuples(st.integers(0, 3), st.integers(0, 9))
PLACES = st.sets(st.integers(0, 39), max_size=15)
CRITERIA = st.builds(
    Criteria, st.integers(1, 6), st.sampled_from([-np.inf, 0.2, 0.9]), st.booleans(), st.booleans()
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A limit, of faces by their places and of times by minutes."""

    users: frozenset[str] | None
    places: frozenset[int] | None
    since: int | None
    until: int | None

    def among(self, face_ids: list[str]) -> Among | None:
        """For faces of these ids; None where it cannot be meant."""
        named = None
        if self.places is not None:
            named = tuple(face_ids[place] for place in self.places if place < len(face_ids))
        times = [None if at is None else minute(at) for at in (self.since, self.until)]
        try:
            return Among(
                users=None if self.users is None else tuple(self.users),
                face_ids=named,
                since=times[0],
                until=times[1],
            )
        except InputError:
            return None


WISH = st.builds(
    Wish,
    st.none() | st.frozensets(st.sampled_from(NAMES), min_size=1),
    st.none() | st.frozensets(st.integers(0, 39), min_size=1),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(1, 10),
)


def minute(number: int) -> datetime:
    return BEGIN + timedelta(minutes=number)


class Gallery:
    """A collection of faces with users and times, no two at one place of the sphere."""

    def __init__(
        self, engine: Engine, space: TemplateSpace, image: MakeImage, face: MakeFace
    ) -> None:
        self.engine, self.name = engine, str(uuid4())
        self._image, self._face, self._made = image, face, 0
        with engine.begin() as connection:
            create_collection(connection, self.name, space)
            for name in NAMES:
                create_user(connection, self.name, name)

    def add(self, *told: tuple[int, int]) -> None:
        for user, at in told:
            self._made += 1
            with pytest.MonkeyPatch.context() as patch, self.engine.begin() as connection:
                patch.setattr(faces_module, "now_text", lambda at=at: as_text(minute(at)))
                name = [*NAMES, None][user]
                new = [self._face(self._made)]
                add_faces(connection, self.name, self._image(self._made), new, name)

    def ids(self, connection: Connection) -> list[str]:
        return [face.face_id for face in list_faces(connection, self.name).items]

    def change(self, removed: set[int], moved: set[int], to: int) -> None:
        """Deletes faces and gives others to another user, by their places."""
        with self.engine.begin() as connection:
            there = self.ids(connection)
            some = [there[place] for place in moved if place < len(there)]
            move_faces(connection, self.name, some, [*NAMES, None][to])
            gone = [there[place] for place in removed if place < len(there)]
            delete_faces(connection, self.name, gone)

    def view(self, connection: Connection, cache: IndexCache, among: Among) -> IndexView:
        limits = find_limits(connection, self.name, among)
        return cache.current(connection, self.name).among(limits.choice)


def naive(
    connection: Connection, name: str, among: Among, probe: np.ndarray, wish: Criteria
) -> tuple[list[tuple[int, int, float]], tuple[int, int, int]]:
    """The best, and the counts, of what the rows say one by one."""
    query = select(faces, users.c.subject_id)
    query = query.outerjoin_from(faces, users, faces.c.user_id == users.c.id)
    collection = require(connection, name)
    own = faces.c.collection_id == collection.id
    scored: list[tuple[float, int, int]] = []
    owned: list[int] = []
    rows = connection.execute(query.where(own)).all()
    rows, templates = open_rows(connection, RecordKind.FACE, collection, rows)
    names = find_names(connection, {row.subject_id for row in rows} - {None})
    for row, template in zip(rows, templates, strict=True):
        owner = names.get(row.subject_id)
        created = datetime.fromisoformat(row.created_at)
        if (
            (among.users is not None and owner not in among.users)
            or (among.face_ids is not None and row.face_id not in among.face_ids)
            or (among.since is not None and created < among.since)
            or (among.until is not None and created >= among.until)
        ):
            continue
        vector = np.frombuffer(template, "<f4")
        score = float((vector.astype(np.float64) * probe).sum())
        scored.append((-score, row.id, row.user_id or 0))
        owned.extend([row.user_id] if row.user_id else [])
    seen: set[int] = set()
    best = []
    for lost, key, user in sorted(scored):
        if -lost < wish.least or (wish.owned_only and not user):
            continue
        if wish.distinct and user and user in seen:
            continue
        seen.add(user)
        best.append((key, user, -lost))
    return best[: wish.k], (len(scored), len(owned), len(set(owned)))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    told=st.lists(FACE, max_size=40),
    changes=st.lists(st.tuples(PLACES, PLACES, st.integers(0, 3)), max_size=2),
    wishes=st.lists(st.tuples(WISH, CRITERIA), min_size=1, max_size=4),
    later=st.lists(FACE, max_size=5),
    seed=st.integers(0, 99),
)
def test_a_limited_search_finds_the_best_of_what_is_left(  # noqa: PLR0913, PLR0917
    own_engine: Engine,
    space: TemplateSpace,
    image: MakeImage,
    face: MakeFace,
    told: list[tuple[int, int]],
    changes: list[tuple[set[int], set[int], int]],
    wishes: list[tuple[Wish, Criteria]],
    later: list[tuple[int, int]],
    seed: int,
) -> None:
    gallery, cache = Gallery(own_engine, space, image, face), IndexCache(MANY)
    probes = np.random.default_rng(seed).normal(size=(2, space.dimension)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(living, "_ROOMS", (16, 16))
        gallery.add(*told)
        for removed, moved, to in changes:
            gallery.change(removed, moved, to)
            with reading(own_engine) as connection:
                cache.current(connection, gallery.name)
        with reading(own_engine) as past:
            require(past, gallery.name)
            if later:  # whoever sees the past searches an index that is ahead
                gallery.add(*later)
                with reading(own_engine) as connection:
                    cache.current(connection, gallery.name)
            there = gallery.ids(past)
            for wish, criteria in wishes:
                among = wish.among(there)
                if among is None:
                    continue
                view = gallery.view(past, cache, among)
                for probe, hits in zip(probes, view.search(past, probes, criteria), strict=True):
                    lines = zip(
                        hits.keys.tolist(), hits.users.tolist(), hits.scores.tolist(), strict=True
                    )
                    best, counts = naive(past, gallery.name, among, probe, criteria)
                    assert list(lines) == best
                    assert (view.references, view.owned, view.users) == counts


def test_what_is_compared_is_what_is_chosen_whatever_else_there_is(
    own_engine: Engine, space: TemplateSpace, image: MakeImage, face: MakeFace
) -> None:
    gallery, cache, work = Gallery(own_engine, space, image, face), IndexCache(MANY), []
    gallery.add((0, 1), (0, 2))
    for more in (30, 150):
        gallery.add(*[(1, 1)] * more)
        with reading(own_engine) as connection:
            cache.current(connection, gallery.name)
            work.append(calls(lambda: gallery.view(connection, cache, Among(users=("Ada",)))))
    assert work[1] < work[0] + 20


def test_a_slab_without_chosen_rows_is_left_out(
    own_engine: Engine, space: TemplateSpace, image: MakeImage, face: MakeFace
) -> None:
    gallery = Gallery(own_engine, space, image, face)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(living, "_ROOMS", (16, 16, 16))
        gallery.add(*[(0, 1)] * 16, *[(1, 2)] * 16, *[(1, 3)] * 16)
        with reading(own_engine) as connection:
            cache = IndexCache(MANY)
            (slab,) = gallery.view(connection, cache, Among(users=("Ada",))).slabs
            assert slab.chosen is None
            since = gallery.view(connection, cache, Among(since=minute(2)))
            assert [slab.first for slab in since.slabs] == [16, 32]
            assert gallery.view(connection, cache, Among(since=minute(4))).slabs == ()


def test_times_are_exact_to_the_microsecond_and_in_any_zone(
    own_engine: Engine, space: TemplateSpace, image: MakeImage, face: MakeFace
) -> None:
    gallery, cache = Gallery(own_engine, space, image, face), IndexCache(MANY)
    gallery.add((0, 1), (0, 2))
    tick, zone = timedelta(microseconds=1), datetime.fromisoformat("2026-01-01T02:01:00+02:00")
    with reading(own_engine) as connection:
        counts = [
            gallery.view(connection, cache, Among(since=since, until=until)).references
            for since, until in (
                (minute(1), None),
                (minute(1) + tick, None),
                (None, minute(2)),
                (None, minute(2) + tick),
                (zone, zone + tick),
                (datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
            )
        ]
    assert counts == [2, 1, 1, 2, 1, 2]


def test_who_is_not_there_is_said(
    own_engine: Engine, space: TemplateSpace, image: MakeImage, face: MakeFace
) -> None:
    gallery, other = (Gallery(own_engine, space, image, face) for _ in range(2))
    gallery.add((0, 1))
    other.add((0, 1))
    with reading(own_engine) as connection:
        (mine,), (its,) = gallery.ids(connection), other.ids(connection)
        with pytest.raises(NotFoundError, match="'Mallory' does not exist in"):
            find_limits(connection, gallery.name, Among(users=("Ada", "Mallory")))
        with pytest.raises(InputError, match=f"1 of 2 face ids are not in .*{its}"):
            find_limits(connection, gallery.name, Among(face_ids=(mine, its)))
        with pytest.raises(CollectionNotFoundError):
            find_limits(connection, "nowhere", Among(users=("Ada",)))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"users": "Ada"}, "users are a list: write"),
        ({"users": ()}, "among no users finds nobody"),
        ({"face_ids": ()}, "among no face ids finds nobody"),
        ({"users": ("a",) * 1001}, "at most 1,000 users, not 1,001"),
        ({"face_ids": ("a",) * 100_001}, "at most 100,000 face ids"),
        ({"since": datetime(2026, 1, 1)}, "has no time zone"),
        ({"since": minute(1), "until": minute(1)}, "swap the times"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(limits: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Among(**limits)  # type: ignore[arg-type]
