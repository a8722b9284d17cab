from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from reknown.biometrics.errors import NoFaceError
from reknown.cli.demo_pictures import EILEEN, GRACE, jpeg
from reknown.services.decision import threshold_at_similarity
from reknown.services.photos import Photo
from reknown.services.verification import verify
from reknown.vision.images import decode_image

if TYPE_CHECKING:
    from reknown.vision.analyze import Engine


def _photo(engine: Engine, data: bytes) -> Photo:
    image = decode_image(data)
    return Photo(image, engine.detect(image))


@pytest.fixture(scope="module")
def group(engine: Engine) -> Photo:
    """Grace large, Eileen small."""
    canvas = Image.new("RGB", (600, 400))
    canvas.paste(GRACE.crop().resize((400, 400)), (0, 0))
    canvas.paste(EILEEN.crop().resize((200, 200)), (400, 100))
    return _photo(engine, jpeg(canvas))


def test_the_same_person_is_accepted_and_a_stranger_is_not(
    engine: Engine, eileen: bytes, grace: bytes
) -> None:
    threshold = threshold_at_similarity(engine.calibration)
    probe = _photo(engine, eileen)
    same = verify(engine, probe, _photo(engine, jpeg(EILEEN.crop(), quality=30)), threshold)
    other = verify(engine, probe, _photo(engine, grace), threshold)
    assert same.accepted
    assert not other.accepted
    assert same.probe == probe.faces[0]


def test_every_face_of_the_reference_is_compared_and_the_best_comes_first(
    engine: Engine, eileen: bytes, group: Photo
) -> None:
    result = verify(
        engine, _photo(engine, eileen), group, threshold_at_similarity(engine.calibration)
    )
    faces = [face for face, _ in result.comparisons]
    assert faces == list(group.faces[::-1])
    assert [outcome.accepted for _, outcome in result.comparisons] == [True, False]


def test_the_probe_is_the_largest_face(engine: Engine, grace: bytes, group: Photo) -> None:
    result = verify(
        engine, group, _photo(engine, grace), threshold_at_similarity(engine.calibration)
    )
    assert result.probe == group.faces[0]
    assert result.accepted


def test_a_picture_without_a_face_is_named(engine: Engine, eileen: bytes) -> None:
    blank = _photo(engine, jpeg(Image.fromarray(np.zeros((100, 100, 3), np.uint8))))
    probe = _photo(engine, eileen)
    threshold = threshold_at_similarity(engine.calibration)
    with pytest.raises(NoFaceError, match="first"):
        verify(engine, blank, probe, threshold)
    with pytest.raises(NoFaceError, match="second"):
        verify(engine, probe, blank, threshold)
