from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from decoding import decode_image
from reknown.biometrics.errors import ImageTooLargeError, InputError, InvalidImageError
from reknown.services.images.pixels import encode_pixels
from reknown.services.images.sources import MAX_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_pixels_come_back_as_they_were(noise: NDArray[np.uint8]) -> None:
    assert (decode_image(encode_pixels(noise)).pixels == noise).all()
    turned = noise[::-1, ::2]
    assert (decode_image(encode_pixels(turned)).pixels == turned).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_every_mode_of_eight_bits(noise: NDArray[np.uint8], mode: str) -> None:
    image = Image.fromarray(noise).convert(mode)
    decoded = decode_image(encode_pixels(image)).pixels
    assert (decoded == np.asarray(image.convert("RGB"))).all()


def test_sixteen_bits_keep_the_higher_eight() -> None:
    grey = np.tile(np.arange(256, dtype=np.uint16) << 8, (100, 1))
    decoded = decode_image(encode_pixels(Image.fromarray(grey))).pixels
    assert (decoded[0, :, 0] == np.arange(256)).all()


def test_an_image_is_turned_as_it_says(noise: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG", exif=exif)
    with Image.open(buffer) as image:
        turned = decode_image(encode_pixels(image)).pixels
        assert (turned == np.asarray(ImageOps.exif_transpose(image))).all()
    assert turned.shape == (300, 200, 3)


def test_a_file_that_would_be_too_large_is_a_jpeg() -> None:
    data = encode_pixels(np.random.default_rng(0).integers(0, 48, (3000, 3000, 3), np.uint8))
    assert len(data) <= MAX_BYTES
    assert data.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "image",
    [
        None,
        3,
        io.BytesIO(b""),
        np.zeros((100, 100), np.uint8),
        np.zeros((100, 100, 4), np.uint8),
        np.zeros((100, 100, 3), np.float64),
        np.zeros((0, 100, 3), np.uint8),
        Image.new("F", (100, 100)),
        Image.new("I", (100, 100)),
    ],
    ids=lambda image: type(image).__name__,
)
def test_what_is_no_image_is_refused(image: Any) -> None:
    with pytest.raises(InputError, match=r"RGB|an image is"):
        encode_pixels(image)


def test_a_file_that_ends_too_early_is_no_image(eileen: bytes) -> None:
    with (
        Image.open(io.BytesIO(eileen[: len(eileen) // 2])) as image,
        pytest.raises(InvalidImageError, match="not a readable Pillow image"),
    ):
        encode_pixels(image)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    image = Image.new("1", (10_000, 5_001))
    with pytest.raises(ImageTooLargeError, match="more than 50,000,000 pixels"):
        encode_pixels(image)
