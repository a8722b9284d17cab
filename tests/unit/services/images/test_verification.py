from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from contexts import events
from decoding import decode_image
from portraits import spoilt
from reknown.biometrics.errors import InputError, NoFaceError
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.ledger.records import VerifyRecord
from reknown.services.images.verification import VerificationTerms, verify

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.vision.analyze import Engine

FIT = VerificationTerms(quality=DEFAULT_FILTER)


@pytest.fixture(scope="module")
def group() -> bytes:
    """Grace large, Eileen small."""
    canvas = Image.new("RGB", (600, 400))
    canvas.paste(GRACE.crop().resize((400, 400)), (0, 0))
    canvas.paste(EILEEN.crop().resize((200, 200)), (400, 100))
    return jpeg(canvas)


def test_the_same_person_is_accepted_and_a_stranger_is_not(
    context: Context, engine: Engine, eileen: bytes, grace: bytes
) -> None:
    same = verify(context, eileen, jpeg(EILEEN.crop(), quality=30), FIT)
    other = verify(context, eileen, grace, FIT)
    assert same.accepted
    assert not other.accepted
    assert same.probe.box == engine.detect(decode_image(eileen).pixels)[0].box


def test_every_face_of_the_reference_is_compared_and_the_best_comes_first(
    context: Context, engine: Engine, eileen: bytes, group: bytes
) -> None:
    result = verify(context, eileen, group, FIT)
    grace, small_eileen = engine.detect(decode_image(group).pixels)
    assert [face.box for face, _ in result.comparisons] == [small_eileen.box, grace.box]
    assert [outcome.accepted for _, outcome in result.comparisons] == [True, False]


def test_the_probe_is_the_largest_face(
    context: Context, engine: Engine, grace: bytes, group: bytes
) -> None:
    result = verify(context, group, grace, FIT)
    assert result.probe.box == engine.detect(decode_image(group).pixels)[0].box
    assert result.accepted


@pytest.mark.parametrize("unfit", [jpeg(Image.new("RGB", (100, 100))), spoilt()["LOW_SHARPNESS"]])
def test_an_image_without_a_fit_face_is_named(
    context: Context, eileen: bytes, unfit: bytes
) -> None:
    with pytest.raises(NoFaceError, match="probe"):
        verify(context, unfit, eileen, FIT)
    assert events(context) == []


def test_a_reference_without_any_face_is_named(context: Context, eileen: bytes) -> None:
    with pytest.raises(NoFaceError, match="reference"):
        verify(context, eileen, jpeg(Image.new("RGB", (100, 100))), FIT)
    assert events(context) == []


def test_a_comparison_is_on_the_record(context: Context, eileen: bytes, group: bytes) -> None:
    found = verify(context, eileen, group)
    (event,) = events(context)
    assert isinstance(event.record, VerifyRecord)
    assert (event.operation, event.actor, event.collection) == ("verify", "tester", None)
    assert event.record.probe_sha256 == decode_image(eileen).sha256
    assert event.record.reference_sha256 == decode_image(group).sha256
    assert (event.record.compared, event.record.accepted) == (2, 1)
    best = found.comparisons[0][1]
    assert (event.record.best_score, event.record.best_similarity) == (best.score, best.similarity)
    assert event.record.threshold.similarity == 80
    assert event.record.threshold.score == found.threshold.score


def test_the_terms_are_those_given(context: Context, eileen: bytes, group: bytes) -> None:
    score = verify(context, eileen, group).comparisons[1][1].score
    lax = VerificationTerms(ThresholdChoice(score=score))
    assert [outcome.accepted for _, outcome in verify(context, eileen, group, lax).comparisons] == [
        True, True,
    ]  # fmt: skip
    one = VerificationTerms(largest=1)
    assert len(verify(context, eileen, group, one).comparisons) == 1
    with pytest.raises(InputError):
        ThresholdChoice(80, 0.5)


def test_a_reference_whose_faces_are_all_refused_is_compared_with_none_and_says_why(
    context: Context, eileen: bytes
) -> None:
    blurred = spoilt()["LOW_SHARPNESS"]
    found = verify(context, eileen, blurred, FIT)
    assert (found.comparisons, found.accepted) == ((), False)
    ((_, objections),) = found.refused
    assert "sharpness" in str(objections[0])
    record = events(context)[-1].record
    assert isinstance(record, VerifyRecord)
    assert (record.compared, record.best_score, record.best_similarity) == (0, None, None)
