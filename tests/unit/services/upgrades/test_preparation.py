from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reknown.services.engines import Engines
from reknown.services.enrolment import new_face
from reknown.services.group_enrolment import GroupPhoto, enrol_group
from reknown.services.picture_files import files_below
from reknown.services.platform import Platform
from reknown.services.upgrade import FileResult, carry_all

from other_engine import OTHER, other_engine
from portraits import pair
from reknown.biometrics.errors import NotFoundError, SpaceMismatchError, UpgradeError
from reknown.biometrics.quality_filter import ANY_QUALITY
from reknown.gallery.cache import TemplateCache
from reknown.gallery.carried import Loss, Reason
from reknown.gallery.faces import delete_faces
from reknown.gallery.templates import load_templates
from reknown.ledger.actor import Actor
from reknown.services import galleries, upgrade, upgrade_steps
from reknown.storage.database import reading
from reknown.vision.detect.base import Detections
from reknown.vision.images import decode_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from reknown.services.enrolment import EnrolmentResult

    from reknown.biometrics.records import FaceRecord
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage

    Enrol = Callable[..., EnrolmentResult]
    Carry = Callable[..., list[FileResult]]

ACTOR = Actor("tester")


@pytest.fixture(scope="module")
def other(engine: Engine) -> Engine:
    return other_engine(engine)


@pytest.fixture
def faces(
    engine: Engine, database: Database, collection: str, enrol: Enrol, eileen: bytes, grace: bytes
) -> list[FaceRecord]:
    """Eileen, Grace, and both in one picture."""
    platform = Platform(
        Engines(lambda _: engine, engine.space.pack), database, TemplateCache(2**20)
    )
    enrol(eileen)
    enrol(grace, "Grace Hopper", "2.jpg")
    photo = GroupPhoto(decode_image(pair()), "pair.jpg", "both")
    enrol_group(platform, engine, collection, photo, ANY_QUALITY, 9, ACTOR)
    return list(galleries.list_faces(database, collection))


