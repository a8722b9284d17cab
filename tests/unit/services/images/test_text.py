from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

import drawn_text
from contexts import events, make_context
from reknown.biometrics.errors import ImageError, InputError
from reknown.biometrics.geometry import Point
from reknown.biometrics.word_filter import WordFilter
from reknown.ledger.records import ReadTextRecord
from reknown.services import extras
from reknown.services.images.text import Reading, read_text, read_text_of_all

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.vision.text.reader import TextReader

SIGN = drawn_text.as_jpeg(drawn_text.sign("Platform 7", "mind the gap"))


@pytest.fixture
def context(database: Database, reader: TextReader) -> Context:
    """Without a pack for faces: text needs none."""
    return make_context(database, reader=reader)


def texts(found: Reading) -> list[str]:
    return [line.text for line in found.lines]


def test_text_is_read_and_recorded_without_what_it_says(context: Context) -> None:
    found = read_text(context, SIGN)
    digest = hashlib.sha256(SIGN).hexdigest()
    assert texts(found) == ["Platform 7", "mind the gap"]
    assert (found.image.sha256, found.image.width, found.image.height) == (digest, 640, 360)
    (event,) = events(context)
    assert event.record == ReadTextRecord(digest, "image", "text", found.model, 5)
    assert (event.operation, event.actor, event.collection) == ("read text", "tester", None)
    assert "gap" not in repr(event)


def test_only_the_words_wanted_are_found_and_counted(context: Context) -> None:
    upper = (Point(0, 0), Point(1, 0), Point(1, 0.5), Point(0, 0.5))
    assert texts(read_text(context, SIGN, WordFilter(regions=(upper,)))) == ["Platform 7"]
    (event,) = events(context)
    assert isinstance(event.record, ReadTextRecord)
    assert event.record.words == 2


def test_each_of_many_images_gives_its_text_or_its_error(context: Context, tmp_path: Path) -> None:
    sign, broken, absent = (tmp_path / name for name in ("sign.jpg", "broken.jpg", "absent.jpg"))
    sign.write_bytes(SIGN)
    broken.write_text("no image")
    results = list(read_text_of_all(context, [sign, broken, absent, sign]))
    assert [source for source, _ in results] == [sign, broken, absent, sign]
    first, second, third, last = (found for _, found in results)
    assert isinstance(first, Reading)
    assert first == last
    assert isinstance(second, ImageError)
    assert isinstance(third, InputError)
    assert len(events(context)) == 2


def test_without_the_extra_the_error_says_how_to_get_it(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"reading text needs rapidocr: pip install 'reknown\[text"
    ):
        read_text(context, SIGN)
    with pytest.raises(InputError, match="rapidocr"):
        list(read_text_of_all(context, [SIGN]))
    assert events(context) == []
