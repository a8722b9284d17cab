from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from reknown.services.extraction import Extraction, extract

import portraits
from reknown.biometrics.faces import QualityMeasure
from reknown.biometrics.quality_filter import ANY_QUALITY, DEFAULT_FILTER, Reason
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.cli.demo_pictures import EILEEN, jpeg
from reknown.vision.images import DecodedImage, decode_image
from reknown.vision.quality import with_magnitude
from video_faces import face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine

SPACE = TemplateSpace("made", "ab" * 32, 4)
PICTURE = DecodedImage(np.zeros((10, 10, 3), np.uint8), 10, 10, "0" * 64)
FAINT, CLEAR = 8.0, 13.0


@dataclass
class Makes:
    """An engine that makes templates of these magnitudes, in turn, and keeps whose."""

    magnitudes: list[float | None]
    asked: list[DetectedFace] = field(default_factory=list)

    def extract(
        self, image: DecodedImage, faces: Sequence[DetectedFace]
    ) -> tuple[tuple[DetectedFace, Template], ...]:
        assert image is PICTURE
        return tuple((self._seen(one), self._template()) for one in faces)

    def _seen(self, one: DetectedFace) -> DetectedFace:
        self.asked.append(one)
        magnitude = self.magnitudes[len(self.asked) - 1]
        return replace(one, quality=with_magnitude(one.quality, magnitude))

    def _template(self) -> Template:
        number = len(self.asked) - 1
        return Template(np.eye(4, dtype=np.float32)[number], SPACE, self.magnitudes[number])


def made(
    engine: Makes, faces: Sequence[DetectedFace], limit: int = 100, *, any_quality: bool = False
) -> Extraction:
    quality = ANY_QUALITY if any_quality else DEFAULT_FILTER
    return extract(cast("Engine", engine), PICTURE, faces, quality, limit)


def good(number: int = 0, unified: float = 90) -> DetectedFace:
    one = face(x=number / 10, quality=unified)
    eyes = QualityMeasure(80.0, 60)
    return replace(one, quality=replace(one.quality, inter_eye_distance=eyes))


def blurred(number: int = 0) -> DetectedFace:
    one = good(number)
    return replace(one, quality=replace(one.quality, sharpness=QualityMeasure(0.0, 0)))


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
    found = made(engine, [blurred(1), good(2), blurred(3)])
    assert engine.asked == [good(2)]
    assert [one for one, _ in found.refused] == [blurred(1), blurred(3)]
    assert {objection.reason for _, every in found.refused for objection in every} == {
        Reason.BLURRED
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
    found = made(engine, [good(1), good(2), good(3), blurred(4), good(5)], limit=2)
    assert engine.asked == [good(1), good(2)]
    assert found.surplus == (good(3), good(5))
    assert [one for one, _ in found.refused] == [blurred(4)]


def test_a_refused_face_takes_no_place_within_the_limit() -> None:
    engine = Makes([FAINT, CLEAR])
    found = made(engine, [blurred(1), good(2), good(3), good(4)], limit=1)
    assert [one.box for one, _ in found.fit] == [good(3).box]
    assert [one.box for one, _ in found.refused] == [blurred(1).box, good(2).box]
    assert found.surplus == (good(4),)


def test_a_limit_of_none_makes_nothing() -> None:
    engine = Makes([])
    found = made(engine, [good(1), blurred(2)], limit=0)
    assert (engine.asked, found.fit, found.surplus) == ([], (), (good(1),))


def test_no_faces_come_to_nothing() -> None:
    assert made(Makes([]), []) == Extraction((), (), ())


def test_any_quality_will_do_where_it_is_said() -> None:
    found = made(Makes([0.0, None]), [blurred(1), blurred(2)], any_quality=True)
    assert len(found.fit) == 2
    assert found.refused == ()


def test_a_pack_without_magnitudes_is_judged_by_the_picture() -> None:
    found = made(Makes([None, None]), [good(1, unified=24), good(2, unified=25)])
    assert [one for one, _ in found.fit] == [good(2, unified=25)]
    ((seen, (objection,)),) = found.refused
    assert (seen, objection.reason) == (good(1, unified=24), Reason.LOW_QUALITY)


def test_each_face_of_a_real_picture_gets_its_own_persons_template(
    engine: Engine, eileen_image: DecodedImage
) -> None:
    image = decode_image(portraits.three())
    faces = engine.detect(image)
    found = extract(engine, image, faces, DEFAULT_FILTER, 100)
    ((_, eileen),) = extract(
        engine, eileen_image, engine.detect(eileen_image), DEFAULT_FILTER, 1
    ).fit
    assert [one.box for one, _ in found.fit] == [one.box for one in faces]
    alike = [float(template.vector @ eileen.vector) > 0.8 for _, template in found.fit]
    assert alike == [False, True, False]
    first = extract(engine, image, faces, DEFAULT_FILTER, 1)
    assert np.array_equal(first.fit[0][1].vector, found.fit[0][1].vector)
    assert first.surplus == faces[1:]


def test_a_real_face_that_only_its_template_shows_to_be_poor_is_refused(engine: Engine) -> None:
    image = decode_image(jpeg(portraits.distorted(EILEEN.crop(), 230)))
    (seen,) = engine.detect(image)
    assert DEFAULT_FILTER.objections(seen) == ()
    ((_, (objection,)),) = extract(engine, image, [seen], DEFAULT_FILTER, 1).refused
    assert objection.reason is Reason.LOW_QUALITY
