from __future__ import annotations

from typing import TYPE_CHECKING

import portraits
from contexts import events
from decoding import decode_image
from reknown.biometrics.errors import ImageError, InputError
from reknown.ledger.records import DetectRecord
from reknown.services.images.detection import detect, detect_all
from reknown.services.images.sources import Extraction

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.vision.analyze import Engine


def test_the_faces_come_largest_first_each_with_its_quality(
    context: Context, engine: Engine
) -> None:
    expected = engine.detect(decode_image(portraits.pair()).pixels)
    plain = detect(context, portraits.pair())
    full = detect(context, portraits.pair(), templates=True)
    assert plain.faces == expected
    assert [face.box for face in full.faces] == [face.box for face in expected]
    assert plain.fit == ()
    for face, template in full.fit:
        assert face.quality.magnitude is not None
        assert face.quality.magnitude.native == template.magnitude


def test_only_the_largest_are_looked_at_if_wanted(context: Context) -> None:
    (largest,) = detect(context, portraits.pair(), largest=1).faces
    assert largest == detect(context, portraits.pair()).faces[0]


def test_an_image_of_nobody_has_no_faces(context: Context) -> None:
    assert detect(context, portraits.nobody()).faces == ()


def test_each_detection_is_on_the_record(context: Context, eileen: bytes) -> None:
    for data in (eileen, portraits.nobody()):
        found = detect(context, data)
        event = events(context)[-1]
        assert event.record == DetectRecord(found.image.sha256, "image", "opencv", len(found.faces))
        assert (event.actor, event.operation, event.collection) == ("tester", "detect", None)


def test_the_pack_may_be_another(context: Context, eileen: bytes) -> None:
    found = detect(context, eileen, pack="other", templates=True)
    assert found.space.pack == found.fit[0][1].space.pack == "other"


def test_what_cannot_be_read_gives_its_error_and_the_others_their_faces(
    context: Context, people: Path
) -> None:
    broken, absent = people / "text.jpg", people / "absent.jpg"
    broken.write_text("no image")
    good = people / "Eileen Collins" / "1.jpg"
    results = dict(detect_all(context, [broken, good, absent]))
    assert isinstance(results[broken], ImageError)
    assert isinstance(results[absent], InputError)
    assert isinstance(results[good], Extraction)
    assert len(events(context)) == 1
