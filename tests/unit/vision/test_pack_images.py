"""Every pack whose files are here, on images of no, one, two and fifty faces and many sizes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from skimage.data import coffee

from decoding import decode_image
from portraits import nobody, pair
from reknown.biometrics.templates import compare
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.vision.load import load_engine
from reknown.vision.packs.cache import write_atomically
from reknown.vision.packs.sources import FileState
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.cli.demo_images import Portrait
    from reknown.vision.analyze import Engine

PACKS = ["opencv", "opencv-zoo", "public-domain", "public-domain-accurate"]
MODELS = Path(os.environ.get("REKNOWN_SHARED", "../shared"), "models")
GREY = (60, 60, 70)
# The face within the portrait, with a margin: left, top, side.
CLOSE_UP = {EILEEN: (90, 40, 130), GRACE: (90, 40, 320)}
COLUMNS, ROWS, CELL = 10, 5, 112


@dataclass(frozen=True)
class Loaded:
    """An engine and the templates that it makes of the two portraits as they are."""

    engine: Engine
    eileen: Template
    grace: Template


@pytest.fixture(scope="module", params=PACKS)
def loaded(
    request: pytest.FixtureRequest, cache_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Loaded:
    store, pack = PackStore(cache_folder), str(request.param)
    fetched = [file for file in store.manifest(pack).files().values() if not file.in_package]
    if fetched:  # other tests want them missing
        store = PackStore(tmp_path_factory.mktemp("cache"))
    for file in fetched:
        if (given := MODELS / Path(file.source).name).is_file():
            write_atomically(store.cache.download(file), given.read_bytes())
    if any(status.state is not FileState.READY for status in store.status(pack)):
        pytest.skip(f"the files of {pack} are not here: put them into {MODELS}")
    engine = load_engine(store, pack)
    ((_, eileen),), ((_, grace),) = (
        _extract(engine, portrait.crop()) for portrait in (EILEEN, GRACE)
    )
    return Loaded(engine, eileen, grace)


def _extract(engine: Engine, image: Image.Image) -> list[tuple[DetectedFace, Template]]:
    """Faces and templates of the image as a JPEG; each is sound."""
    pixels = decode_image(jpeg(image)).pixels
    found = engine.extract(pixels, engine.detect(pixels))
    for face, template in found:
        assert template.vector.dtype == np.float32
        assert template.vector.shape == (engine.space.dimension,)
        assert np.isfinite(template.vector).all()
        assert np.linalg.norm(template.vector) == pytest.approx(1, abs=1e-5)
        assert template.magnitude is None or 1 < template.magnitude < 100
        numbers = [(point.x, point.y) for point in face.landmarks.points()]
        assert np.isfinite(numbers).all()
        assert face.box.left < face.landmarks.nose.x < face.box.left + face.box.width
        assert face.box.top < face.landmarks.nose.y < face.box.top + face.box.height
        assert 0.5 < face.confidence <= 1
    return list(found)


def _assert_is(template: Template, person: Template, stranger: Template) -> None:
    """Far nearer to the one than to the other."""
    away, apart = 1 - compare(template, person), 1 - compare(template, stranger)
    assert away < apart / 3


def _scaled(portrait: Portrait, side: int) -> Image.Image:
    return portrait.crop().resize((side, side), Image.Resampling.LANCZOS)


def _canvas(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), GREY)


@pytest.mark.parametrize(
    "image",
    [
        lambda: _canvas(100, 100),
        lambda: _canvas(4000, 4000),
        lambda: _canvas(4000, 100),
        lambda: Image.fromarray(decode_image(nobody()).pixels),
        lambda: Image.fromarray(coffee()),
    ],
    ids=["small", "large", "flat", "noise", "coffee"],
)
def test_an_image_of_nobody_has_no_face(loaded: Loaded, image: Callable[[], Image.Image]) -> None:
    assert _extract(loaded.engine, image()) == []


@pytest.mark.parametrize("side", [100, 160, 250, 640, 1280])
def test_a_portrait_of_any_size_has_one_face_and_its_template(loaded: Loaded, side: int) -> None:
    ((_, eileen),) = _extract(loaded.engine, _scaled(EILEEN, side))
    ((_, grace),) = _extract(loaded.engine, _scaled(GRACE, side))
    _assert_is(eileen, loaded.eileen, loaded.grace)
    _assert_is(grace, loaded.grace, loaded.eileen)


def test_a_face_as_large_as_an_image_can_be_is_one_face(loaded: Loaded) -> None:
    ((_, template),) = _extract(loaded.engine, _scaled(EILEEN, 4000))
    _assert_is(template, loaded.eileen, loaded.grace)


@pytest.mark.parametrize(
    ("size", "side", "place"),
    [
        ((4000, 4000), 1000, (2900, 1500)),
        ((4000, 400), 400, (3000, 0)),
        ((400, 4000), 400, (0, 2000)),
        ((1920, 1080), 300, (1500, 700)),
        ((333, 517), 300, (17, 200)),
    ],
)
def test_a_face_anywhere_in_a_larger_image_is_found_where_it_is(
    loaded: Loaded, size: tuple[int, int], side: int, place: tuple[int, int]
) -> None:
    image = _canvas(*size)
    image.paste(_scaled(GRACE, side), place)
    ((face, template),) = _extract(loaded.engine, image)
    nose = np.array([face.landmarks.nose.x, face.landmarks.nose.y]) * size
    expected = np.array(place) + np.array([0.525, 0.49]) * side
    assert np.abs(nose - expected).max() < 0.05 * side
    _assert_is(template, loaded.grace, loaded.eileen)


def test_two_people_are_two_faces_and_two_templates(loaded: Loaded) -> None:
    image = Image.fromarray(decode_image(pair()).pixels)
    found = _extract(loaded.engine, image)
    assert len(found) == 2
    eileen, grace = (t for _, t in sorted(found, key=lambda pair: pair[0].box.left))
    _assert_is(eileen, loaded.eileen, loaded.grace)
    _assert_is(grace, loaded.grace, loaded.eileen)


def test_fifty_people_are_fifty_faces_each_with_the_template_of_its_own(loaded: Loaded) -> None:
    """Both in turns, small as in a school photograph."""
    portraits = (EILEEN, GRACE)
    faces = []
    for portrait in portraits:
        left, top, side = CLOSE_UP[portrait]
        close = portrait.crop().crop((left, top, left + side, top + side))
        faces.append(close.resize((CELL - 16, CELL - 16), Image.Resampling.LANCZOS))
    image = _canvas(COLUMNS * CELL, ROWS * CELL)
    for number in range(COLUMNS * ROWS):
        column, row = number % COLUMNS, number // COLUMNS
        image.paste(faces[(column + row) % 2], (column * CELL + 8, row * CELL + 8))
    found = {}
    for face, template in _extract(loaded.engine, image):
        nose = face.landmarks.nose
        found[int(nose.x * COLUMNS), int(nose.y * ROWS)] = template
    assert len(found) == COLUMNS * ROWS
    for (column, row), template in found.items():
        person, stranger = loaded.eileen, loaded.grace
        if (column + row) % 2:
            person, stranger = stranger, person
        _assert_is(template, person, stranger)
