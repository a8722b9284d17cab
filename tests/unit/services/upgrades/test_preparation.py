from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from contexts import make_context
from other_engine import OTHER
from portraits import pair
from reknown.biometrics.errors import NotFoundError, SpaceMismatchError, UpgradeError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.quality_filter import ANY_QUALITY
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template
from reknown.gallery.carried import Loss, LossReason
from reknown.gallery.faces import add_faces
from reknown.gallery.templates import load_templates
from reknown.ledger.records import PrepareUpgradeRecord, SpaceRecord
from reknown.services.galleries.enrolment import GroupImage, enrol_group, new_face
from reknown.services.galleries.faces import delete_faces, list_faces
from reknown.services.galleries.pages import PageRequest
from reknown.services.images.files import files_below
from reknown.services.upgrades.preparation import FileResult, begin, carry_all, find_upgrade
from reknown.services.upgrades.steps import list_missing, switch, undo
from reknown.storage.database import reading
from reknown.vision.analyze import Look
from reknown.vision.detect.base import Detections
from unit.services.ledgers import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.records import FaceRecord
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

    Enrol = Callable[..., EnrolmentResult]
    Carry = Callable[..., list[FileResult]]


def stored(context: Context, collection: str) -> list[FaceRecord]:
    """All faces, in the order of enrolment."""
    _, page = list_faces(context, collection, PageRequest())
    return list(page.items)


@pytest.fixture
def faces(
    context: Context, collection: str, enrol: Enrol, eileen: bytes, grace: bytes
) -> list[FaceRecord]:
    """Eileen, Grace, and both in one image."""
    enrol(eileen)
    enrol(grace, "Grace Hopper", "2.jpg")
    both = GroupImage(pair(), "pair.jpg", "both", ANY_QUALITY, 9)
    enrol_group(context, collection, both)
    return stored(context, collection)