@pytest.fixture
def pictures(tmp_path: Path, eileen: bytes, grace: bytes) -> Path:
    """The pictures under other names, among files that are none of theirs."""
    folder = tmp_path / "moved"
    for name, data in (
        ("x/y/z/Eileen.dat", eileen),
        ("GRACE", grace),
        ("x/both.jpg", pair()),
        ("x/note.txt", b"no picture at all"),
        ("x/y/Eileen again.jpg", eileen),
        ("broken.jpg", b"\xff\xd8\xff"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def carry(database: Database, collection: str, other: Engine, pictures: Path) -> Carry:
    """Carries what is found; the results that say anything."""

    def carry_some(*places: Path, engine: Engine = other) -> list[FileResult]:
        upgrade.begin(database, collection, engine.space, ACTOR)
        found = carry_all(engine, database, collection, files_below(places or [pictures]))
        return [result for result in found if result != FileResult(result.path)]

    return carry_some


def missing(database: Database, collection: str) -> list[tuple[str, Reason | None]]:
    found = upgrade_steps.list_missing(database, collection)
    return [(face.face_id, face.reason) for face in found]


def test_pictures_are_known_by_their_content(
    database: Database, collection: str, carry: Carry, faces: list[FaceRecord], pictures: Path
) -> None:
    results = {result.path.name: result for result in carry()}
    carried = {name: result.carried for name, result in results.items()}
    assert sum(carried.values()) == 4
    assert (carried["GRACE"], carried["both.jpg"]) == (1, 2)
    assert not any(result.losses or result.trouble for result in results.values())
    assert missing(database, collection) == []
    assert list(galleries.list_faces(database, collection)) == faces


def test_the_new_templates_are_those_of_an_enrolment(
    database: Database,
    collection: str,
    carry: Carry,
    faces: list[FaceRecord],
    other: Engine,
    eileen_image: DecodedImage,
) -> None:
    carry()
    done = upgrade_steps.switch(database, collection, ACTOR)
    assert (done.faces, done.deleted, done.upgrade.present) == (4, 0, OTHER)
    with reading(database) as connection:
        templates = load_templates(connection, collection)
    ((face, template),) = other.extract(eileen_image, other.detect(eileen_image))
    expected = new_face(face, template)
    stored = next(galleries.list_faces(database, collection))
    assert np.allclose(templates.vectors[0], template.vector, atol=1e-6)
    assert (stored.box, stored.quality) == (expected.box, expected.quality)
    assert stored.magnitude == pytest.approx(template.magnitude)
    now = galleries.list_faces(database, collection)
    for before, after in zip(faces, now, strict=True):
        assert replace(after, magnitude=None) == replace(before, magnitude=None)


def test_what_is_carried_is_passed_over_the_next_time(
    carry: Carry, faces: list[FaceRecord], pictures: Path, tmp_path: Path
) -> None:
    shutil.copytree(pictures / "x", tmp_path / "part")
    carry(tmp_path / "part")
    assert [result.path.name for result in carry()] == ["GRACE"]
    assert carry() == []


def test_a_run_that_is_stopped_goes_on(
    database: Database, collection: str, other: Engine, pictures: Path, faces: list[FaceRecord]
) -> None:
    upgrade.begin(database, collection, OTHER, ACTOR)
    run = carry_all(other, database, collection, files_below([pictures]))
    first = next(result for result in run if result.carried)
    del run
    # not noted as not found: the run did not come to its end
    assert {reason for _, reason in missing(database, collection)} <= {None}
    rest = carry_all(other, database, collection, files_below([pictures]))
    assert sum(result.carried for result in rest) <= 4 - first.carried
    assert missing(database, collection) == []


def test_the_last_file_is_not_read_when_nothing_is_left(
    database: Database, collection: str, other: Engine, pictures: Path, faces: list[FaceRecord]
) -> None:
    upgrade.begin(database, collection, OTHER, ACTOR)
    many = [*files_below([pictures]), *[pictures / "absent"] * 50]
    seen = list(carry_all(other, database, collection, many))
    assert sum(result.carried for result in seen) == 4
    assert len(seen) < 20
    assert list(carry_all(other, database, collection, many)) == []


def test_pictures_that_are_not_found_are_noted_until_they_are(
    database: Database, collection: str, carry: Carry, faces: list[FaceRecord], pictures: Path
) -> None:
    (pictures / "GRACE").rename(pictures.parent / "elsewhere")
    carry()
    assert missing(database, collection) == [(faces[1].face_id, Reason.NO_PICTURE)]
    carry(pictures.parent / "elsewhere")
    assert missing(database, collection) == []


def test_faces_that_are_not_found_again_are_noted_and_not_looked_for_again(
    database: Database, collection: str, carry: Carry, faces: list[FaceRecord], other: Engine
) -> None:
    class Largest:
        """Overlooks all faces but one."""

        sure = other.detector.sure

        def detect(self, pixels: NDArray[np.uint8]) -> Detections:
            found = other.detector.detect(pixels)
            keep = np.argsort(found.boxes[:, 0])[:1]
            return Detections(found.boxes[keep], found.landmarks[keep], found.scores[keep])

    blind = replace(other, detector=Largest())
    results = carry(engine=blind)
    (lost,) = (loss for result in results for loss in result.losses)
    (expected,) = (f for f in faces if f.external_id == "both" and f.box.left > 0.5)
    assert lost == Loss(expected.face_id, Reason.UNDETECTED)
    assert missing(database, collection) == [(expected.face_id, Reason.UNDETECTED)]
    assert carry() == []


def test_a_picture_that_cannot_be_decoded_is_noted(
    database: Database,
    collection: str,
    carry: Carry,
    faces: list[FaceRecord],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decode(data: bytes) -> DecodedImage:
        image = decode_image(data)
        if image.width > 600:
            return decode_image(data[:100] + b"\0")
        return image

    monkeypatch.setattr(upgrade, "decode_image", decode)
    carry()
    assert [reason for _, reason in missing(database, collection)] == [Reason.UNREADABLE] * 2
    (one, _) = upgrade_steps.list_missing(database, collection)
    assert one.detail.startswith("not a readable JPEG")


def test_files_that_cannot_be_read_are_told_and_not_the_end(
    carry: Carry, faces: list[FaceRecord], pictures: Path
) -> None:
    (pictures / "0 broken").symlink_to("nowhere")
    results = carry()
    assert [result.path.name for result in results if result.trouble] == ["0 broken"]
    assert "cannot read" in results[0].trouble
    assert sum(result.carried for result in results) == 4


def test_only_pictures_of_the_collection_are_decoded(
    carry: Carry, faces: list[FaceRecord], shared: Path
) -> None:
    hostile = shared / "data" / "hostile"
    assert not any(result.carried or result.losses for result in carry(hostile))


def test_one_face_stored_twice_is_carried_twice(
    engine: Engine, database: Database, collection: str, carry: Carry, pictures: Path
) -> None:
    platform = Platform(
        Engines(lambda _: engine, engine.space.pack), database, TemplateCache(2**20)
    )
    for external_id in ("one", "two"):
        photo = GroupPhoto(decode_image(pair()), "pair.jpg", external_id)
        enrol_group(platform, engine, collection, photo, ANY_QUALITY, 9, ACTOR)
    (result,) = carry()
    assert (result.carried, result.losses) == (4, ())


def test_what_is_carried_keeps_its_templates_whatever_else_its_picture_shows(
    engine: Engine,
    database: Database,
    collection: str,
    carry: Carry,
    faces: list[FaceRecord],
    other: Engine,
    pictures: Path,
) -> None:
    carry()
    upgrade_steps.switch(database, collection, ACTOR)
    engines = {engine.space.pack: engine, other.space.pack: other}
    platform = Platform(
        Engines(engines.__getitem__, engine.space.pack), database, TemplateCache(2**20)
    )
    photo = GroupPhoto(decode_image(pair()), "pair.jpg", "late")
    enrol_group(platform, other, collection, photo, ANY_QUALITY, 1, ACTOR)

    class Blind:
        """Finds nothing, neither what is new nor what it found before."""

        sure = engine.detector.sure

        def detect(self, pixels: NDArray[np.uint8]) -> Detections:
            found = engine.detector.detect(pixels)
            return Detections(found.boxes[:0], found.landmarks[:0], found.scores[:0])

    results = carry(engine=replace(engine, detector=Blind()))
    assert [len(result.losses) for result in results] == [1]
    assert len(missing(database, collection)) == 1
    upgrade_steps.undo(database, collection, ACTOR, delete_missing=True)
    assert list(galleries.list_faces(database, collection)) == faces


def test_faces_enrolled_or_deleted_meanwhile_are_seen_by_the_next_run(
    database: Database,
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
    assert missing(database, collection) == [(second.face_id, None)]
    with pytest.raises(UpgradeError, match="1 face has no template"):
        upgrade_steps.switch(database, collection, ACTOR)
    with database.begin() as connection:
        delete_faces(connection, collection, [first.face_id])
    assert sum(result.carried for result in carry()) == 1
    assert upgrade_steps.switch(database, collection, ACTOR).faces == 1


def test_a_switch_in_the_middle_of_it_ends_it(
    database: Database,
    collection: str,
    carry: Carry,
    other: Engine,
    pictures: Path,
    faces: list[FaceRecord],
) -> None:
    carry(pictures / "x")

    class Slow:
        """Somebody else switches before it has found a face."""

        sure = other.detector.sure

        def detect(self, pixels: NDArray[np.uint8]) -> Detections:
            upgrade_steps.switch(database, collection, ACTOR, delete_missing=True)
            return other.detector.detect(pixels)

    with pytest.raises(UpgradeError, match="switched to other meanwhile"):
        carry(pictures / "GRACE", engine=replace(other, detector=Slow()))
    assert len(list(galleries.list_faces(database, collection))) == 3


def test_the_ledger_says_who_prepared_it(
    database: Database, collection: str, engine: Engine, carry: Carry, faces: list[FaceRecord]
) -> None:
    carry()
    event = [e for e in galleries.list_events(database) if e.operation == "prepare upgrade"][-1]
    assert (event.actor, event.collection) == ("tester", collection)
    assert event.detail == {
        "from": engine.space.fingerprint,
        "from_pack": engine.space.pack,
        "to": OTHER.fingerprint,
        "to_pack": "other",
    }


def test_it_needs_a_collection_and_another_pack(
    database: Database, collection: str, engine: Engine
) -> None:
    assert upgrade.find(database, collection) is None
    with pytest.raises(NotFoundError):
        upgrade.begin(database, "nowhere", OTHER, ACTOR)
    with pytest.raises(UpgradeError, match="already"):
        upgrade.begin(database, collection, engine.space, ACTOR)
    upgrade.begin(database, collection, OTHER, ACTOR)
    with pytest.raises(SpaceMismatchError):
        upgrade.begin(database, collection, replace(OTHER, fingerprint="00" * 32), ACTOR)
