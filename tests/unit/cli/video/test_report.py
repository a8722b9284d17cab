from __future__ import annotations

import base64
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.candidates import Candidate
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.biometrics.templates import TemplateSpace
from reknown.biometrics.thresholds import Threshold, ThresholdChoice
from reknown.cli.video.report import render
from reknown.reporting.video import _ticks
from reknown.services.searches.search import Searched, Unit
from reknown.services.videos.identification import VideoIdentification, appearances
from video_analyses import INFO, analysis, plain_jpeg, track, turned
from video_faces import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.biometrics.tracks import Track
    from reknown.vision.analyze import Engine

SPACE = TemplateSpace("tiny", "ab" * 32, 8)
HOSTILE = "<script>alert(1)</script>\u202e{{7*7}}\x1b"
_VOID = {"meta", "img"}


class _Page(HTMLParser):
    """Checks that tags are balanced, and keeps them with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def found(
    tracks: Sequence[Track],
    names: Sequence[str | None],
    threshold: Threshold,
    *,
    collection: str = "people",
    references: int = 2,
    warnings: Sequence[str] = (),
    duration_ms: int = 10_000,
) -> VideoIdentification:
    rows = [() if n is None else (Candidate(1, n, "f", 0.99, 91.5, 1e-5),) for n in names]
    made = analysis(SPACE, tracks, warnings=warnings)
    made = replace(made, info=replace(INFO, duration_ms=duration_ms))
    searched = Searched(collection, SPACE, Unit.SUBJECTS, threshold, 2, references)
    against = [DEFAULT_FILTER.objections(each.shots[0].face) for each in tracks]
    shown = appearances(tracks, rows, 5, against)
    return VideoIdentification(made, shown, searched, None, len(tracks))


@pytest.fixture
def threshold(engine: Engine) -> Threshold:
    return ThresholdChoice().resolve(engine.calibration)


@pytest.fixture
def party(threshold: Threshold) -> str:
    """Eileen twice, and a stranger meanwhile."""
    tracks = [
        track(unit(0), 0, 2500, 0, image=(200, 0, 0)),
        track(unit(1), 1000, 3000, 1, image=(0, 200, 0)),
        track(unit(0), 7500, 10_000, 0, image=(0, 0, 200)),
    ]
    return render("party.mp4", found(tracks, ["Eileen", None, "Eileen"], threshold))


def test_a_page_is_whole_and_loads_and_runs_nothing(party: str) -> None:
    page = _Page(party)
    assert party.startswith("<!DOCTYPE html>")
    for tag, attributes in page.tags:
        assert tag not in ("script", "iframe", "object", "embed", "link", "a", "form"), tag
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "src"):
                assert (value or "").startswith("data:image/jpeg;base64,")
    assert re.findall(r"[a-z]+://", party) == []
    policies = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_each_person_has_a_line_with_its_intervals(party: str) -> None:
    lines = re.findall(r'<div class="who"><b>(.*?)</b><span>(.*?)</span>', party)
    assert lines == [("Eileen", "5.0 s"), ("unknown 2", "2.0 s")]
    bars = [(bar["x"], bar["width"]) for bar in _Page(party).all("rect")]
    assert bars == [("0.00", "250.00"), ("750.00", "250.00"), ("100.00", "200.00")]
    assert "<p>0:00:00.0 to 0:00:02.5, 0:00:07.5 to 0:00:10.0</p>" in party


def test_the_best_view_of_every_appearance_is_shown(party: str) -> None:
    sheet = party[party.index('id="views"') :]
    images = re.findall(r"base64,([^\"]+)", sheet)
    expected = [plain_jpeg(c) for c in ((200, 0, 0), (0, 200, 0), (0, 0, 200))]
    assert [base64.b64decode(image) for image in images] == expected


def test_a_face_that_was_not_searched_says_why(threshold: Threshold) -> None:
    hidden = turned(track(unit(0), image=(200, 0, 0)))
    page = render("party.mp4", found([hidden], [None], threshold))
    why = "unknown 1, not searched: turned away: head pose 70 degrees, maximum 60"
    assert f'<td class="long">{why}</td>' in page
    assert page.count("<span>not searched</span>") == 1


def test_the_table_and_what_it_means(party: str, threshold: Threshold) -> None:
    assert party.count("under 1 in 1,000,000") == 0
    assert party.count("1 in 100,000") == 2
    asked = f"similarity 80.0 (score {threshold.score:.4f}), false match rate 1 in 10,000"
    assert asked in party
    assert re.search(r"0\.0002 false candidates are expected in one search", party)
    assert "strangers, 0.0006" in party
    assert "A candidate is not an identification." in party
    assert all(cell.get("scope") == "col" for cell in _Page(party).all("th"))


def test_names_from_strangers_stay_text(threshold: Threshold) -> None:
    answer = found([track(unit(0))], [HOSTILE], threshold, collection=HOSTILE, warnings=[HOSTILE])
    page = render(HOSTILE, answer)
    assert "<script" not in page
    assert "{{7*7}}" in page
    assert not {"\u202e", "\x1b"} & set(page)
    _Page(page)


def test_cautions_stand_at_the_top(threshold: Threshold) -> None:
    answer = found([], [], threshold, references=5_000, warnings=["it is cut off"])
    page = render("a.mp4", answer)
    cautions = re.findall(r"<strong>Caution:</strong> (.*?)</p>", page)
    assert cautions[0].startswith("0.5 false candidates are expected")
    assert cautions[1] == "it is cut off"
    assert "No face was found in this video." in page


def test_without_calibration_no_rate_is_claimed() -> None:
    page = render("a.mp4", found([track(unit(0))], ["A"], Threshold(0.9, None)))
    assert "has not been calibrated" in page
    assert "expected in one search" not in page


def test_a_crowd_does_not_make_a_page_without_end(threshold: Threshold) -> None:
    tracks = [track(unit(0), t, t + 100, t, image=(1, 2, 3)) for t in range(700)]
    page = render("a.mp4", found(tracks, [None] * 700, threshold))
    assert page.count('<div class="who">') == 300
    assert "400 more people are in the table below." in page
    assert len(_Page(page).all("tr")) == 701


def test_a_moment_is_wide_enough_to_be_seen_and_stays_on_the_line(threshold: Threshold) -> None:
    tracks = [track(unit(0), 3_599_990, 3_600_000)]
    page = render("a.mp4", found(tracks, [None], threshold, duration_ms=3_600_000))
    (bar,) = _Page(page).all("rect")
    assert (bar["x"], bar["width"]) == ("997.00", "3.00")


@pytest.mark.parametrize("length", [1, 90, 1000, 8993, 61_000, 3_600_000, 6 * 3_600_000])
def test_the_axis_has_a_few_round_moments(length: int) -> None:
    ticks = _ticks(length)
    assert 1 <= len(ticks) <= 6
    assert ticks[0] == ("0.00", "0:00:00")
    places = [float(place) for place, _ in ticks]
    assert places == sorted(places)
    assert places[-1] < 97


def test_the_same_answer_gives_the_same_page(threshold: Threshold) -> None:
    one = found([track(unit(0))], ["A"], threshold)
    assert render("a", one) == render("a", one)


def test_a_name_without_end_is_shortened(threshold: Threshold) -> None:
    page = render("a.mp4", found([track(unit(0))], ["a" * 5000 + "z"], threshold))
    assert "a" * 30 + "\N{HORIZONTAL ELLIPSIS}" + "a" * 28 + "z" in page
    assert "a" * 31 not in page


def test_a_page_needs_nothing_of_the_evaluation() -> None:
    code = (
        "import sys; from reknown.reporting.video import render_video\n"
        "assert not {'scipy', 'matplotlib', 'reknown.evaluation'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
