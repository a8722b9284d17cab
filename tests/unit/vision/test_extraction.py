from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

import portraits
from decoding import decode_image
from reknown.biometrics.errors import ImageError, SpaceMismatchError
from reknown.biometrics.faces import QualityMeasure
from reknown.biometrics.quality_filter import ANY_QUALITY, DEFAULT_FILTER, Reason
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.cli.demo_images import EILEEN, jpeg
from reknown.vision.analyze import Look
from reknown.vision.extraction import (
    ExtractedFace,
    Extraction,
    ExtractionPolicy,
    ImageInfo,
    extract,
)
from reknown.vision.quality import with_magnitude
from video_analyses import plain_jpeg
from video_faces import face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.quality_filter import QualityFilter
    from reknown.vision.analyze import Engine

SPACE = TemplateSpace("made", "ab" * 32, 4)
IMAGE = plain_jpeg((9, 9, 9), (120, 100))
PIXELS = decode_image(IMAGE).pixels
SHA256 = hashlib.sha256(IMAGE).hexdigest()
FAINT, CLEAR = 8.0, 13.0


@dataclass
class Makes:
    """An engine that finds these faces in any image, and makes templates of these magnitudes.

    It makes them in turn, and keeps whose.
    """

    magnitudes: list[float | None]
    faces: tuple[DetectedFace, ...] = ()
    space: TemplateSpace = SPACE
    asked: list[DetectedFace] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def detect(
        self, pixels: NDArray[np.uint8], look: Look, largest: int | None
    ) -> tuple[DetectedFace, ...]:
        assert np.array_equal(pixels, PIXELS)
        self.looks.append(look)
        return self.faces[:largest]

    def extract(
        self, pixels: NDArray[np.uint8], faces: Sequence[DetectedFace]
    ) -> tuple[tuple[DetectedFace, Template], ...]:
        assert np.array_equal(pixels, PIXELS)
        return tuple((self._seen(one), self._template()) for one in faces)

    def _seen(self, one: DetectedFace) -> DetectedFace:
        self.asked.append(one)
        magnitude = self.magnitudes[len(self.asked) - 1]
        return replace(one, quality=with_magnitude(one.quality, magnitude))

    def _template(self) -> Template:
        number = len(self.asked) - 1
        return Template(np.eye(4, dtype=np.float32)[number], SPACE, self.magnitudes[number])


def made(
    engine: Makes,
    faces: Sequence[DetectedFace],
    quality: QualityFilter = DEFAULT_FILTER,
    **wanted: Any,
) -> Extraction:
    engine.faces = tuple(faces)
    policy = ExtractionPolicy(SPACE, quality, **wanted)
    return extract(cast("Engine", engine), decode_image, IMAGE, policy)


def good(number: int = 0, unified: float = 90) -> DetectedFace:
    one = face(x=number / 10, quality=unified)
    eyes = QualityMeasure(80.0, 60)
    return replace(one, quality=replace(one.quality, inter_eye_distance=eyes))


def small(number: int = 0) -> DetectedFace:
    one = good(number)
    return replace(one, quality=replace(one.quality, inter_eye_distance=QualityMeasure(5.0, 4)))


def test_fit_faces_keep_their_order_and_each_has_its_own_template() -> None:
    faces = [good(number) for number in range(3)]
    found = made(Makes([13, 12, 11]), faces)
    assert [one.box for one, _ in found.fit] == [one.box for one in faces]
    assert [template.magnitude for _, template in found.fit] == [13, 12, 11]
    assert [int(template.vector.argmax()) for _, template in found.fit] == [0, 1, 2]
    assert (found.refused, found.surplus) == ((), ())


def test_a_fit_face_says_what_its_template_showed() -> None:
    ((seen, template),) = made(Makes([CLEAR]), [good()]).fit
    assert seen == replace(good(), quality=with_magnitude(good().quality, CLEAR))
    assert seen.quality.magnitude is not None
    assert seen.quality.magnitude.native == template.magnitude == CLEAR


def test_what_the_filter_refuses_beforehand_gets_no_template() -> None:
    engine = Makes([CLEAR])
    found = made(engine, [small(1), good(2), small(3)])
    assert engine.asked == [good(2)]
    assert [one for one, _ in found.refused] == [small(1), small(3)]
    assert {objection.reason for _, every in found.refused for objection in every} == {
        Reason.TOO_SMALL
    }


def test_a_faint_template_is_refused_once_it_is_made() -> None:
    engine = Makes([FAINT, CLEAR])
    found = made(engine, [good(1), good(2)])
    assert engine.asked == [good(1), good(2)]
    ((seen, (objection,)),) = found.refused
    assert objection.reason is Reason.LOW_QUALITY
    assert seen.quality.magnitude is not None
    assert (seen.box, seen.quality.magnitude.native) == (good(1).box, FAINT)
    assert objection.measured == seen.quality.unified_score.score < objection.required
    assert [one.box for one, _ in found.fit] == [good(2).box]


def test_beyond_the_limit_nothing_is_made_and_what_might_have_done_is_surplus() -> None:
    engine = Makes([CLEAR, CLEAR])
    found = made(engine, [good(1), good(2), good(3), small(4), good(5)], limit=2)
    assert engine.asked == [good(1), good(2)]
    assert found.surplus == (good(3), good(5))
    assert [one for one, _ in found.refused] == [small(4)]


