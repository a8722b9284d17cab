from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import portraits
from reknown.biometrics.errors import InvalidImageError
from reknown.vision.decoding.scan import scan as header_of
from reknown.vision.decoding.scans.bounds import WorkBounds

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SCAN = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 0, 0) + b"\x12\xff\x00\x34\xff\xd3\x56"


def scan(data: bytes, bounds: WorkBounds = WorkBounds()) -> tuple[int, int]:
    header = header_of(data, bounds=bounds)
    return header.width, header.height


def segment(marker: int, body: bytes = b"") -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def frame(width: int, height: int) -> bytes:
    return segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + bytes((1, 0x11, 0)))


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + b"\0\0\0\0"


def png(*chunks: bytes, width: int = 100, height: int = 90) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND")


def exif(entries: int, order: str = "<") -> bytes:
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return start + struct.pack(f"{order}H", entries) + b"\0" * 12


def encoded(image_format: str, **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 100, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, image_format, **options)
    return file.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
def test_the_size_of_a_jpeg_is_read(progressive: bool) -> None:
    assert scan(encoded("JPEG", progressive=progressive)) == (100, 90)


def test_the_size_of_a_png_is_read() -> None:
    assert scan(encoded("PNG")) == (100, 90)


def test_portraits_pass() -> None:
    for data in (portraits.pair(), portraits.three(), portraits.nobody()):
        assert min(scan(data)) >= 80


def test_a_second_header_counts_where_it_is_larger() -> None:
    assert scan(SOI + frame(100, 90) + frame(7000, 50) + SCAN + EOI) == (7000, 90)


def test_what_is_within_a_segment_is_no_marker() -> None:
    hidden = segment(0xFE, EOI + frame(9000, 9000) + SCAN * 200)
    assert scan(SOI + hidden + frame(100, 90) + SCAN + EOI) == (100, 90)


def test_an_end_before_the_first_scan_ends_nothing() -> None:
    with pytest.raises(InvalidImageError, match="100 scans"):
        scan(SOI + EOI + frame(100, 90) + SCAN * 101 + EOI)


def test_what_follows_the_end_is_no_part_of_the_image() -> None:
    assert scan(SOI + frame(100, 90) + SCAN + EOI + frame(9000, 9000) + SCAN * 200) == (100, 90)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (SOI + frame(100, 90) + SCAN * 101 + EOI, "100 scans"),
        (SOI + frame(7000, 7000) + SCAN * 21 + EOI, "1,000,000,000 pixels in all its scans"),
        (SOI + segment(0xE1) * 4001 + frame(100, 90), "4,000 segments"),
        (SOI + segment(0xFE) * 4001 + frame(100, 90), "4,000 segments"),
        (SOI + b"\xff" * 70_000 + frame(100, 90), "65,536 bytes between its segments"),
        (SOI + b"\xff" + bytes(70_000) + frame(100, 90), "65,536 bytes between its segments"),
        (SOI + frame(100, 90) + SCAN + segment(0xC4) * 4001, "4,000 segments"),
        (SOI + segment(0xE1, b"Exif\0\0" + exif(65_535)) + frame(100, 90), "1,000 EXIF entries"),
        (SOI + segment(0xE1, b"Exif\0\0" + exif(1_001, ">")) + SCAN, "1,000 EXIF entries"),
        (png(chunk(b"tEXt") * 10_001), "10,000 chunks"),
        (png(chunk(b"IDAT") * 10_001), "10,000 chunks"),
        (png(chunk(b"eXIf", exif(65_535))), "1,000 EXIF entries"),
    ],
    ids=["scans", "large scans", "apps", "comments", "fill", "junk", "tables", "exif", "big endian",
         "texts", "data", "png exif"],
)  # fmt: skip
def test_what_keeps_a_decoder_busy_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(InvalidImageError, match=f"more than {what}, built to keep decoders busy"):
        scan(data)


def test_exif_in_two_segments_counts_as_one() -> None:
    whole = exif(2000)
    parts = (segment(0xE1, b"Exif\0\0" + part) for part in (whole[:9], whole[9:]))
    with pytest.raises(InvalidImageError, match="EXIF entries"):
        scan(SOI + b"".join(parts) + frame(100, 90) + SCAN + EOI)


@pytest.mark.parametrize("data", [b"", b"GIF88a" + bytes(100), b"\xff\xd8", b"BM of a text"])
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidImageError, match="unknown format"):
        scan(data)


@given(st.binary(max_size=200), st.sampled_from(["PNG", "JPEG"]), st.data())
def test_damage_raises_nothing_else(junk: bytes, image_format: str, data: st.DataObject) -> None:
    good = bytearray(encoded(image_format))
    start = data.draw(st.integers(0, len(good)))
    good[start : start + len(junk)] = junk
    try:
        width, height = scan(bytes(good), WorkBounds(segments=50, stray_bytes=50))
    except InvalidImageError:
        return
    assert min(width, height) >= 0


def test_coded_data_without_an_end_is_the_decoders_to_judge() -> None:
    assert scan(SOI + frame(100, 90) + SCAN + b"\x55" * 200_000) == (100, 90)
