"""Every format that people's archives have, through the one decode path."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import heic
from decoding import decode_image
from reknown.biometrics.errors import ImageError, ImageTooLargeError, InvalidImageError
from reknown.vision.images import STRICT, ImageFormat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WRITTEN = {
    ImageFormat.WEBP: ("WEBP", {"lossless": True}),
    ImageFormat.AVIF: ("AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ImageFormat.TIFF: ("TIFF", {}),
    ImageFormat.BMP: ("BMP", {}),
    ImageFormat.GIF: ("GIF", {}),
}
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _corners() -> Image.Image:
    """Red at the top left, green at the top right, blue at the bottom left, white else."""
    pixels = np.full((96, 128, 3), 255, np.uint8)
    pixels[:48, :64], pixels[:48, 64:], pixels[48:, :64] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return Image.fromarray(pixels)


def _encode(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@cache
def _file(form: ImageFormat) -> bytes:
    if form is ImageFormat.HEIC:
        return heic.heic(_corners())
    name, options = _WRITTEN.get(form, (form.value, {}))
    return _encode(_corners(), name, **options)


def _shows(data: bytes, image: Image.Image, tolerance: float = 6) -> bool:
    decoded = decode_image(data)
    wanted = np.asarray(image.convert("RGB")).astype(int)
    same = decoded.pixels.shape == wanted.shape
    return same and bool(np.abs(decoded.pixels.astype(int) - wanted).mean() < tolerance)


@pytest.mark.parametrize("form", ImageFormat)
def test_every_format_comes_out_the_same(form: ImageFormat) -> None:
    assert _shows(_file(form), _corners())


@pytest.mark.parametrize("form", [form for form in ImageFormat if form not in STRICT.formats])
def test_what_is_not_taken_is_named(form: ImageFormat) -> None:
    from decoding import DECODERS

    with pytest.raises(InvalidImageError, match=f"this is {form.value}: .* to JPEG or PNG$"):
        DECODERS.decode(_file(form), STRICT)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"8BPS\0\1", "PSD"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x0a" + bytes(20), "JPEG XL"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "a film"),
        (b"RIFF\0\0\0\0AVI LIST", "a film"),
    ],
)
def test_other_files_are_named_too(data: bytes, name: str) -> None:
    with pytest.raises(InvalidImageError, match=f"this is {name}"):
        decode_image(data)


@pytest.mark.parametrize("orientation", _TURN)
@pytest.mark.parametrize("form", ["TIFF", "WEBP", "AVIF"])
def test_exif_turns_them_once(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = _corners().transpose(_TURN[orientation])
    options = {} if form == "TIFF" else {"quality": 100}
    data = _encode(stored, form, exif=exif, **options)
    assert _shows(data, _corners())
    assert (decode_image(data).width, decode_image(data).height) == (128, 96)


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"turns": 1}, (Image.Transpose.ROTATE_90,)),
        ({"turns": 2}, (Image.Transpose.ROTATE_180,)),
        ({"turns": 3}, (Image.Transpose.ROTATE_270,)),
        ({"mirrored": 1}, (Image.Transpose.FLIP_LEFT_RIGHT,)),
        ({"turns": 1, "mirrored": 0},
         (Image.Transpose.ROTATE_90, Image.Transpose.FLIP_TOP_BOTTOM)),
    ],
)  # fmt: skip
def test_a_heic_turns_itself_whatever_its_exif_says(
    options: dict[str, int], shown: tuple[Image.Transpose, ...]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8769] = {0x9003: "2004:02:29 23:59:58"}
    data = heic.heic(_corners(), **options, exif=exif.tobytes())
    wanted = _corners()
    for turn in shown:
        wanted = wanted.transpose(turn)
    assert _shows(data, wanted)
    assert decode_image(data).taken == "2004-02-29T23:59:58"


@pytest.mark.parametrize("form", ["TIFF", "WEBP", "AVIF"])
def test_they_know_when_they_were_taken(form: str) -> None:
    made, exif = Image.Exif(), Image.Exif()
    made[0x8769] = {0x9003: "2004:02:29 23:59:58", 0x9011: "+05:30"}
    exif.load(made.tobytes())  # of which Pillow can write each kind
    assert decode_image(_encode(_corners(), form, exif=exif)).taken == "2004-02-29T23:59:58+05:30"


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "P", "1", "LA"])
def test_a_tiff_of_any_mode_becomes_the_same_rgb(mode: str, compression: str) -> None:
    grey = Image.fromarray(np.tile(np.arange(128, dtype=np.uint8) * 2, (96, 1))).convert("RGB")
    if mode == "1":
        grey = grey.point(lambda v: 255 * (v > 127))
    stored = grey.quantize(256) if mode == "P" else grey.convert(mode)
    assert _shows(_encode(stored, "TIFF", compression=compression), grey)


@pytest.mark.parametrize("kind", ["uint16", ">u2", "int32", "float32", "unit float32"])
def test_deep_pixels_are_scaled_and_not_clipped(kind: str) -> None:
    ramp = np.tile(np.linspace(0, 1, 128), (96, 1))
    highest = {"uint16": 65535, ">u2": 65535, "int32": 2**31 - 1, "float32": 255}.get(kind, 1)
    values = (ramp * highest).astype(kind.removeprefix("unit "))
    pixels = decode_image(_encode(Image.fromarray(values), "TIFF")).pixels
    most = 127 if kind == "int32" else 255  # its highest bit is a sign
    assert pixels[0, 0, 0] == 0
    assert abs(int(pixels[0, -1, 0]) - most) < 2
    assert abs(int(pixels[0, 64, 0]) - most // 2) < 3


@pytest.mark.parametrize("form", ["TIFF", "GIF", "WEBP", "AVIF"])
def test_the_first_page_or_frame_counts(form: str) -> None:
    other = Image.new("RGB", (128, 96), "black")
    options = {"lossless": True} if form == "WEBP" else {}
    data = _encode(_corners(), form, save_all=True, append_images=[other, other], **options)
    assert _shows(data, _corners())


@pytest.mark.parametrize("form", ["WEBP", "AVIF", "GIF", "TIFF"])
def test_what_is_transparent_lies_over_white(form: str) -> None:
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    data = _encode(image, form, **({"lossless": True} if form == "WEBP" else {}))
    assert (decode_image(data).pixels > 250).all()


def test_a_bmp_may_begin_at_its_bottom_or_at_its_top_and_be_old() -> None:
    data = bytearray(_encode(_corners(), "BMP"))
    assert _shows(bytes(data), _corners())
    data[22:26] = (-96).to_bytes(4, "little", signed=True)
    assert _shows(bytes(data), _corners().transpose(Image.Transpose.FLIP_TOP_BOTTOM))
    rows = bytes(data[54:])
    old = (12).to_bytes(4, "little") + bytes([128, 0, 96, 0, 1, 0, 24, 0])
    head = b"BM" + (26 + len(rows)).to_bytes(4, "little") + bytes(4) + (26).to_bytes(4, "little")
    assert _shows(head + old + rows, _corners())


@pytest.mark.parametrize("make", [
    lambda: _encode(Image.new("L", (9000, 9000)), "TIFF", compression="tiff_lzw"),
    lambda: _encode(Image.new("L", (9000, 9000)), "GIF"),
    lambda: b"BM" + bytes(12) + (40).to_bytes(4, "little") + b"\x28\x23\0\0\x28\x23\0\0\1\0\x18\0"
            + bytes(30),
])  # fmt: skip
def test_pixels_are_bounded_in_every_format(make: Callable[[], bytes]) -> None:
    with pytest.raises(ImageTooLargeError):
        decode_image(make())


@given(st.binary(max_size=200), st.sampled_from(sorted(_WRITTEN, key=str)), st.data())
def test_damage_never_raises_anything_else(
    junk: bytes, form: ImageFormat, data: st.DataObject
) -> None:
    good = bytearray(_file(form))
    start = data.draw(st.integers(0, len(good)))
    good[start : start + len(junk)] = junk
    try:
        pixels = decode_image(bytes(good)).pixels
    except ImageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3


@given(st.binary(min_size=1, max_size=40), st.data())
def test_damage_to_a_heic_never_raises_anything_else(junk: bytes, data: st.DataObject) -> None:
    good = bytearray(_file(ImageFormat.HEIC))
    start = data.draw(st.integers(0, len(good)))
    good[start : start + len(junk)] = junk
    try:
        assert decode_image(bytes(good)).pixels.ndim == 3
    except ImageError:
        return


@pytest.mark.parametrize(
    "name", ["phone.heic", "phone.webp", "phone.avif", "phone.tiff", "phone.gif",
             "misnamed_webp.jpg"],
)  # fmt: skip
def test_pictures_of_phones_are_read(shared: Path, name: str) -> None:
    file = shared / "data" / "field" / name
    if not file.exists():
        pytest.skip("the pictures of phones are not here")
    assert decode_image(file.read_bytes()).pixels.shape == (600, 512, 3)
