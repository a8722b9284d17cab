"""Answers as they are printed, and as notebooks show them."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from decoding import decode_image
from reknown._notebook import figure, table
from reknown.biometrics.candidates import Candidate, CandidateList, Comparison
from reknown.biometrics.faces import DetectedFace, FaceQuality, Pose, QualityMeasure
from reknown.biometrics.geometry import BoundingBox, Landmarks, Point
from reknown.results import (
    ComparedFaces,
    DetectedFaces,
    EnrolledImage,
    EnrolledPeople,
    ErrorRate,
    EvaluatedPeople,
    IdentifiedFaces,
    ThresholdRates,
    VideoAppearances,
)
from reknown.services.videos.identification import Appearance

EVIL = "<img src=x onerror=alert(1)>\x1b[31m"
_QUALITY = QualityMeasure(0.5, 50)
_FACE = DetectedFace(
    box=BoundingBox(0.2, 0.2, 0.4, 0.4),
    landmarks=Landmarks(*[Point(0.5, 0.5)] * 5),
    confidence=0.987,
    pose=Pose(yaw=10, pitch=-5, roll=0),
    quality=FaceQuality(*[_QUALITY] * 8),
)


def _candidate(user: str | None = EVIL, similarity: float | None = 99.4) -> Candidate:
    rate = None if similarity is None else 1e-4
    return Candidate(1, user, "f-1", 0.71239, similarity, rate)


def _identified(data: bytes, *candidates: Candidate, caution: str | None = None) -> IdentifiedFaces:
    found = CandidateList(candidates, 0.4, 1, 1, None)
    sha256 = decode_image(data).sha256
    return IdentifiedFaces(((_FACE, found),), caution, 500, 500, sha256, data)


def _detected(data: bytes, *faces: DetectedFace) -> DetectedFaces:
    return DetectedFaces(faces, 500, 500, decode_image(data).sha256, data)


def _video(*appearances: Appearance, caution: str | None = None) -> VideoAppearances:
    return VideoAppearances(appearances, 9000, caution, datetime(2026, 1, 1, tzinfo=UTC), (EVIL,))


def _appearance(*candidates: Candidate) -> Appearance:
    return Appearance(1250, 2500, 0, candidates, 1500, (0,))


def _enrolled() -> EnrolledPeople:
    refused = EnrolledImage(3, EVIL, Path("<i>.jpg"), None, new=False, reason="no face found")
    images = (
        EnrolledImage(1, "Grace", None, "f-1", new=True, reason=""),
        EnrolledImage(2, "Grace", None, "f-2", new=False, reason=""),
        refused,
        replace(refused, number=4, path=None),
    )
    return EnrolledPeople("<b>people</b>", images)


def _evaluated() -> EvaluatedPeople:
    rate = ErrorRate(3, 1000, 0.001, 0.0088)
    return EvaluatedPeople(
        people=2,
        images=1200,
        mated=30,
        non_mated=1000,
        failures=ErrorRate(1, 1200, 0.0, 0.005),
        at_similarity=(ThresholdRates(80, 0.428, 1e-4, None, rate),),
        at_rate=(ThresholdRates(None, 0.5, 0.01, rate, rate),),
        cautions=("<b>few</b>",),
        figures={},
        _report=None,  # type: ignore[arg-type]
    )


def test_detected_faces(eileen: bytes) -> None:
    found = _detected(eileen, _FACE)
    assert str(found) == "face 1: confidence 0.987, quality 50 of 100"
    assert repr(found) == f"<DetectedFaces: {found}>"
    assert "<td>0.987</td><td>50</td><td>+10°</td><td>-5°</td><td>+0°</td>" in found._repr_html_()
    nobody = _detected(eileen)
    assert str(nobody) == "no face found"
    assert nobody._repr_html_().endswith("<p>no face found</p>")


def test_compared_faces() -> None:
    comparisons = (
        (_FACE, Comparison(0.9, 99.9, 1e-6, accepted=True)),
        (_FACE, Comparison(0.1, 10.0, 0.5, accepted=False)),
    )
    found = ComparedFaces(_FACE, comparisons, 0.4)
    assert str(found).splitlines() == [
        "face 1: similarity 99.9, above threshold (strangers: under 1 in 1,000,000)",
        "face 2: similarity 10.0, below threshold (strangers: 1 in 2)",
    ]
    assert "<td>10.0</td><td>0.1000</td><td>1 in 2</td><td>below" in found._repr_html_()


def test_compared_faces_of_a_pack_without_calibration() -> None:
    comparison = Comparison(0.9, None, None, accepted=True)
    found = ComparedFaces(_FACE, ((_FACE, comparison),), 0.4)
    assert str(found) == "face 1: score 0.9000, above threshold"
    assert (found.similarity, found.false_match_rate) == (None, None)
    assert "<td>-</td><td>0.9000</td><td>-</td>" in found._repr_html_()


def test_identified_faces(eileen: bytes) -> None:
    found = _identified(eileen, _candidate("Grace"), _candidate(None, None), caution="look closely")
    assert str(found) == "face 1: Grace (99.4), face f-1\nlook closely"
    assert repr(found) == "<IdentifiedFaces: face 1: Grace (99.4), face f-1; look closely>"
    html = found._repr_html_()
    assert "<td>Grace</td><td>99.4</td><td>0.7124</td><td>1 in 10,000</td>" in html
    assert "<p>look closely</p>" in html
    assert _identified(eileen)._repr_html_().endswith("<p>face 1: no candidate</p>")
    assert str(replace(found, faces=(), caution=None)) == "no face found"


def test_enrolled_people() -> None:
    found = _enrolled()
    assert found.people == ("Grace",)
    assert [image.number for image in found.refused] == [3, 4]
    first, *refused = str(found).splitlines()
    assert first == "<b>people</b>: 1 person; 1 image enrolled, 1 was in already, 2 refused"
    assert refused[0].startswith("refused <i>.jpg of <img")
    assert refused[1].startswith("refused image 4 of")


def test_appearances_in_a_video() -> None:
    found = _video(_appearance(_candidate("Grace")), _appearance())
    assert str(found).splitlines()[:2] == [
        "1.2 s to 2.5 s: Grace (99.4)",
        "1.2 s to 2.5 s: unknown 1",
    ]
    assert "<td>1.2 s</td><td>2.5 s</td><td>unknown 1</td><td></td>" in found._repr_html_()
    assert "no face found" in str(_video())
    assert "no face found" in _video()._repr_html_()


def test_rates_come_with_their_counts() -> None:
    found = _evaluated()
    assert str(found).splitlines() == [
        "1,200 images of 2 people; 1 without a usable face; 30 mated and 1,000 non-mated "
        "comparisons",
        "similarity 80: false matches not counted, false non-matches 0.003 (3 of 1,000; 0.001 to "
        "0.0088)",
        "false match rate 0.01: false matches 0.003 (3 of 1,000; 0.001 to 0.0088), false "
        "non-matches 0.003 (3 of 1,000; 0.001 to 0.0088)",
        "Caution: <b>few</b>",
    ]
    assert "<td>not counted</td><td>0.003 (3 of 1,000; 0.001 to 0.0088)</td>" in (
        found._repr_html_()
    )


def test_what_strangers_wrote_is_text(eileen: bytes) -> None:
    answers = (
        _identified(eileen, _candidate(), caution=EVIL),
        _video(_appearance(_candidate()), caution=EVIL),
        _enrolled(),
        _evaluated(),
    )
    for answer in answers:
        tags = set(re.findall(r"</?(\w+)", answer._repr_html_()))
        assert tags <= {"img", "p", "table", "thead", "tbody", "tr", "th", "td"}
        images = re.findall(r"<img[^>]*>", answer._repr_html_())
        assert all(re.fullmatch(r'<img alt="" src="data:image/jpeg[^"]+">', tag) for tag in images)
    for answer in (_identified(eileen, _candidate()), _video(_appearance(_candidate()))):
        assert "\x1b" not in str(answer).splitlines()[0]
    assert "\x1b" not in str(_enrolled())


def test_a_long_answer_is_short_at_the_prompt(eileen: bytes) -> None:
    assert repr(_detected(eileen, *[_FACE] * 9)).count("face ") == 5
    assert repr(_detected(eileen, *[_FACE] * 9)).endswith("...>")


def test_no_rows_make_no_table() -> None:
    assert table(("a",), []) == ""


def test_an_image_is_shown_only_as_it_was(tmp_path: Path, eileen: bytes, grace: bytes) -> None:
    path, sha256 = tmp_path / "image.jpg", decode_image(eileen).sha256
    path.write_bytes(eileen)
    assert figure(path, sha256, []).startswith("<img")
    path.write_bytes(grace)
    assert figure(path, sha256, []) == ""
    path.unlink()
    assert figure(path, sha256, []) == ""


@pytest.mark.parametrize("found", [_enrolled(), _evaluated(), _video()], ids=repr)
def test_answers_cannot_be_changed(
    found: EnrolledPeople | EvaluatedPeople | VideoAppearances,
) -> None:
    for field in fields(found):
        with pytest.raises(FrozenInstanceError):
            setattr(found, field.name, None)
