from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from decoding import decode_image
from reknown.vision.decoding.exif import taken
from reknown.vision.images import taken_at

_DATE, _OFFSET = "2004:02:29 23:59:58", "-03:30"


def _photograph(image_format: str, date: str | None, offset: str | None = None) -> bytes:
    exif = Image.Exif()
    directory = {0x9003: date, 0x9011: offset}
    exif[0x0112] = 6
    exif[0x8769] = {tag: text for tag, text in directory.items() if text is not None}
    file = io.BytesIO()
    Image.new("RGB", (90, 80)).save(file, image_format, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_an_image_knows_when_it_was_taken(image_format: str) -> None:
    image = decode_image(_photograph(image_format, _DATE, _OFFSET))
    assert (image.taken, image.width) == ("2004-02-29T23:59:58-03:30", 80)
    assert decode_image(_photograph(image_format, _DATE)).taken == "2004-02-29T23:59:58"


@pytest.mark.parametrize(
    "date",
    [None, "", "0000:00:00 00:00:00", "    :  :     :  :  ", "2003:02:29 10:00:00", "yesterday",
     "2004:02:29 23:59:5", "2004-02-29 23:59:58", "\N{ARABIC-INDIC DIGIT TWO}004:02:29 23:59:58"],
)  # fmt: skip
def test_a_date_that_there_is_not_is_none(date: str | None) -> None:
    stored = None if date is None else date.encode("utf-8").decode("latin-1")
    assert decode_image(_photograph("JPEG", stored, _OFFSET)).taken is None


@pytest.mark.parametrize("offset", ["", "Z", "   :  ", "+99:00", "+0200", "+02:0"])
def test_an_offset_that_there_is_not_leaves_the_date_or_nothing(offset: str) -> None:
    assert taken_at(_DATE, offset) in {"2004-02-29T23:59:58", None}


def test_a_big_endian_file_is_read_and_a_date_in_another_type_is_not() -> None:
    def file(kind: int) -> bytes:
        first = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)
        second = struct.pack(">HHHIII", 1, 0x9003, kind, 20, 44, 0)
        return b"MM\0*\0\0\0\x08" + first + second + _DATE.encode() + b"\0"

    assert taken(file(2)) == (_DATE.encode(), b"")
    assert taken(file(7)) == (b"", b"")


@given(st.binary(max_size=120), st.integers(0, 200))
def test_damage_gives_short_texts_and_no_error(junk: bytes, place: int) -> None:
    good = bytearray(_photograph("JPEG", _DATE, _OFFSET)[30:300])
    assert taken(bytes(good)) == (_DATE.encode(), _OFFSET.encode())
    good[place : place + len(junk)] = junk
    date, offset = taken(bytes(good))
    assert len(date) <= 19
    assert len(offset) <= 6
