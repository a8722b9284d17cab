from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from portraits import spoilt
from reknown.biometrics.errors import NoFaceError
from reknown.cli.demo_pictures import EILEEN, GRACE, jpeg
from reknown.services.decision import threshold_at_similarity
from reknown.services.extraction import extract
from reknown.services.quality_filter import SPOILERS
from reknown.services.verification import verify
from reknown.vision.images import decode_image

if TYPE_CHECKING:
    from reknown.services.extraction import Extraction
    from reknown.services.quality_filter import QualityFilter
    from reknown.vision.analyze import Engine


def _extracted(engine: Engine, data: bytes, quality: QualityFilter = SPOILERS) -> Extraction:
    image = decode_image(data)
    return extract(engine, image, engine.detect(image), quality, 100)


@pytest.fixture(scope="module")
def group(engine: Engine) -> Extraction:
    """Grace large, Eileen small."""
    canvas = Image.new("RGB", (600, 400))
    canvas.paste(GRACE.crop().resize((400, 400)), (0, 0))
    canvas.paste(EILEEN.crop().resize((200, 200)), (400, 100))
    return _extracted(engine, jpeg(canvas))


def test_the_same_person_is_accepted_and_a_stranger_is_not(
    engine: Engine, eileen: bytes, grace: bytes
) -> None:
    threshold = threshold_at_similarity(engine.calibration)
    probe = _extracted(engine, eileen)
    same = verify(probe, _extracted(engine, jpeg(EILEEN.crop(), quality=30)), threshold)
    other = verify(probe, _extracted(engine, grace), threshold)
    assert same.accepted
    assert not other.accepted
    assert same.probe == probe.fit[0][0]


def test_every_face_of_the_reference_is_compared_and_the_best_comes_first(
    engine: Engine, eileen: bytes, group: Extraction
) -> None:
    threshold = threshold_at_similarity(engine.calibration)
    result = verify(_extracted(engine, eileen), group, threshold)
    grace, small_eileen = (face for face, _ in group.fit)
    assert [face for face, _ in result.comparisons] == [small_eileen, grace]
    assert [outcome.accepted for _, outcome in result.comparisons] == [True, False]


def test_the_probe_is_the_largest_face(engine: Engine, grace: bytes, group: Extraction) -> None:
    threshold = threshold_at_similarity(engine.calibration)
    result = verify(group, _extracted(engine, grace), threshold)
    assert result.probe == group.fit[0][0]
    assert result.accepted


@pytest.mark.parametrize("picture", [jpeg(Image.new("RGB", (100, 100))), spoilt()["LOW_SHARPNESS"]])
def test_a_picture_without_a_fit_face_is_named(
    engine: Engine, eileen: bytes, picture: bytes
) -> None:
    nobody, probe = _extracted(engine, picture), _extracted(engine, eileen)
    threshold = threshold_at_similarity(engine.calibration)
    with pytest.raises(NoFaceError, match="first"):
        verify(nobody, probe, threshold)
    with pytest.raises(NoFaceError, match="second"):
        verify(probe, nobody, threshold)
