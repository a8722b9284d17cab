from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from contexts import events, faces, make_context, user_names
from other_engine import OTHER
from portraits import blurred, dimmed, distorted, pair, spoilt, tiny
from reknown.biometrics.errors import (
    DatabaseError,
    NotFoundError,
    QuotaError,
    SpaceMismatchError,
)
from reknown.biometrics.faces import Pose, QualityMeasure
from reknown.biometrics.quality_filter import ANY_QUALITY, DEFAULT_FILTER
from reknown.cli.demo_images import GRACE, jpeg
from reknown.gallery import faces as references
from reknown.ledger import log
from reknown.ledger.records import EnrolRecord, SpaceRecord
from reknown.services.galleries import enrolment
from reknown.services.galleries.collections import delete_collection
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import (
    EnrolmentPolicy,
    GroupImage,
    Outcome,
    enrol_group,
    enrol_subjects,
)
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.services.galleries.users import UserRequest, delete_user
from reknown.services.upgrades import preparation, steps
from reknown.vision.analyze import Look

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

    Enrol = Callable[..., EnrolmentResult]


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _side_by_side(left: bytes, right: bytes, right_side: int = 300) -> bytes:
    """Two portraits in one image, the left one 300 pixels high."""
    canvas = Image.new("RGB", (300 + right_side, 300))
    canvas.paste(_open(left).resize((300, 300)), (0, 0))
    canvas.paste(_open(right).resize((right_side, right_side)), (300, 0))
    return jpeg(canvas)


@pytest.fixture(scope="module")
def face(engine: Engine, eileen_pixels: NDArray[np.uint8]) -> DetectedFace:
    (face,) = engine.detect(eileen_pixels, Look.POSE)
    return face


def _enrolments(context: Context) -> list[object]:
    return [event.record for event in events(context, "enrol")]


def test_a_portrait_becomes_a_reference(
    enrol: Enrol, context: Context, engine: Engine, eileen: bytes, eileen_pixels: NDArray[np.uint8]
) -> None:
    result = enrol(eileen)
    assert (result.outcome, result.reason) == (Outcome.ENROLLED, "")
    (stored,) = faces(context)
    assert stored == result.face
    assert stored.user == "Eileen Collins"
    assert stored.image.sha256 == hashlib.sha256(eileen).hexdigest()
    assert (stored.image.name, stored.image.width, stored.image.height) == ("1.jpg", 300, 300)
    ((face, template),) = engine.extract(eileen_pixels, engine.detect(eileen_pixels, Look.POSE))
    assert stored.confidence == pytest.approx(face.confidence)
    assert stored.quality == face.quality.unified_score.score
    assert stored.magnitude == template.magnitude


def test_of_a_pack_without_magnitudes_none_is_stored(
    public_domain: Engine, database: Database, people: Path
) -> None:
    context = make_context(database, public_domain)
    results = list(enrol_subjects(context, "old", read_plan(people)))
    assert [result.outcome for result in results] == [Outcome.ENROLLED] * 2
    assert [face.magnitude for face in faces(context, "old")] == [None, None]


def test_an_image_without_a_face_is_refused(enrol: Enrol) -> None:
    result = enrol(jpeg(Image.new("RGB", (200, 200), "grey")))
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "no face found")


def test_two_faces_of_the_same_size_are_refused(
    enrol: Enrol, context: Context, eileen: bytes, grace: bytes
) -> None:
    result = enrol(_side_by_side(eileen, grace))
    assert result.outcome is Outcome.REFUSED
    assert result.reason.startswith("several faces, none stands out")
    assert not faces(context)


def test_the_face_that_stands_out_is_taken(
    enrol: Enrol, context: Context, eileen: bytes, grace: bytes
) -> None:
    result = enrol(_side_by_side(eileen, grace, right_side=110))
    assert result.face is not None
    assert result.face.box.left < 0.5
    assert len(faces(context)) == 1


def _reasons(face: DetectedFace) -> list[str]:
    return [objection.reason.value for objection in DEFAULT_FILTER.objections(face)]


def test_a_good_face_meets_no_objection(face: DetectedFace) -> None:
    assert DEFAULT_FILTER.objections(face) == ()