def test_a_refused_face_takes_no_place_within_the_limit() -> None:
    engine = Makes([FAINT, CLEAR])
    found = made(engine, [small(1), good(2), good(3), good(4)], limit=1)
    assert [one.box for one, _ in found.fit] == [good(3).box]
    assert [one.box for one, _ in found.refused] == [small(1).box, good(2).box]
    assert found.surplus == (good(4),)


def test_a_limit_of_none_makes_nothing() -> None:
    engine = Makes([])
    found = made(engine, [good(1), small(2)], limit=0)
    assert (engine.asked, found.fit, found.surplus) == ([], (), (good(1),))


def test_no_faces_come_to_nothing() -> None:
    found = made(Makes([]), [])
    assert found == Extraction(ImageInfo(SHA256, 120, 100), SPACE, ())
    assert (found.faces, found.fit, found.refused, found.surplus) == ((), (), (), ())


def test_every_face_has_its_place_whatever_became_of_it() -> None:
    faces = [small(1), good(2), good(3), good(4)]
    found = made(Makes([FAINT, CLEAR]), faces, limit=1)
    assert [one.box for one in found.faces] == [one.box for one in faces]
    kinds = [(one.template is not None, bool(one.objections)) for one in found.found]
    assert kinds == [(False, True), (False, True), (True, False), (False, False)]
    assert found.found[3] == ExtractedFace(good(4))


def test_without_a_limit_all_that_are_fit_get_a_template() -> None:
    engine = Makes([CLEAR] * 4)
    assert len(made(engine, [good(number) for number in range(4)]).fit) == 4


def test_only_the_largest_are_looked_at() -> None:
    engine = Makes([CLEAR])
    found = made(engine, [small(1), good(2), good(3)], largest=2)
    assert found.faces == (small(1), found.fit[0][0])
    assert engine.asked == [good(2)]
    assert found.surplus == ()


def test_only_faces_at_the_places_given_are_looked_at() -> None:
    engine = Makes([CLEAR])
    # faces are 0.2 wide: of these, only 5 overlaps 4
    found = made(engine, [good(1), good(5), good(9)], places=(good(4).box,))
    assert engine.asked == [good(5)]
    assert [one.box for one in found.faces] == [good(5).box]
    assert made(Makes([]), [good(1)], places=()).faces == ()


def test_an_engine_of_another_space_is_refused_before_it_is_asked() -> None:
    engine = Makes([], (good(1),), replace(SPACE, fingerprint="cd" * 32))
    with pytest.raises(SpaceMismatchError):
        extract(cast("Engine", engine), decode_image, IMAGE, ExtractionPolicy(SPACE))
    assert engine.asked == []


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ImageError):
        extract(cast("Engine", Makes([])), decode_image, b"no image", ExtractionPolicy(SPACE))


def test_each_stage_is_timed() -> None:
    seconds = made(Makes([CLEAR]), [good(1)]).seconds
    assert list(seconds) == ["decode", "detect", "embed"]
    assert all(each >= 0 for each in seconds.values())


def test_any_quality_will_do_where_it_is_said() -> None:
    found = made(Makes([0.0, None]), [small(1), small(2)], ANY_QUALITY)
    assert len(found.fit) == 2
    assert found.refused == ()


def test_a_pack_without_magnitudes_is_judged_by_the_image() -> None:
    found = made(Makes([None, None]), [good(1, unified=24), good(2, unified=25)])
    assert [one for one, _ in found.fit] == [good(2, unified=25)]
    ((seen, (objection,)),) = found.refused
    assert (seen, objection.reason) == (good(1, unified=24), Reason.LOW_QUALITY)


def test_each_face_of_a_real_image_gets_its_own_persons_template(
    engine: Engine, eileen: bytes
) -> None:
    policy = ExtractionPolicy(engine.space, DEFAULT_FILTER)
    data = portraits.three()
    image = decode_image(data)
    faces = engine.detect(image.pixels, Look.POSE)
    found = extract(engine, decode_image, data, policy)
    assert found.image == ImageInfo(image.sha256, image.width, image.height)
    assert found.space == engine.space
    ((_, her_own),) = extract(engine, decode_image, eileen, policy).fit
    assert [one.box for one, _ in found.fit] == [one.box for one in faces]
    alike = [float(template.vector @ her_own.vector) > 0.8 for _, template in found.fit]
    assert alike == [False, True, False]
    first = extract(engine, decode_image, data, replace(policy, limit=1))
    assert np.array_equal(first.fit[0][1].vector, found.fit[0][1].vector)
    assert first.surplus == faces[1:]


def test_a_real_face_that_only_its_template_shows_to_be_poor_is_refused(engine: Engine) -> None:
    data = jpeg(portraits.distorted(EILEEN.crop(), 230))
    (seen,) = engine.detect(decode_image(data).pixels)
    assert DEFAULT_FILTER.objections(seen) == ()
    policy = ExtractionPolicy(engine.space, DEFAULT_FILTER)
    ((_, (objection,)),) = extract(engine, decode_image, data, policy).refused
    assert objection.reason is Reason.LOW_QUALITY


def test_poses_are_measured_for_filters_and_attributes_where_they_are_asked_for() -> None:
    engine = Makes([CLEAR, CLEAR])
    made(engine, [good()], limit=0)
    made(engine, [good()])
    made(engine, [good()], limit=0, attributes=True)
    made(engine, [good()], attributes=True)
    assert engine.looks == [Look.GLANCE, Look.POSE, Look.ATTRIBUTES, Look.ATTRIBUTES]
