from __future__ import annotations

import threading
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from growth import calls
from reknown.biometrics.errors import AlreadyExistsError, NotFoundError, UpgradeError
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery import deletions
from reknown.gallery import living as module
from reknown.gallery import templates as templates_module
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import (
    create_collection,
    delete_collection,
    get_space,
    require,
)
from reknown.gallery.faces import (
    add_faces,
    delete_faces,
    faces_of_keys,
    find_faces,
    list_faces,
    merge_faces,
)
from reknown.gallery.schema import collections, deleted_faces, faces
from reknown.gallery.snapshots import Snapshots
from reknown.gallery.switching import switch
from reknown.gallery.upgrades import find_upgrade
from reknown.gallery.users import associate_faces, create_user, delete_user, disassociate_faces
from reknown.gallery.vectors.probes import Criteria
from reknown.storage import erasure
from reknown.storage.database import reading
from unit.gallery.indexes import ids, look, state, stored
from unit.gallery.upgrading import NEXT, end, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from reknown.biometrics.records import FaceRecord, ImageRecord, NewFace

    MakeImage = Callable[[int], ImageRecord]
    MakeFace = Callable[[int], NewFace]
    Add = Callable[..., list[FaceRecord]]

MANY = 1_000_000
DEEDS = (
    "add", "add", "crowd", "merge", "delete", "delete", "associate", "disassociate",
    "create user", "delete user", "recreate", "prepare", "switch", "move", "move", "end",
)  # fmt: skip
DEED = st.tuples(st.sampled_from(DEEDS), st.integers(0, 20), st.integers(0, 20))
# What happens in one transaction, whether it is committed, and whether one looks afterwards.
STEP = st.tuples(st.lists(DEED, min_size=1, max_size=3), st.booleans(), st.booleans())


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who deletes does not wait for those who look at the past."""
    monkeypatch.setattr(erasure, "_PATIENCE", 0.1)


@pytest.fixture
def friends(own_engine: Engine, space: TemplateSpace) -> str:
    with own_engine.begin() as connection:
        return create_collection(connection, "friends", space).name


@pytest.fixture
def add(own_engine: Engine, friends: str, image: MakeImage, face: MakeFace) -> Add:
    """Adds as many faces of one image as told, and commits."""
    numbers = count(1)

    def add_some(faces: int = 1, user: str | None = None, to: str = friends) -> list[FaceRecord]:
        new = [face(next(numbers)) for _ in range(faces)]
        with own_engine.begin() as connection:
            return add_faces(connection, to, image(next(numbers)), new, user)

    return add_some


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The keys of the faces whose templates the cache has read, in order."""
    seen: list[int] = []

    def stream(*arguments: Any) -> Iterator[Any]:
        for keys, owners, created, vectors in templates_module.stream_changes(*arguments):
            seen.extend(keys.tolist())
            yield keys, owners, created, vectors

    monkeypatch.setattr(module, "stream_changes", stream)
    return seen


