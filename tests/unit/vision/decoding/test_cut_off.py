"""JPEGs without their end, as broken cards and transfers leave them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from decoding import DECODERS, decode_image
from reknown.biometrics.errors import InvalidImageError
from reknown.vision.images import STRICT

_NOISE = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)


def _jpeg(mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(_NOISE).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("lost", [40, 3000])
def test_all_but_the_end_is_there_with_a_warning(mode: str, lost: int) -> None:
    data = _jpeg(mode)
    whole, cut = decode_image(data), decode_image(data[:-lost])
    assert whole.warnings == ()
    (warning,) = cut.warnings
    share = float(warning.removeprefix("the file is cut off: ").split(" %")[0])
    assert 0 < share <= 10
    rows = 400 - round(400 * share / 100)
    assert (cut.pixels[: rows - 16] == whole.pixels[: rows - 16]).all()
    assert len(np.unique(cut.pixels[rows:])) <= 2
    assert cut.pixels.shape == whole.pixels.shape


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_where_more_is_missing_it_is_refused(mode: str) -> None:
    data = _jpeg(mode)
    with pytest.raises(InvalidImageError, match="more than 10 % of the image are missing"):
        decode_image(data[: len(data) * 3 // 4])


def test_a_progressive_one_loses_detail_and_not_rows() -> None:
    data = _jpeg(progressive=True)
    whole, cut = decode_image(data), decode_image(data[:-3000])
    assert cut.warnings == ("the file is cut off: its finest details are missing",)
    assert np.abs(whole.pixels.astype(int) - cut.pixels.astype(int)).mean() < 20
    with pytest.raises(InvalidImageError, match="are missing"):
        decode_image(data[: len(data) // 20])


@pytest.mark.parametrize("progressive", [False, True])
def test_who_wants_whole_files_gets_no_others(progressive: bool) -> None:
    data = _jpeg(progressive=progressive)
    assert DECODERS.decode(data, STRICT).warnings == ()
    with pytest.raises(InvalidImageError, match="not a readable JPEG: image file is truncated"):
        DECODERS.decode(data[:-40], STRICT)
