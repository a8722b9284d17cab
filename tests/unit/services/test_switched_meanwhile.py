"""What is under way when a collection is switched ends in one space, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from other_engine import OTHER, other_engine
from reknown.biometrics.errors import SpaceMismatchError
from reknown.gallery.cache import TemplateCache
from reknown.gallery.faces import list_faces
from reknown.ledger.actor import Actor
from reknown.services import listing, search, subjects, transfer, upgrade, upgrade_steps
from reknown.services.engines import Engines
from reknown.services.group_enrolment import GroupPhoto, enrol_group
from reknown.services.listing import PageRequest
from reknown.services.picture_files import files_below
from reknown.services.platform import Platform
from reknown.services.quality_filter import ANY_QUALITY
from reknown.services.search import Query
from reknown.services.spaces import in_one_space
from reknown.services.subjects import UserRequest
from reknown.storage.database import reading
from reknown.vision.images import decode_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

ACTOR = Actor("tester")
PAGE = PageRequest(None, 10)


@pytest.fixture(scope="module")
def other(engine: Engine) -> Engine:
    return other_engine(engine)


@pytest.fixture
def platform(database: Database, engine: Engine, other: Engine) -> Platform:
    engines = {engine.space.pack: engine, other.space.pack: other}
    return Platform(Engines(engines.__getitem__, engine.space.pack), database, TemplateCache(2**20))


@pytest.fixture
def faces(
    database: Database,
    collection: str,
    other: Engine,
    enrol: Callable[..., EnrolmentResult],
    eileen: bytes,
    grace: bytes,
    people: Path,
) -> list[str]:
    """Eileen's face and Grace's, ready to be switched."""
    enrol(eileen)
    enrol(grace, "Grace Hopper", "2.jpg")
    upgrade.begin(database, collection, OTHER, ACTOR)
    for _ in upgrade.carry_all(other, database, collection, files_below([people])):
        pass
    with reading(database) as connection:
        return [face.face_id for face in list_faces(connection, collection).items]


@pytest.fixture
def switch(
    database: Database, collection: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[object, str], None]:
    """Has the collection switched just before a function of a module is called the next time."""

    def switch_before(module: object, name: str) -> None:
        original = getattr(module, name)

        def switching(*arguments: Any, **options: Any) -> Any:
            monkeypatch.setattr(module, name, original)
            upgrade_steps.switch(database, collection, ACTOR)
            return original(*arguments, **options)

        monkeypatch.setattr(module, name, switching)

    return switch_before


def query(platform: Platform, collection: str) -> Query:
    return Query(platform.engine_of(collection), collection, 80, 9, ACTOR)


def by_picture(platform: Platform, collection: str, picture: bytes) -> tuple[str, list[str | None]]:
    """The pack that answered, and who was found."""
    asked = query(platform, collection)
    probes = search.read_probes(asked, decode_image(picture), ANY_QUALITY, 9, 1)
    found = search.search_faces_by_picture(platform, asked, probes)
    users = [match.face.user for match in found.matches[0]]
    with reading(platform.database) as connection:
        records = list_faces(connection, collection).items
    boxes = {record.face_id: record for record in records}
    assert all(match.face == boxes[match.face.face_id] for match in found.matches[0])
    return asked.engine.space.pack, users


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (search, "read_probes"),
        (search, "search_faces_by_picture"),
        (search, "threshold_at_similarity"),
        (search, "search_references"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_search_by_picture_is_done_again(
    platform: Platform,
    collection: str,
    faces: list[str],
    switch: Callable[[object, str], None],
    eileen: bytes,
    module: object,
    name: str,
) -> None:
    assert by_picture(platform, collection, eileen) == ("opencv", ["Eileen Collins"])
    switch(module, name)
    found = in_one_space(
        platform.database, collection, lambda: by_picture(platform, collection, eileen)
    )
    assert found == ("other", ["Eileen Collins"])


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("pick_templates", lambda p, q, f: search.search_faces_by_face(p, q, f[0])),
        ("pick_templates", lambda p, q, f: search.search_users_by_face(p, q, f[0])),
        ("templates_of_user", lambda p, q, f: search.search_users_by_user(p, q, "Grace Hopper")),
        ("search_references", lambda p, q, f: search.search_faces_by_face(p, q, f[0])),
    ],
)
def test_a_search_by_what_is_stored_ends_in_one_space(
    platform: Platform,
    collection: str,
    faces: list[str],
    switch: Callable[[object, str], None],
    name: str,
    work: Callable[[Platform, Query, list[str]], object],
) -> None:
    asked = query(platform, collection)
    work(platform, asked, faces)
    switch(search, name)
    with pytest.raises(SpaceMismatchError):
        work(platform, asked, faces)
    work(platform, query(platform, collection), faces)


def test_a_template_read_between_two_switches_is_not_taken_for_an_old_one(
    platform: Platform,
    collection: str,
    faces: list[str],
    switch: Callable[[object, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = query(platform, collection)
    switch(search, "pick_templates")
    opened = search._opened

    def back(*arguments: Any) -> Any:
        upgrade_steps.undo(platform.database, collection, ACTOR)
        return opened(*arguments)

    monkeypatch.setattr(search, "_opened", back)
    with pytest.raises(SpaceMismatchError):
        search.search_faces_by_face(platform, asked, faces[0])


def test_an_enrolment_is_done_again(
    platform: Platform, collection: str, faces: list[str], grace: bytes
) -> None:
    photo = GroupPhoto(decode_image(grace), "3.jpg", "new")

    def enrol() -> str:
        engine = platform.engine_of(collection)
        if engine.space != OTHER:
            upgrade_steps.switch(platform.database, collection, ACTOR)
        done = enrol_group(platform, engine, collection, photo, ANY_QUALITY, 1, ACTOR)
        return done.enrolled[0][1].face_id

    new = in_one_space(platform.database, collection, enrol)
    with reading(platform.database) as connection:
        ids = [face.face_id for face in list_faces(connection, collection).items]
    assert ids == [*faces, new]


def test_faces_are_associated_at_the_threshold_of_their_space(
    platform: Platform,
    collection: str,
    faces: list[str],
    switch: Callable[[object, str], None],
) -> None:
    switch(subjects, "threshold_at_similarity")
    request = UserRequest(collection, "Eileen Collins", ACTOR)
    tries = []

    def associate() -> object:
        tries.append(1)
        return subjects.associate_faces(platform, request, faces[:1], 80)

    in_one_space(platform.database, collection, associate)
    assert len(tries) == 2


def test_lists_and_exports_say_the_space_that_they_are_in(
    platform: Platform,
    collection: str,
    faces: list[str],
    engine: Engine,
) -> None:
    database = platform.database
    for space in (engine.space, OTHER):
        exported, page = transfer.export_templates(database, collection, PAGE, ACTOR)
        listed, _ = listing.page_faces(database, collection, PAGE, None, None, ACTOR)
        assert exported == listed == space
        assert [face.vector.shape for face in page.items] == [(space.dimension,)] * 2
        if space != OTHER:
            upgrade_steps.switch(database, collection, ACTOR)