class Life:
    """What may happen to a collection."""

    def __init__(self, name: str, space: TemplateSpace, image: MakeImage, face: MakeFace) -> None:
        self._name, self._space = name, space
        self._image, self._face = image, face
        self._numbers = count(100)

    def act(self, connection: Connection, action: str, one: int, other: int) -> None:
        name = self._name
        user = ["Ada", "Bob"][one % 2]
        actions: dict[str, Callable[[], object]] = {
            "add": lambda: add_faces(
                connection,
                name,
                self._image(next(self._numbers)),
                self._new(connection, one, other)[: 1 + one % 2],
                [None, "Ada", "Bob"][other % 3],
            ),
            "crowd": lambda: add_faces(
                connection, name, self._image(next(self._numbers)), self._crowd(connection)
            ),
            "merge": lambda: merge_faces(
                connection, name, self._image(other % 3), self._new(connection, one, other)
            ),
            "delete": lambda: delete_faces(connection, name, self._some(connection, one, other)),
            "associate": lambda: associate_faces(
                connection, name, user, self._some(connection, one, other)
            ),
            "disassociate": lambda: disassociate_faces(
                connection, name, user, self._some(connection, one, other)
            ),
            "create user": lambda: create_user(connection, name, user),
            "delete user": lambda: delete_user(connection, name, user),
            "recreate": lambda: self._recreate(connection),
            "prepare": lambda: self._prepare(connection),
            "switch": lambda: switch(connection, name, to_target=bool(one % 2)),
            "move": lambda: self._move(connection),
            "end": lambda: end(connection, name),
        }
        # a user may be there or not, an upgrade possible or not
        with suppress(NotFoundError, AlreadyExistsError, UpgradeError):
            actions[action]()

    def _new(self, connection: Connection, one: int, other: int) -> list[NewFace]:
        made = [self._face(one), self._face(other + 21)]
        space = get_space(connection, self._name)
        if space == self._space:
            return made
        vector = np.eye(1, space.dimension, one % space.dimension, np.float32)[0]
        return [replace(face, template=Template(vector, space)) for face in made]

    def _crowd(self, connection: Connection) -> list[NewFace]:
        """Nearly a slab."""
        return [face for one in range(7) for face in self._new(connection, one, one)]

    def _move(self, connection: Connection) -> None:
        self._prepare(connection)
        upgrade = find_upgrade(connection, self._name)
        assert upgrade is not None
        switch(connection, self._name, to_target=not upgrade.switched)

    def _prepare(self, connection: Connection) -> None:
        upgrade = find_upgrade(connection, self._name)
        there = get_space(connection, self._name) == NEXT
        other = upgrade.other if upgrade else self._space if there else NEXT
        prepare(connection, self._name, other)

    def _some(self, connection: Connection, one: int, other: int) -> list[str]:
        faces = list_faces(connection, self._name).items
        first = one % (len(faces) + 1)
        return [record.face_id for record in faces[first : first + 1 + other % 3]]

    def _recreate(self, connection: Connection) -> None:
        delete_collection(connection, self._name)
        create_collection(connection, self._name, self._space)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, max_size=12))
def test_the_cache_has_what_the_database_has_whatever_happens(
    own_engine: Engine,
    space: TemplateSpace,
    image: MakeImage,
    face: MakeFace,
    tmp_path: Path,
    steps: list[tuple[list[tuple[str, int, int]], bool, bool]],
) -> None:
    name = str(uuid4())
    life = Life(name, space, image, face)
    cache = IndexCache(MANY)
    with own_engine.begin() as connection:
        create_collection(connection, name, space)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates_module, "_CHUNK", 2)
        patch.setattr(module, "_ROOMS", (16, 32))
        patch.setattr(module, "_WORTH", 0)
        patch.setattr(deletions, "_REMEMBERED", 4)
        snapshots = Snapshots(own_engine, tmp_path / name)
        for actions, commit, looks in steps:
            with own_engine.connect() as connection:
                for action in actions:
                    life.act(connection, *action)
                connection.commit() if commit else connection.rollback()
            if looks:
                look(cache, own_engine, name)
                look(IndexCache(MANY), own_engine, name)
                snapshots.close()
        look(cache, own_engine, name)
        look(IndexCache(MANY), own_engine, name)
        snapshots.close()


def test_what_was_given_out_never_shows_what_is_deleted(
    own_engine: Engine, friends: str, add: Add
) -> None:
    cache = IndexCache(MANY)
    first, second = add(2, "Ada")
    before = look(cache, own_engine, friends)
    with own_engine.begin() as connection:
        delete_faces(connection, friends, [first.face_id])
    with reading(own_engine) as connection:
        # the index does not know yet, but the template is gone
        probes = np.eye(2, 4, dtype=np.float32)
        for found in before.search(connection, probes, Criteria(5)):
            (key,) = found.keys.tolist()
            assert faces_of_keys(connection, [key])[key].face_id == second.face_id
    add(40)
    look(cache, own_engine, friends)
    assert len(state(before)[1]) == 1