@pytest.mark.parametrize(
    ("measure", "value", "reason"),
    [
        ("inter_eye_distance", QualityMeasure(9.9, 5), "too small"),
        ("luminance_mean", QualityMeasure(0.1, 14), "too dark or too bright"),
        ("sharpness", QualityMeasure(0.01, 7), "too blurry"),
        ("unified_score", QualityMeasure(24.4, 24), "of low quality"),
    ],
)
def test_each_poor_measure_is_named(
    face: DetectedFace, measure: str, value: QualityMeasure, reason: str
) -> None:
    poor = replace(face, quality=replace(face.quality, **{measure: value}))
    assert _reasons(poor) == [reason]
    assert ANY_QUALITY.objections(poor) == ()


@pytest.mark.parametrize("pose", [Pose(61, 0, 0), Pose(-61, 0, 0), Pose(0, 61, 0), Pose(0, -61, 0)])
def test_a_face_turned_to_any_side_is_named(face: DetectedFace, pose: Pose) -> None:
    assert _reasons(replace(face, pose=pose)) == ["turned away"]
    assert ANY_QUALITY.objections(replace(face, pose=pose)) == ()


def test_a_leaning_head_is_no_matter(face: DetectedFace) -> None:
    assert _reasons(replace(face, pose=Pose(0, 0, 170))) == []


def test_an_unsure_detection_is_named_with_everything_else(face: DetectedFace) -> None:
    unsure = replace(face, confidence=0.79, pose=Pose(90, 0, 0))
    assert _reasons(unsure) == ["turned away", "not clearly a face"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda image: dimmed(image, 0.05), "too dark"),
        (lambda image: blurred(image, 4), "too blurry"),
        (lambda image: tiny(image, 60), "too small"),
        (lambda image: distorted(image, 230), "of low quality"),
    ],
    ids=["dimmed", "blurred", "tiny", "distorted"],
)
def test_a_poor_image_is_refused_unless_any_quality_will_do(
    enrol: Enrol, eileen: bytes, spoil: Callable[[Image.Image], Image.Image], reason: str
) -> None:
    poor = jpeg(spoil(_open(eileen)))
    refused = enrol(poor)
    assert refused.outcome is Outcome.REFUSED
    assert refused.reason.startswith("the face is ")
    assert reason in refused.reason
    assert enrol(poor, policy=EnrolmentPolicy(ANY_QUALITY)).outcome is Outcome.ENROLLED


def test_the_same_image_is_known_the_second_time(
    enrol: Enrol, context: Context, eileen: bytes
) -> None:
    first, second = enrol(eileen), enrol(eileen, name="copy.jpg")
    assert second.outcome is Outcome.KNOWN
    assert second.face == first.face
    assert len(faces(context)) == 1
    assert len(_enrolments(context)) == 1


def test_the_same_image_twice_in_one_run_is_enrolled_once(
    context: Context, collection: str, tmp_path: Path, eileen: bytes
) -> None:
    plan = [Enrolee(tmp_path / f"{number}.jpg", "Eileen") for number in range(6)]
    for enrolee in plan:
        Path(str(enrolee.source)).write_bytes(eileen)
    results = list(enrol_subjects(context, collection, plan))
    assert [result.outcome for result in results] == [Outcome.ENROLLED] + 5 * [Outcome.KNOWN]
    assert len({result.face.face_id for result in results if result.face}) == 1


def test_the_same_image_under_another_name_is_refused(
    enrol: Enrol, context: Context, eileen: bytes
) -> None:
    first = enrol(eileen)
    result = enrol(eileen, subject="Grace Hopper")
    assert result.outcome is Outcome.REFUSED
    assert first.face is not None
    move = f"reknown faces move {first.face.face_id} --to 'Grace Hopper'"
    assert result.reason == f"the same image is enrolled as Eileen Collins: {move}"
    assert user_names(context) == ["Eileen Collins"]


def test_one_image_for_two_people_in_one_run_is_refused_for_the_second(
    context: Context, collection: str, tmp_path: Path, eileen: bytes
) -> None:
    path = tmp_path / "1.jpg"
    path.write_bytes(eileen)
    plan = [Enrolee(path, "Eileen"), Enrolee(path, "Grace")]
    first, second = enrol_subjects(context, collection, plan)
    assert first.outcome is Outcome.ENROLLED
    assert (second.outcome, second.face) == (Outcome.REFUSED, None)
    assert "enrolled as Eileen" in second.reason