@pytest.fixture
def images(tmp_path: Path, eileen: bytes, grace: bytes) -> Path:
    """The images under other names, among files that are none of theirs."""
    folder = tmp_path / "moved"
    for name, data in (
        ("x/y/z/Eileen.dat", eileen),
        ("GRACE", grace),
        ("x/both.jpg", pair()),
        ("x/note.txt", b"no image at all"),
        ("x/y/Eileen again.jpg", eileen),
        ("broken.jpg", b"\xff\xd8\xff"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def carry(
    database: Database, collection: str, engine: Engine, other: Engine, images: Path
) -> Carry:
    """Carries what is found, as `seen_by` sees it; the results that say anything."""

    def carry_some(*places: Path, seen_by: Engine = other) -> list[FileResult]:
        packs = {each.space.pack: each for each in (engine, other, seen_by)}
        context = make_context(database, *packs.values())
        begin(context, collection, seen_by.space.pack)
        found = carry_all(context, collection, seen_by.space, files_below(places or [images]))
        return [result for result in found if result != FileResult(result.path)]

    return carry_some


def missing(context: Context, collection: str) -> list[tuple[str, LossReason | None]]:
    return [(face.face_id, face.reason) for face in list_missing(context, collection)]


def test_images_are_known_by_their_content(
    context: Context, collection: str, carry: Carry, faces: list[FaceRecord], images: Path
) -> None:
    results = {result.path.name: result for result in carry()}
    carried = {name: result.carried for name, result in results.items()}
    assert sum(carried.values()) == 4
    assert (carried["GRACE"], carried["both.jpg"]) == (1, 2)
    assert not any(result.losses or result.trouble for result in results.values())
    assert missing(context, collection) == []
    assert stored(context, collection) == faces


def test_the_new_templates_are_those_of_an_enrolment(
    context: Context,
    collection: str,
    carry: Carry,
    faces: list[FaceRecord],
    other: Engine,
    eileen_pixels: NDArray[np.uint8],
) -> None:
    carry()
    done = switch(context, collection)
    assert (done.faces, done.deleted, done.upgrade.present) == (4, 0, OTHER)
    with reading(context.database) as connection:
        templates = load_templates(connection, collection)
    ((face, template),) = other.extract(eileen_pixels, other.detect(eileen_pixels, Look.POSE))
    expected = new_face(face, template)
    first = stored(context, collection)[0]
    assert np.allclose(templates.vectors[0], template.vector, atol=1e-6)
    assert (first.box, first.quality) == (expected.box, expected.quality)
    assert first.magnitude == pytest.approx(template.magnitude)
    now = stored(context, collection)
    for before, after in zip(faces, now, strict=True):
        assert replace(after, magnitude=None) == replace(before, magnitude=None)


def test_what_is_carried_is_passed_over_the_next_time(
    carry: Carry, faces: list[FaceRecord], images: Path, tmp_path: Path
) -> None:
    shutil.copytree(images / "x", tmp_path / "part")
    carry(tmp_path / "part")
    assert [result.path.name for result in carry()] == ["GRACE"]
    assert carry() == []


def test_a_run_that_is_stopped_goes_on(
    context: Context, collection: str, images: Path, faces: list[FaceRecord]
) -> None:
    begin(context, collection, OTHER.pack)
    run = carry_all(context, collection, OTHER, files_below([images]))
    first = next(result for result in run if result.carried)
    del run
    # not noted as not found: the run did not come to its end
    assert {reason for _, reason in missing(context, collection)} <= {None}
    rest = carry_all(context, collection, OTHER, files_below([images]))
    assert sum(result.carried for result in rest) <= 4 - first.carried
    assert missing(context, collection) == []


def test_the_last_file_is_not_read_when_nothing_is_left(
    context: Context, collection: str, images: Path, faces: list[FaceRecord]
) -> None:
    begin(context, collection, OTHER.pack)
    many = [*files_below([images]), *[images / "absent"] * 50]
    seen = list(carry_all(context, collection, OTHER, many))
    assert sum(result.carried for result in seen) == 4
    assert len(seen) < 20
    assert list(carry_all(context, collection, OTHER, many)) == []


def test_images_that_are_not_found_are_noted_until_they_are(
    context: Context, collection: str, carry: Carry, faces: list[FaceRecord], images: Path
) -> None:
    (images / "GRACE").rename(images.parent / "elsewhere")
    carry()
    assert missing(context, collection) == [(faces[1].face_id, LossReason.IMAGE_NOT_FOUND)]
    carry(images.parent / "elsewhere")
    assert missing(context, collection) == []


def test_faces_that_are_not_found_again_are_noted_and_not_looked_for_again(
    context: Context, collection: str, carry: Carry, faces: list[FaceRecord], other: Engine
) -> None:
    class Largest:
        """Overlooks all faces but one."""

        sure, upright = other.detector.sure, 0.0

        def detect(self, pixels: NDArray[np.uint8]) -> Detections:
            found = other.detector.detect(pixels)
            keep = np.argsort(found.boxes[:, 0])[:1]
            return Detections(found.boxes[keep], found.landmarks[keep], found.scores[keep])

    blind = replace(other, detector=Largest())
    results = carry(seen_by=blind)
    (lost,) = (loss for result in results for loss in result.losses)
    (expected,) = (f for f in faces if f.external_id == "both" and f.box.left > 0.5)
    assert lost == Loss(expected.face_id, LossReason.UNDETECTED)
    assert missing(context, collection) == [(expected.face_id, LossReason.UNDETECTED)]
    assert carry() == []


def test_an_image_that_cannot_be_decoded_is_noted(
    context: Context, collection: str, engine: Engine, carry: Carry, images: Path
) -> None:
    digest = hashlib.sha256((images / "broken.jpg").read_bytes()).hexdigest()
    template = Template(np.eye(1, engine.space.dimension, dtype=np.float32)[0], engine.space)
    # as if an earlier release had been able to decode it
    new = [NewFace(template, BoundingBox(x, 0.1, 0.3, 0.3), 0.9, 50) for x in (0.1, 0.5)]
    with context.database.begin() as connection:
        image = ImageRecord(digest, "broken.jpg", 100, 100)
        lost = add_faces(connection, collection, image, new)
    (result,) = carry()
    assert result.path.name == "broken.jpg"
    assert [loss.face_id for loss in result.losses] == [face.face_id for face in lost]
    assert [reason for _, reason in missing(context, collection)] == [LossReason.UNREADABLE] * 2
    (one, _) = list_missing(context, collection)
    assert one.detail.startswith("not a readable JPEG")


def test_files_that_cannot_be_read_are_told_and_not_the_end(
    carry: Carry, faces: list[FaceRecord], images: Path
) -> None:
    (images / "0 broken").symlink_to("nowhere")
    results = carry()
    assert [result.path.name for result in results if result.trouble] == ["0 broken"]
    assert "cannot read" in results[0].trouble
    assert sum(result.carried for result in results) == 4


def test_only_images_of_the_collection_are_decoded(
    carry: Carry, faces: list[FaceRecord], shared: Path
) -> None:
    hostile = shared / "data" / "hostile"
    assert not any(result.carried or result.losses for result in carry(hostile))


def test_one_face_stored_twice_is_carried_twice(
    context: Context, collection: str, carry: Carry
) -> None:
    for external_id in ("one", "two"):
        both = GroupImage(pair(), "pair.jpg", external_id, ANY_QUALITY, 9)
        enrol_group(context, collection, both)
    (result,) = carry()
    assert (result.carried, result.losses) == (4, ())


def test_what_is_carried_keeps_its_templates_whatever_else_its_image_shows(
    engine: Engine,
    context: Context,
    collection: str,
    carry: Carry,
    faces: list[FaceRecord],
) -> None:
    carry()
    switch(context, collection)
    late = GroupImage(pair(), "pair.jpg", "late", ANY_QUALITY, 1)
    enrol_group(context, collection, late)

    class Blind:
        """Finds nothing, neither what is new nor what it found before."""

        sure, upright = engine.detector.sure, 0.0

        def detect(self, pixels: NDArray[np.uint8]) -> Detections:
            found = engine.detector.detect(pixels)
            return Detections(found.boxes[:0], found.landmarks[:0], found.scores[:0])

    results = carry(seen_by=replace(engine, detector=Blind()))
    assert [len(result.losses) for result in results] == [1]
    assert len(missing(context, collection)) == 1
    undo(context, collection, delete_missing=True)
    assert stored(context, collection) == faces


def test_faces_enrolled_or_deleted_meanwhile_are_seen_by_the_next_run(
    context: Context,
    collection: str,
    carry: Carry,
    enrol: Enrol,
    eileen: bytes,
    grace: bytes,
) -> None:
    first = enrol(eileen).face
    carry()
    second = enrol(grace, "Grace Hopper", "2.jpg").face
    assert first is not None
    assert second is not None
    assert missing(context, collection) == [(second.face_id, None)]
    with pytest.raises(UpgradeError, match="1 face has no template"):
        switch(context, collection)
    delete_faces(context, collection, [first.face_id], of_users=True)
    assert sum(result.carried for result in carry()) == 1
    assert switch(context, collection).faces == 1


def test_a_switch_in_the_middle_of_it_ends_it(
    context: Context,
    collection: str,
    carry: Carry,
    other: Engine,
    images: Path,
    faces: list[FaceRecord],
) -> None:
    carry(images / "x")

    class Slow:
        """Somebody else switches before it has found a face."""

        sure, upright = other.detector.sure, 0.0

        def detect(self, pixels: NDArray[np.uint8]) -> Detections:
            switch(context, collection, delete_missing=True)
            return other.detector.detect(pixels)

    with pytest.raises(UpgradeError, match="switched to other meanwhile"):
        carry(images / "GRACE", seen_by=replace(other, detector=Slow()))
    assert len(stored(context, collection)) == 3


def test_the_ledger_says_who_prepared_it(
    context: Context, collection: str, engine: Engine, carry: Carry, faces: list[FaceRecord]
) -> None:
    carry()
    (event,) = events(context.database, "prepare upgrade")
    assert (event.actor, event.collection) == ("tester", collection)
    assert event.record == PrepareUpgradeRecord(SpaceRecord.of(engine.space), SpaceRecord.of(OTHER))


def test_it_needs_a_collection_and_another_pack(
    context: Context, collection: str, engine: Engine, other: Engine
) -> None:
    assert find_upgrade(context, collection) is None
    with pytest.raises(NotFoundError):
        begin(context, "nowhere", OTHER.pack)
    for pack in (engine.space.pack, None):
        with pytest.raises(UpgradeError, match="already"):
            begin(context, collection, pack)
    begin(context, collection, OTHER.pack)
    renewed = replace(other, space=replace(OTHER, fingerprint="00" * 32))
    changed = make_context(context.database, engine, renewed)
    with pytest.raises(SpaceMismatchError):
        begin(changed, collection, OTHER.pack)
    assert len(events(context.database, "prepare upgrade")) == 1


def test_what_was_begun_goes_on_without_naming_the_pack(
    context: Context, collection: str, engine: Engine
) -> None:
    begun = begin(context, collection, OTHER.pack)
    assert begin(context, collection) == begun
    switch(context, collection)
    back = begin(context, collection)
    assert (back.switched, back.other) == (True, engine.space)


def test_without_a_name_the_way_leads_to_the_default_pack(
    database: Database, collection: str, engine: Engine, other: Engine
) -> None:
    upgrade = begin(make_context(database, other, engine), collection)
    assert (upgrade.former, upgrade.target) == (engine.space, OTHER)