def test_what_is_added_costs_nothing_for_what_is_there(
    own_engine: Engine, friends: str, add: Add
) -> None:
    cache, work = IndexCache(MANY), []
    for more in (30, 270):
        add(more)
        before = look(cache, own_engine, friends)
        add(1)
        with reading(own_engine) as connection:
            work.append(calls(lambda: cache.current(connection, friends)))
        after = look(cache, own_engine, friends)
        assert after.slabs[0].codes is before.slabs[0].codes
    assert work[1] < work[0] + 30


def test_what_is_deleted_costs_nothing_for_what_is_left(
    own_engine: Engine, friends: str, add: Add
) -> None:
    cache, work = IndexCache(MANY), []
    for more in (30, 270):
        added = add(more)
        look(cache, own_engine, friends)
        with own_engine.begin() as connection:
            delete_faces(connection, friends, [added[5].face_id])
        with reading(own_engine) as connection:
            work.append(calls(lambda: cache.current(connection, friends)))
        look(cache, own_engine, friends)
    assert work[1] < work[0] + 30


def test_faces_of_two_slabs_that_change_at_once_are_counted_once(
    own_engine: Engine, friends: str, add: Add
) -> None:
    cache = IndexCache(MANY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROOMS", (16, 16))
        added = [face.face_id for face in add(40)]
        look(cache, own_engine, friends)
    with own_engine.begin() as connection:
        create_user(connection, friends, "Bob")
        # the last of one slab and the first of the next
        associate_faces(connection, friends, "Bob", added[14:18])
    look(cache, own_engine, friends)
    with own_engine.begin() as connection:
        delete_faces(connection, friends, added[15:17])
    view = look(cache, own_engine, friends)
    assert (view.references, view.owned, view.users) == (38, 2, 1)


def test_what_is_old_is_not_taken_for_new_when_the_newest_are_gone(
    own_engine: Engine, friends: str, add: Add
) -> None:
    cache = IndexCache(MANY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROOMS", (16, 16))
        added = [face.face_id for face in add(17)]
        look(cache, own_engine, friends)
    with own_engine.begin() as connection:
        delete_faces(connection, friends, added[16:])
    look(cache, own_engine, friends)
    with own_engine.begin() as connection:
        create_user(connection, friends, "Ada")
        associate_faces(connection, friends, "Ada", added[3:4])
    assert look(cache, own_engine, friends).references == 16
    add(2)
    look(cache, own_engine, friends)


@pytest.mark.parametrize("changes", range(7))
def test_deletions_are_remembered_as_long_as_they_are_asked_for(
    own_engine: Engine,
    friends: str,
    add: Add,
    changes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deletions, "_REMEMBERED", 4)
    cache = IndexCache(MANY)
    first, *others = (face.face_id for face in add(12))
    look(cache, own_engine, friends)
    with own_engine.begin() as connection:
        delete_faces(connection, friends, [first])
    for face in others[:changes]:
        with own_engine.begin() as connection:
            delete_faces(connection, friends, [face])
    look(cache, own_engine, friends)
    with reading(own_engine) as connection:
        told = connection.execute(select(func.count()).select_from(deleted_faces)).scalar_one()
    # and no longer
    assert told == min(1 + changes, 5)


def test_after_another_server_took_over_nothing_is_believed(
    own_engine: Engine, friends: str, add: Add
) -> None:
    cache = IndexCache(MANY)
    kept, _ = add(1), add(1)
    with own_engine.begin() as connection:
        before = require(connection, friends)
    add(1)
    look(cache, own_engine, friends)
    # as on a standby that lacks the last two, and gets others with the same revisions
    with own_engine.begin() as connection:
        connection.execute(delete(faces).where(faces.c.face_id != kept[0].face_id))
        connection.execute(delete(deleted_faces))
        back = before.revision - 1
        connection.execute(update(collections).values(revision=back, pruned=0))
    add(2)
    add(3)
    with reading(own_engine) as connection:
        assert require(connection, friends).revision == before.revision + 1
        assert state(cache.current(connection, friends)) != stored(connection, friends)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(connection.info, "era", "another")
            assert state(cache.current(connection, friends)) == stored(connection, friends)


def test_gaps_are_closed_when_there_are_many(own_engine: Engine, friends: str, add: Add) -> None:
    cache = IndexCache(MANY)
    added = [face.face_id for face in add(40)]
    for gone in (added[:2], added[2:30], added[30:]):
        look(cache, own_engine, friends)
        with own_engine.begin() as connection:
            delete_faces(connection, friends, gone)
        view = look(cache, own_engine, friends)
        gaps = sum(slab.rows for slab in view.slabs) - view.references
        assert gaps == (2 if gone == added[:2] else 0)


def test_only_what_has_changed_is_read_again(
    own_engine: Engine, friends: str, add: Add, read: list[int]
) -> None:
    cache = IndexCache(MANY)
    first, second, third = (record.face_id for record in add(3, "Ada"))

    def now_read() -> list[str]:
        read.clear()
        look(cache, own_engine, friends)
        with reading(own_engine) as connection:
            found = faces_of_keys(connection, read)
        return [found[key].face_id for key in read]

    assert now_read() == [first, second, third]
    assert now_read() == []
    (new,) = add()
    assert now_read() == [new.face_id]
    with own_engine.begin() as connection:
        disassociate_faces(connection, friends, "Ada", [second])
    assert now_read() == [second]
    with own_engine.begin() as connection:
        create_user(connection, friends, "Bob")
        associate_faces(connection, friends, "Bob", [second, new.face_id])
        delete_faces(connection, friends, [third])
    assert now_read() == [second, new.face_id]
    with own_engine.begin() as connection:
        delete_user(connection, friends, "Ada")
    assert now_read() == [first]
    with own_engine.begin() as connection:
        delete_faces(connection, friends, [new.face_id])
        create_user(connection, friends, "Cy")
    assert now_read() == []


def test_collections_do_not_mix_and_the_one_searched_longest_ago_goes(
    own_engine: Engine, space: TemplateSpace, friends: str, add: Add, read: list[int]
) -> None:
    with own_engine.begin() as connection:
        for name in ("others", "third"):
            create_collection(connection, name, space)
    names = (friends, "others", "third")
    added = {name: [record.face_id for record in add(4, "Ada", name)] for name in names}
    one = 4 * (space.dimension + 32) + module._BYTES_A_COLLECTION
    # room for two
    cache = IndexCache(2 * one)

    def reads(name: str) -> bool:
        read.clear()
        look(cache, own_engine, name)
        with reading(own_engine) as connection:
            found = {face.face_id for face in faces_of_keys(connection, read).values()}
        assert found in (set(), set(added[name]))
        return bool(read)

    assert [reads(name) for name in (*names[:2], *names[:2])] == [True, True, False, False]
    assert not reads(friends)
    assert reads("third")
    assert not reads(friends)
    assert reads("others")
    assert not reads(friends)
    assert reads("third")


@pytest.mark.usefixtures("_impatient")
def test_a_deleted_collection_is_let_go_of(
    own_engine: Engine, space: TemplateSpace, friends: str, add: Add
) -> None:
    cache = IndexCache(MANY)
    add(1)
    look(cache, own_engine, friends)
    cache.forget(friends)
    cache.forget("nobody's")
    assert (cache._held, cache._bytes) == ({}, 0)
    look(cache, own_engine, friends)
    with reading(own_engine) as past:
        require(past, friends)
        with own_engine.begin() as connection:
            delete_collection(connection, friends)
            create_collection(connection, friends, space)
        with reading(own_engine) as connection:
            assert cache.current(connection, friends).references == 0
        # who looks at the past sees a row whose key is gone, and takes nothing from others
        held = cache._held[friends]
        assert list_faces(past, friends).items == ()
        assert cache.current(past, friends).references == 0
        assert cache._held[friends] is held
        with reading(own_engine) as connection:
            assert cache.current(connection, friends).references == 0
    assert len(cache._held) == 1


def test_one_collection_is_kept_however_large(
    own_engine: Engine, friends: str, add: Add, read: list[int]
) -> None:
    cache = IndexCache(1)
    add(5)
    look(cache, own_engine, friends)
    read.clear()
    look(cache, own_engine, friends)
    assert read == []


@pytest.mark.usefixtures("_impatient")
def test_a_connection_that_sees_an_older_state(own_engine: Engine, friends: str, add: Add) -> None:
    cache = IndexCache(MANY)
    first, second = add(2)
    with reading(own_engine) as older:
        require(older, friends)
        add()
        with own_engine.begin() as connection:
            delete_faces(connection, friends, [first.face_id])
        # nothing newer is known: its own state, but for the face whose key is gone
        found = cache.current(older, friends)
        assert ids(older, friends, found) == {second.face_id}
        assert find_faces(older, friends, [first.face_id]) == {}
        newer = look(cache, own_engine, friends)
        assert first.face_id not in ids(older, friends, newer)
        # never back to what has been deleted since
        assert ids(older, friends, cache.current(older, friends)) == {second.face_id}
    add()
    look(cache, own_engine, friends)


def test_what_an_older_state_lacks_hides_nothing_from_it(
    own_engine: Engine, friends: str, add: Add, image: MakeImage, face: MakeFace
) -> None:
    cache = IndexCache(MANY)
    (known,) = add(1)
    others = [face(500 + number) for number in range(30)]
    probe = others[0].template.vector
    alike = [replace(other, template=others[0].template) for other in others]
    with reading(own_engine) as older:
        require(older, friends)
        with own_engine.begin() as connection:
            add_faces(connection, friends, image(7), alike, "Ada")
        look(cache, own_engine, friends)
        for distinct in (False, True):
            view = cache.current(older, friends)
            (found,) = view.search(older, probe[None], Criteria(1, distinct=distinct))
            assert set(faces_of_keys(older, found.keys.tolist())) == set(found.keys)
            assert ids(older, friends, view) == {known.face_id}
            assert len(found.keys) == 1
    look(cache, own_engine, friends)


def test_what_fails_halfway_leaves_no_trace(
    own_engine: Engine, friends: str, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(*arguments: Any) -> Iterator[Any]:
        yield next(templates_module.stream_changes(*arguments))
        raise RuntimeError("stopped")

    cache = IndexCache(MANY)
    monkeypatch.setattr(templates_module, "_CHUNK", 2)
    monkeypatch.setattr(module, "_ROOMS", (16, 16))
    gone, *_ = add(15, "Ada")
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(module, "stream_changes", stream)
            with reading(own_engine) as connection, pytest.raises(RuntimeError, match="stopped"):
                cache.current(connection, friends)
        look(cache, own_engine, friends)
        add(5, "Bob")
        with own_engine.begin() as connection:
            delete_faces(connection, friends, [gone.face_id])
    look(cache, own_engine, friends)


def test_a_missing_collection_is_named(own_engine: Engine, friends: str, add: Add) -> None:
    cache = IndexCache(MANY)
    add()
    look(cache, own_engine, friends)
    with own_engine.begin() as connection:
        delete_collection(connection, friends)
    with reading(own_engine) as connection, pytest.raises(NotFoundError, match="'friends'"):
        cache.current(connection, friends)


def test_a_switch_replaces_all_templates_even_of_the_same_space(
    own_engine: Engine, space: TemplateSpace, friends: str, add: Add
) -> None:
    cache = IndexCache(MANY)
    add(3, "Ada")
    old = look(cache, own_engine, friends)
    before = state(old)
    with own_engine.begin() as connection:
        prepare(connection, friends)
        assert state(cache.current(connection, friends)) == before
    with own_engine.begin() as connection:
        switch(connection, friends, to_target=True)
    new = look(cache, own_engine, friends)
    assert (new.space, new.references) == (NEXT, 3)
    assert state(old) == before
    # back to the first space, but with other templates: no look in between
    with own_engine.begin() as connection:
        end(connection, friends)
        prepare(connection, friends, space)
        switch(connection, friends, to_target=True)
    third = IndexCache(MANY)
    stale = look(third, own_engine, friends)
    assert stale.space == space
    assert state(look(cache, own_engine, friends)) == state(stale) != before


def test_whoever_looks_at_the_past_gets_the_new_space_or_his_own(
    own_engine: Engine, space: TemplateSpace, friends: str, add: Add
) -> None:
    add(2)
    with own_engine.begin() as connection:
        prepare(connection, friends)
    used, fresh = IndexCache(MANY), IndexCache(MANY)
    look(used, own_engine, friends)
    with reading(own_engine) as past:
        require(past, friends)
        with own_engine.begin() as connection:
            switch(connection, friends, to_target=True)
        assert used.current(past, friends).space == space
        look(used, own_engine, friends)
        # never back, and never a mixture
        assert used.current(past, friends).space == NEXT
        assert state(fresh.current(past, friends)) == stored(past, friends)
    assert look(fresh, own_engine, friends).space == NEXT


class Searches:
    """Threads that search while the database changes, and compare with what is acknowledged."""

    def __init__(self, engine: Engine, cache: IndexCache, name: str) -> None:
        self._engine, self._cache, self._name = engine, cache, name
        # replaced as a whole after each commit
        self.present: dict[str, list[float]] = {}
        self.deleted: frozenset[str] = frozenset()
        # before the commit
        self.deleting: set[str] = set()
        self.looks = 0
        self._done = threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._search) for _ in range(4)]

    def __enter__(self) -> Searches:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()
        assert self._failures == []

    def _search(self) -> None:
        try:
            while not self._done.is_set():
                self._look()
        except BaseException as error:
            self._failures.append(error)

    def _look(self) -> None:
        expected, gone = self.present, self.deleted
        with reading(self._engine) as connection:
            index = self._cache.current(connection, self._name)
            (found,) = index.search(connection, np.ones((1, 4), np.float32), Criteria(10_000))
            faces = faces_of_keys(connection, found.keys.tolist())
        # a row of the past, whose key went with a deletion since, tells nothing any more
        unreadable = set(found.keys.tolist()) - faces.keys()
        assert len(unreadable) <= len(self.deleting - gone)
        shown = {
            faces[key].face_id: score
            for key, score in zip(found.keys.tolist(), found.scores, strict=True)
            if key not in unreadable
        }
        missing = expected.keys() - shown.keys()
        # what has been deleted meanwhile may be missing
        assert missing <= self.deleting
        assert not gone & shown.keys()
        assert all(
            shown[key] == pytest.approx(sum(expected[key])) for key in expected.keys() - missing
        )
        self.looks += 1


def test_threads_see_what_was_committed_before_they_asked(
    own_engine: Engine, friends: str, image: MakeImage, face: MakeFace
) -> None:
    cache = IndexCache(MANY)
    with Searches(own_engine, cache, friends) as searches:
        for number in range(60):
            new = [face(2 * number), face(2 * number + 1)]
            old = list(searches.present)[number % 3 :: 7] if number % 4 == 3 else []
            searches.deleting.update(old)
            with own_engine.begin() as connection:
                records = add_faces(connection, friends, image(number), new, "Ada")
                delete_faces(connection, friends, old)
            present = searches.present | {
                record.face_id: item.template.vector.tolist()
                for record, item in zip(records, new, strict=True)
            }
            searches.present = {key: present[key] for key in present if key not in old}
            searches.deleted |= set(old)
    assert searches.looks > 20
    view = look(cache, own_engine, friends)
    with reading(own_engine) as connection:
        assert ids(connection, friends, view) == set(searches.present)


def test_templates_are_not_in_memory_all_at_once(
    own_engine: Engine, face: MakeFace, image: MakeImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, faces = TemplateSpace("wide", "ef" * 32, 4096), 300
    template = Template(np.eye(1, wide.dimension, dtype=np.float32)[0], wide)
    new = [replace(face(1), template=template, external_id=str(n)) for n in range(faces)]
    with own_engine.begin() as connection:
        create_collection(connection, "friends", wide)
        add_faces(connection, "friends", image(1), new)
    monkeypatch.setattr(templates_module, "_CHUNK", 10)
    cache, read = IndexCache(MANY), faces * wide.dimension * 4
    tracemalloc.start()
    with reading(own_engine) as connection:
        cache.current(connection, "friends")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # codes are mapped, which does not count here
    assert peak < read / 3