def test_an_image_deleted_while_it_is_looked_up_is_refused_and_not_a_crash(
    context: Context,
    collection: str,
    tmp_path: Path,
    eileen: bytes,
    enrol: Enrol,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enrol(eileen)
    monkeypatch.setattr(references, "find_image", lambda *_: [])
    result = enrol(eileen, name="again.jpg")
    assert result.outcome is Outcome.REFUSED
    assert "try again" in result.reason


@pytest.mark.parametrize(
    "name",
    ["a b.jpg", "[bold]x[bold].jpg", "zoë 💡.jpg", "two\nlines.jpg", "\x1b[31mred.jpg", "-x.jpg",
     os.fsdecode(b"\xff\xfe.jpg"), "'; DROP TABLE faces;.jpg", "x" * 250 + ".jpg"],
    ids=ascii,
)  # fmt: skip
def test_any_file_name_is_taken(enrol: Enrol, context: Context, eileen: bytes, name: str) -> None:
    assert enrol(eileen, name=name).outcome is Outcome.ENROLLED
    (face,) = faces(context)
    assert face.image.name == os.fsencode(name).decode(errors="replace")


@pytest.mark.parametrize("name", ["x" * 256, "", "a\0b", os.fsdecode(b"\xff")], ids=ascii)
def test_a_name_that_cannot_be_stored_is_refused(
    enrol: Enrol, context: Context, eileen: bytes, name: str
) -> None:
    result = enrol(eileen, subject=name)
    assert result.outcome is Outcome.REFUSED
    assert "a user's name" in result.reason
    assert _enrolments(context) == []


def test_a_file_that_is_not_there_is_refused(
    context: Context, collection: str, tmp_path: Path
) -> None:
    plan = [Enrolee(tmp_path / "absent.jpg", "Ann"), Enrolee(tmp_path, "Ann")]
    results = list(enrol_subjects(context, collection, plan))
    assert [result.outcome for result in results] == [Outcome.REFUSED] * 2
    assert all("cannot read" in result.reason for result in results)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a", bytes(5000)])
def test_what_is_no_image_is_refused(enrol: Enrol, data: bytes) -> None:
    result = enrol(data)
    assert result.outcome is Outcome.REFUSED
    assert result.reason


def test_hostile_images_are_refused_or_enrolled_but_never_raise(
    context: Context, collection: str, shared: Path
) -> None:
    files = sorted((shared / "data" / "hostile").rglob("*"))[::5]
    plan = [Enrolee(path, "somebody") for path in files]
    results = list(enrol_subjects(context, collection, plan))
    assert [result.enrolee for result in results] == plan
    assert sum(result.outcome is Outcome.REFUSED for result in results) > len(plan) * 0.9


def test_the_ledger_has_one_event_for_each_enrolled_face(
    context: Context, collection: str, people: Path
) -> None:
    results = list(enrol_subjects(context, collection, read_plan(people)))
    list(enrol_subjects(context, collection, read_plan(people)))
    space = SpaceRecord.of(context.platform.space_of(collection))
    assert _enrolments(context) == [
        EnrolRecord(r.face.image.sha256, space, (r.face.face_id,), r.face.subject_id)
        for r in results
        if r.face
    ]
    assert all(result.face and result.face.subject_id for result in results)
    assert len(results) == 2


@pytest.mark.parametrize("failing", ["append", "add_faces"])
def test_a_face_and_its_event_are_stored_together_or_not_at_all(
    enrol: Enrol,
    context: Context,
    eileen: bytes,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    module = log if failing == "append" else references
    original = getattr(module, failing)

    def fail_afterwards(*arguments: object) -> None:
        original(*arguments)
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(module, failing, fail_afterwards)
        with pytest.raises(DatabaseError, match="disk is full"):
            enrol(eileen)
    assert not faces(context)
    assert not user_names(context)
    assert _enrolments(context) == []
    assert enrol(eileen).outcome is Outcome.ENROLLED


def test_a_result_is_on_disk_before_it_is_given_out(
    context: Context, collection: str, people: Path
) -> None:
    results = enrol_subjects(context, collection, read_plan(people))
    for count, _ in enumerate(results, 1):
        assert len(faces(context)) == count
        assert len(_enrolments(context)) == count


def test_a_name_that_is_spelled_otherwise_is_no_other(
    context: Context, collection: str, eileen: bytes
) -> None:
    """As programs give names, who do not read a plan."""
    for name, outcome in (("Zo\u00eb", Outcome.ENROLLED), ("Zoe\u0308", Outcome.KNOWN)):
        (result,) = enrol_subjects(context, collection, [Enrolee(eileen, name)])
        assert result.outcome is outcome
    assert user_names(context) == ["Zo\u00eb"]


def test_an_image_enrolled_without_a_name_is_not_reported_as_the_persons(
    enrol: Enrol, context: Context, eileen: bytes
) -> None:
    enrol(eileen)
    delete_user(context, UserRequest("people", "Eileen Collins"), keep_faces=True)
    result = enrol(eileen)
    assert result.outcome is Outcome.REFUSED
    assert "enrolled without a name" in result.reason


def test_a_switch_ends_the_run_and_says_how_to_go_on(
    context: Context, enrol: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    preparation.begin(context, "people", OTHER.pack)
    original = references.find_image

    def switched(*arguments: object) -> object:
        monkeypatch.setattr(references, "find_image", original)
        steps.switch(context, "people")
        return []

    monkeypatch.setattr(references, "find_image", switched)
    with pytest.raises(SpaceMismatchError, match="run the same again"):
        enrol(jpeg(GRACE.crop()))
    assert not faces(context)


def test_a_gallery_that_is_gone_ends_the_run_instead_of_refusing_images(
    context: Context, collection: str, people: Path
) -> None:
    results = enrol_subjects(context, collection, read_plan(people) * 4)
    next(results)
    delete_collection(context, collection)
    with pytest.raises(NotFoundError):
        list(results)


def test_a_gallery_is_made_when_it_is_missing(context: Context, people: Path) -> None:
    list(enrol_subjects(context, "friends", read_plan(people)))
    assert len(faces(context, "friends")) == 2
    assert context.platform.space_of("friends").pack == "opencv"
    list(enrol_subjects(context, "others", read_plan(people), pack="other"))
    assert context.platform.space_of("others") == OTHER


def test_an_image_may_come_without_a_file(context: Context, eileen: bytes) -> None:
    (result,) = enrol_subjects(context, "people", [Enrolee(eileen, "Eileen")])
    assert result.face is not None
    assert result.face.image.name == ""


def test_all_faces_of_a_group_are_enrolled_without_names(context: Context, collection: str) -> None:
    image = GroupImage(pair(), "pair.jpg", "both")
    done = enrol_group(context, collection, image)
    assert list(done.stored) == faces(context)
    assert [(face.user, face.external_id, face.image.name) for face in done.stored] == [
        (None, "both", "pair.jpg")
    ] * 2
    assert [face.box for face, _ in done.enrolled()] == [face.box for face in done.stored]
    again = enrol_group(context, collection, image)
    assert (again.stored, len(faces(context))) == (done.stored, 2)
    ids = tuple(face.face_id for face in done.stored)
    space = SpaceRecord.of(context.platform.space_of(collection))
    assert _enrolments(context) == [EnrolRecord(done.extraction.image.sha256, space, ids, None)] * 2


def test_what_is_left_out_of_a_group_is_counted(context: Context, collection: str) -> None:
    first = enrol_group(context, collection, GroupImage(pair(), limit=1))
    assert (len(first.stored), len(first.extraction.surplus)) == (1, 1)
    unfit = enrol_group(context, collection, GroupImage(spoilt()["LOW_SHARPNESS"]))
    assert (unfit.stored, len(unfit.extraction.refused)) == ((), 1)
    counts = [record.refused for record in _enrolments(context) if isinstance(record, EnrolRecord)]
    assert counts == [1, 1]


def test_a_collection_that_is_full_takes_no_more(
    context: Context, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "MAX_FACES_IN_COLLECTION", 1)
    with pytest.raises(QuotaError):
        enrol_group(context, collection, GroupImage(pair()))
    assert faces(context) == []
