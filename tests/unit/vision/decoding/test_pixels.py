from __future__ import annotations

import hashlib
import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from decoding import DECODERS, decode_image
from reknown.biometrics.errors import (
    ImageError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
)
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.decoding.protocol import Limits
from reknown.vision.images import DecodedImage, Intake, read_image_file

if TYPE_CHECKING:
    from pathlib import Path


def _encode(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def _corners() -> Image.Image:
    """Red at the top left, green at the top right, blue at the bottom left, white else."""
    pixels = np.full((90, 120, 3), 255, np.uint8)
    pixels[:45, :60], pixels[:45, 60:], pixels[45:, :60] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return Image.fromarray(pixels)


def _png_header(width: int, height: int) -> bytes:
    """A PNG that only claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b""))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# What turns the upright image into the one that the camera stored, by EXIF value.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def test_an_image_bears_the_digest_of_its_file() -> None:
    data = _encode(_corners())
    assert decode_image(data).sha256 == hashlib.sha256(data).hexdigest()
    with pytest.raises(ValueError, match="comes from a file"):
        DecodedImage(np.asarray(_corners()), 120, 90, "")


@pytest.mark.parametrize("orientation", _STORED)
@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_all_exif_orientations_come_out_upright(orientation: int, image_format: str) -> None:
    transposition = _STORED[orientation]
    stored = _corners() if transposition is None else _corners().transpose(transposition)
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode_image(_encode(stored, image_format, exif=exif))
    assert (decoded.width, decoded.height) == (120, 90)
    difference = np.abs(decoded.pixels.astype(int) - np.asarray(_corners()).astype(int))
    assert difference.mean() < 3


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "LA", "RGBA", "CMYK", "YCbCr"])
def test_every_colour_mode_becomes_the_same_rgb(mode: str) -> None:
    grey = Image.fromarray(np.tile(np.arange(120, dtype=np.uint8) * 2, (90, 1))).convert("RGB")
    if mode == "1":
        grey = grey.point(lambda v: 255 * (v > 127))
    image_format = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    stored = grey.quantize(256) if mode == "P" else grey.convert(mode)
    decoded = decode_image(_encode(stored, image_format))
    assert decoded.pixels.shape == (90, 120, 3)
    assert decoded.pixels.dtype == np.uint8
    assert np.abs(decoded.pixels.astype(int) - np.asarray(grey).astype(int)).mean() < 4


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    ramp = np.tile(np.linspace(0, 65535, 120).astype(np.uint16), (90, 1))
    pixels = decode_image(_encode(Image.fromarray(ramp))).pixels
    assert pixels[0, 0, 0] == 0
    assert pixels[0, -1, 0] == 255
    assert abs(int(pixels[0, 60, 0]) - 128) < 3


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_transparency_lies_over_white(mode: str) -> None:
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    options = {}
    if mode == "P":
        image = Image.new("P", (100, 100), 0)
        image.putpalette([255, 0, 0])
        options = {"transparency": 0}
    assert (decode_image(_encode(image, "PNG", **options)).pixels == 255).all()


def test_a_colour_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = _encode(_corners()), _encode(_corners(), icc_profile=profile)
    assert (decode_image(plain).pixels == decode_image(tagged).pixels).all()


def test_a_very_large_jpeg_is_decoded_smaller_but_keeps_its_size() -> None:
    decoded = decode_image(_encode(Image.new("RGB", (8000, 4000)), "JPEG"))
    assert (decoded.width, decoded.height) == (8000, 4000)
    assert decoded.pixels.shape == (2000, 4000, 3)


def test_where_it_is_wanted_whole_it_is() -> None:
    data = _encode(Image.new("RGB", (6000, 100)), "JPEG")
    assert decode_image(data).pixels.shape == (50, 3000, 3)
    assert DECODERS.decode(data, Intake(whole=True)).pixels.shape == (100, 6000, 3)
    clear = _encode(Image.new("RGBA", (6000, 100)), "PNG")
    assert DECODERS.decode(clear, Intake(whole=True)).pixels.shape == (50, 3000, 3)


def test_without_memory_for_the_whole_it_comes_smaller() -> None:
    data = _encode(Image.new("RGB", (6600, 7000)), "JPEG", exif=_turned(6))
    with DecoderPool(1, Limits(address_space=500 * 2**20)) as pool:
        image = pool.decode(data, Intake(whole=True))
    assert (image.width, image.height) == (7000, 6600)
    assert image.pixels.shape == (3300, 3500, 3)


def _turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize(
    ("width", "height", "error"),
    [
        (20_000, 20_000, ImageTooLargeError),
        (10_001, 80, ImageTooLargeError),
        (9_000, 9_000, ImageTooLargeError),
        (2**31 - 1, 1, ImageTooLargeError),
        (79, 79, ImageTooSmallError),
        (10_000, 79, ImageTooSmallError),
    ],
)
def test_sizes_are_refused_from_the_header(width: int, height: int, error: type) -> None:
    with pytest.raises(error):
        decode_image(_png_header(width, height))


def test_the_smallest_and_the_longest_images_are_taken() -> None:
    assert decode_image(_encode(Image.new("RGB", (80, 80)))).pixels.shape == (80, 80, 3)
    assert decode_image(_encode(Image.new("RGB", (10_000, 80)))).width == 10_000


def test_a_black_image_that_unpacks_a_thousandfold_is_refused() -> None:
    with pytest.raises(ImageTooLargeError):
        decode_image(_encode(Image.new("RGB", (9_000, 9_000))))


def test_a_text_chunk_that_unpacks_a_thousandfold_is_refused() -> None:
    chunk = _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(100_000_000), 9))
    data = _encode(_corners())
    with pytest.raises(InvalidImageError):
        decode_image(data[:33] + chunk + data[33:])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        b"not an image",
        _encode(_corners(), "JPEG")[:-300],
        _encode(_corners(), "JPEG")[:30],
        _encode(_corners())[:60],
        b"%PDF-1.7",
    ],
    ids=["empty", "zeros", "text", "cut jpeg", "jpeg start", "cut png", "pdf"],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidImageError):
        decode_image(data)


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG"]), st.data())
def test_damage_never_raises_anything_else(
    junk: bytes, image_format: str, data: st.DataObject
) -> None:
    good = bytearray(_encode(_corners(), image_format))
    start = data.draw(st.integers(0, len(good)))
    good[start : start + len(junk)] = junk
    for attempt in (bytes(good), junk):
        try:
            pixels = decode_image(attempt).pixels
        except ImageError:
            continue
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3


def test_hostile_files_give_an_image_or_an_image_error(shared: Path) -> None:
    files = [path for path in (shared / "data" / "hostile").rglob("*") if path.is_file()]
    assert len(files) > 500
    refused = 0
    for path in files:
        try:
            decode_image(read_image_file(path))
        except ImageError:
            refused += 1
    assert refused > 300
    assert decode_image(_encode(_corners())).width == 120  # it goes on
