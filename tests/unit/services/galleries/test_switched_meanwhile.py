"""What is under way when a collection is switched ends in one space, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from contexts import faces as stored
from other_engine import OTHER
from reknown.biometrics.errors import SpaceMismatchError
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery import living
from reknown.services.galleries import enrolment, transfer, users
from reknown.services.galleries.enrolment import GroupImage, enrol_group
from reknown.services.galleries.faces import list_faces
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.spaces import in_one_space
from reknown.services.galleries.users import UserRequest
from reknown.services.images.files import files_below
from reknown.services.searches import images, search
from reknown.services.searches import stored as by_stored
from reknown.services.searches.search import Query, Unit
from reknown.services.upgrades import preparation, steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.vision.analyze import Engine

    Switch = Callable[[object, str], None]

PAGE = PageRequest(None, 10)
REFERENCES, USERS = (Query("people", limit=9, unit=unit) for unit in (Unit.REFERENCES, Unit.USERS))


@pytest.fixture
def faces(
    context: Context,
    collection: str,
    enrol: Callable[..., EnrolmentResult],
    eileen: bytes,
    grace: bytes,
    people: Path,
) -> list[str]:
    """Eileen's face and Grace's, ready to be switched."""
    enrol(eileen)
    enrol(grace, "Grace Hopper", "2.jpg")
    preparation.begin(context, collection, OTHER.pack)
    for _ in preparation.carry_all(context, collection, OTHER, files_below([people])):
        pass
    return [face.face_id for face in stored(context)]


@pytest.fixture
def switch(context: Context, collection: str, monkeypatch: pytest.MonkeyPatch) -> Switch:
    """Has the collection switched just before a function of a module is called the next time."""

    def switch_before(module: object, name: str) -> None:
        original = getattr(module, name)

        def switching(*arguments: Any, **options: Any) -> Any:
            monkeypatch.setattr(module, name, original)
            steps.switch(context, collection)
            return original(*arguments, **options)

        monkeypatch.setattr(module, name, switching)

    return switch_before


def by_image(context: Context, image: bytes) -> tuple[str, list[str | None]]:
    """The pack that answered, and who was found."""
    done = images.identify(context, REFERENCES, image, images.ProbeChoice(limit=1))
    now = {record.face_id: record for record in stored(context)}
    assert all(record == now[face_id] for face_id, record in done.found.faces.items())
    return done.found.searched.space.pack, [c.user for c in done.found.rows[0]]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (images, "extract_source"),
        (images, "look_up"),
        (living, "search"),
        (images, "_concluded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_search_by_image_is_done_again(
    context: Context,
    collection: str,
    faces: list[str],
    switch: Switch,
    eileen: bytes,
    module: object,
    name: str,
) -> None:
    assert by_image(context, eileen) == ("opencv", ["Eileen Collins"])
    switch(module, name)
    found = in_one_space(context.database, collection, lambda: by_image(context, eileen))
    assert found == ("other", ["Eileen Collins"])


def test_a_search_with_many_images_ends_where_it_is_switched(
    context: Context, collection: str, faces: list[str], people: Path
) -> None:
    paths = sorted(people.rglob("*.jpg")) * 3
    results = images.identify_all(context, REFERENCES, paths)
    next(results)
    steps.switch(context, collection)
    with pytest.raises(SpaceMismatchError, match="run the same again"):
        list(results)


@pytest.mark.parametrize(
    ("module", "name", "work"),
    [
        (by_stored, "pick_templates", lambda c, f: by_stored.search_by_face(c, REFERENCES, f[0])),
        (by_stored, "settle", lambda c, f: by_stored.search_by_face(c, USERS, f[0])),
        (by_stored, "settle", lambda c, f: by_stored.search_by_user(c, USERS, "Grace Hopper")),
        (living, "search", lambda c, f: by_stored.search_by_face(c, REFERENCES, f[0])),
    ],
)
def test_a_search_by_what_is_stored_ends_in_one_space(
    context: Context,
    collection: str,
    faces: list[str],
    switch: Switch,
    module: object,
    name: str,
    work: Callable[[Context, list[str]], search.Found],
) -> None:
    assert work(context, faces).searched.space.pack == "opencv"
    switch(module, name)
    if name == "pick_templates":  # nothing was read before
        assert work(context, faces).searched.space == OTHER
        return
    with pytest.raises(SpaceMismatchError):
        work(context, faces)
    assert work(context, faces).searched.space == OTHER


def test_an_enrolment_is_done_again(
    context: Context, collection: str, faces: list[str], grace: bytes, switch: Switch
) -> None:
    image = GroupImage(grace, "3.jpg", "new")
    switch(enrolment, "new_face")

    def enrol() -> str:
        return enrol_group(context, collection, image).stored[0].face_id

    new = in_one_space(context.database, collection, enrol)
    assert [face.face_id for face in stored(context)] == [*faces, new]


def test_faces_are_associated_at_the_threshold_of_their_space(
    context: Context, collection: str, faces: list[str], switch: Switch
) -> None:
    switch(users, "_once")
    request = UserRequest(collection, "Eileen Collins")
    tries = []

    def associate() -> object:
        tries.append(1)
        return users.associate_faces(context, request, faces[:1], ThresholdChoice(80))

    in_one_space(context.database, collection, associate)
    assert len(tries) == 2


def test_lists_and_exports_say_the_space_that_they_are_in(
    context: Context, collection: str, faces: list[str], engine: Engine
) -> None:
    for space in (engine.space, OTHER):
        exported, _ = transfer.export_templates(context, collection, PAGE)
        listed, _ = list_faces(context, collection, PAGE)
        assert exported.space == listed == space
        assert exported.vectors.shape == (2, space.dimension)
        if space != OTHER:
            steps.switch(context, collection)
