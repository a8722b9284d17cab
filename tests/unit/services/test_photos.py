from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import portraits
from reknown.biometrics.errors import ImageError, InputError
from reknown.services.photos import extract_photo, read_photo

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.vision.analyze import Engine


def test_the_faces_of_a_picture_come_largest_first_each_with_its_template(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "pair.jpg"
    path.write_bytes(portraits.pair())
    found = read_photo(engine, path)
    photo, templates = extract_photo(engine, path)
    assert photo.image.sha256 == found.image.sha256
    assert [face.box for face in photo.faces] == [face.box for face in found.faces]
    assert photo.faces[0].box.area > photo.faces[1].box.area
    assert [face.quality.magnitude for face in found.faces] == [None, None]
    for face, template, seen in zip(photo.faces, templates, found.faces, strict=True):
        assert face.quality.magnitude is not None
        assert face.quality.magnitude.native == template.magnitude
        assert face.quality.sharpness == seen.quality.sharpness
        (alone,) = engine.embed(found.image, [seen])
        assert np.array_equal(template.vector, alone.vector)


def test_a_picture_of_nobody_has_no_faces_and_no_templates(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "nobody.jpg"
    path.write_bytes(portraits.nobody())
    photo, templates = extract_photo(engine, path)
    assert (photo.faces, templates) == ((), ())


def test_what_cannot_be_read_is_said(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "text.jpg"
    path.write_text("no picture")
    with pytest.raises(ImageError):
        extract_photo(engine, path)
    with pytest.raises(InputError, match="cannot read"):
        extract_photo(engine, tmp_path / "absent.jpg")
