from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callers import strangers
from contexts import make_context
from other_engine import OTHER
from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import UpgradeError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.carried import carry
from reknown.gallery.faces import add_faces, list_faces
from reknown.gallery.templates import GalleryTemplates
from reknown.services.upgrades import agreement
from reknown.services.upgrades.agreement import compare, nearest, report
from reknown.services.upgrades.preparation import begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

    Vectors = NDArray[np.float32]

TABLE = Calibration((0.0, 0.5, 0.9), (1.0, 1e-2, 1e-6), "made up", 1)
PLAIN = TemplateSpace("plain", "12" * 32, 3)


def towards(*angles: float) -> Vectors:
    """Unit vectors in a plane."""
    turned = np.deg2rad(angles)
    return np.stack([np.cos(turned), np.sin(turned), 0 * turned], axis=1).astype(np.float32)


def gallery(vectors: Vectors, users: Sequence[str | None]) -> GalleryTemplates:
    keys = range(len(users))
    return GalleryTemplates(PLAIN, vectors, keys, [f"face {n}" for n in keys], users)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(2, 40), block=st.integers(1, 9), seed=st.integers(0, 9))
def test_nobody_is_nearest_to_himself(count: int, block: int, seed: int) -> None:
    vectors = strangers(count, 5, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "_BLOCK", block)
        found = nearest(vectors)
    scores = vectors.astype(np.float64) @ vectors.T
    np.fill_diagonal(scores, -9)
    assert (found != np.arange(count)).all()
    best = scores[np.arange(count), found]
    np.testing.assert_allclose(best, scores.max(axis=1), atol=1e-6)


def test_the_same_templates_agree_in_everything() -> None:
    templates = gallery(strangers(30, 3), ["Ada", "Bob", None] * 10)
    found = compare(templates, templates, (TABLE, TABLE))
    assert (found.faces, found.same_face, found.same_subject, found.findable) == (30, 30, 30, 20)
    assert found.found_before == found.found_now
    assert found.people is not None
    assert (found.people.people, found.people.fell, found.people.worst) == (2, 0, ())


def test_neighbours_may_change_within_a_person_or_to_another_one() -> None:
    users = ["Ada", "Ada", "Ada", "Bob", "Bob", None]
    old = gallery(towards(0, 10, 30, 90, 100, 180), users)
    # Ada's second face comes closer to her third, Bob's first one to Ada
    new = gallery(towards(0, 29, 30, 45, 100, 180), users)
    found = compare(old, new, (None, None))
    assert nearest(old.vectors).tolist() == [1, 0, 1, 4, 3, 4]
    assert nearest(new.vectors).tolist() == [1, 2, 1, 2, 3, 4]
    assert (found.faces, found.same_face, found.same_subject) == (6, 4, 5)
    assert (found.findable, found.found_before, found.found_now) == (5, 5, 4)
    assert found.people is None


def test_people_who_resemble_themselves_less_come_worst_first() -> None:
    users = ["Ada", "Ada", "Bob", "Bob", "Cy", "Cy", "Dee", None]
    old = gallery(towards(0, 20, 90, 110, 180, 200, 270, 300), users)
    new = gallery(towards(0, 30, 90, 140, 180, 199, 270, 301), users)
    people = compare(old, new, (TABLE, TABLE)).people
    assert people is not None
    assert (people.people, people.fell, people.below) == (3, 2, 1)
    assert [(shift.user, shift.faces) for shift in people.worst] == [("Bob", 2), ("Ada", 2)]
    (bob, _) = people.worst
    assert bob.before == pytest.approx(TABLE.similarity(np.cos(np.deg2rad(20))))
    assert bob.now == pytest.approx(TABLE.similarity(np.cos(np.deg2rad(50))))


def test_a_person_is_as_similar_as_all_pairs_are_in_the_mean() -> None:
    vectors = strangers(5, 4)
    scores = vectors @ vectors.T
    expected = scores[np.triu_indices(5, 1)].mean()
    assert agreement._mean_score(vectors) == pytest.approx(expected, abs=1e-6)


@pytest.fixture
def measured(database: Database, engine: Engine, other: Engine) -> Context:
    """Both packs are calibrated, with the table made up."""
    packs = (replace(each, calibration=TABLE) for each in (engine, other))
    return make_context(database, *packs)


@pytest.fixture
def prepared(database: Database, measured: Context, collection: str, engine: Engine) -> str:
    """Fifty people with two faces each, and as many faces without a name; all are carried."""
    old, new = strangers(150, engine.space.dimension), strangers(150, OTHER.dimension)
    box = BoundingBox(0.1, 0.1, 0.5, 0.5)
    users = [f"user {n % 50}" if n < 100 else None for n in range(150)]
    begin(measured, collection, OTHER.pack)
    with database.begin() as connection:
        for number, user in enumerate(users):
            face = NewFace(Template(old[number], engine.space), box, 0.9, 50)
            image = ImageRecord(uuid4().hex * 2, "", 9, 9)
            (made,) = add_faces(connection, collection, image, [face], user)
            template = Template(new[number], OTHER)
            carried = replace(face, template=template, face_id=made.face_id)
            carry(connection, collection, OTHER, [carried], [])
    return collection


def test_large_collections_are_sampled_by_subject_and_always_alike(
    database: Database, measured: Context, prepared: str
) -> None:
    every = report(measured, prepared).agreement
    assert every is not None
    assert every.people is not None
    assert (every.faces, every.findable, every.people.people) == (150, 100, 50)
    one, two = (report(measured, prepared, most=60) for _ in range(2))
    assert one == two
    assert one.tally.carried == 150
    assert one.agreement is not None
    assert 30 < one.agreement.faces <= 60
    # whole people, but for the one at the end
    with database.begin() as connection:
        faces = list_faces(connection, prepared).items
    chosen = agreement._sampling(60 / 150)
    names = [face.user for face in faces if chosen(face.user, face.face_id) and face.user]
    assert all(names.count(name) == 2 for name in names)


def test_people_are_not_judged_by_a_pack_that_was_not_measured_or_is_another_now(
    database: Database, engine: Engine, other: Engine, prepared: str
) -> None:
    unmeasured = replace(other, calibration=None)
    renewed = replace(other, space=replace(OTHER, fingerprint="ee" * 32))
    for changed in (unmeasured, renewed):
        found = report(make_context(database, engine, changed), prepared).agreement
        assert found is not None
        assert (found.faces, found.people) == (150, None)


def test_one_face_has_nothing_to_be_compared_with(context: Context, collection: str) -> None:
    with pytest.raises(UpgradeError):
        report(context, collection)
    begin(context, collection, OTHER.pack)
    found = report(context, collection)
    assert (found.agreement, found.tally.faces, found.foreign_tracks) == (None, 0, {})
