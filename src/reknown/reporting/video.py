"""Who appears in a video and when, as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.reporting.labels import shortened
from reknown.reporting.templating import filled
from reknown.reporting.times import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = 60
_MOST_ROWS, _MOST_CARDS, _MOST_SPANS = 300, 600, 4
# A bar's least width in thousandths of the line: to be seen on paper, too.
_THINNEST = 3.0
_STEPS_MS = (100, 200, 500, *(1000 * s for s in (1, 2, 5, 10, 15, 30)))
_LONGER_STEPS_MS = tuple(60_000 * m for m in (1, 2, 5, 10, 15, 30, 60, 120))
_TICKS = 5


@dataclass(frozen=True, slots=True)
class ShownThreshold:
    """The threshold of the searches, as it is shown."""

    similarity: str
    score: str
    rate: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One person in a stretch of the video, in milliseconds.

    `score` is the best candidate's, None without any; `similarity` and `rate` as they are shown.
    `view` is the best view as JPEG, empty if there is none. `unsearched` says why the gallery was
    not searched with it, empty where it was.
    """

    name: str
    from_ms: int
    to_ms: int
    best_ms: int
    score: float | None
    similarity: str
    rate: str
    view: bytes
    unsearched: str = ""

    @property
    def span(self) -> str:
        """From when to when."""
        return f"{clock(self.from_ms)} to {clock(self.to_ms)}"

    @property
    def image(self) -> str:
        """The best view in base64."""
        return base64.b64encode(self.view).decode("ascii")


@dataclass(frozen=True, slots=True)
class VideoReport:
    """What a page on a video shows; `facts` are pairs of what and how much.

    `sightings` are in order of time. `expected` is how many false candidates a search for a
    stranger is expected to give, `expected_in_video` how many all `tracks` searched together;
    None without calibration.
    """

    name: str
    facts: Sequence[tuple[str, str]]
    threshold: ShownThreshold
    cautions: Sequence[str]
    sightings: Sequence[TimelineEntry]
    duration_ms: int
    tracks: int
    expected: float | None
    expected_in_video: float | None


@dataclass(frozen=True, slots=True)
class _Bar:
    """A stretch of the line, in thousandths of it."""

    left: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class _Person:
    """A line of the timeline; `image` is base64, or empty."""

    name: str
    known: bool
    image: str
    seconds: str
    spans: str
    bars: tuple[_Bar, ...]


@dataclass(frozen=True, slots=True)
class _Card:
    """An image of the contact sheet, and a line of the table."""

    name: str
    known: bool
    image: str
    start: str
    end: str
    best_at: str
    similarity: str
    score: str
    rate: str
    unsearched: str


def render_video(report: VideoReport) -> str:
    """The page; the same report gives the same text."""
    length = max(report.duration_ms, *(seen.to_ms for seen in report.sightings), 1)
    people = _people(report.sightings, length)
    cards = [_card(seen) for seen in report.sightings]
    return filled(
        "video.html.j2",
        name=shortened(report.name, _NAME),
        facts=report.facts,
        cautions=report.cautions,
        people=people[:_MOST_ROWS],
        more_people=max(0, len(people) - _MOST_ROWS),
        ticks=_ticks(length),
        cards=[card for card in cards if card.image][:_MOST_CARDS],
        rows=cards,
        threshold=report.threshold,
        expected=report.expected,
        in_video=report.expected_in_video,
        tracks=report.tracks,
    )


def _people(sightings: Sequence[TimelineEntry], length: int) -> list[_Person]:
    """A line for each name and each unknown person: named ones first, by their first moment."""
    lines: dict[tuple[bool, str], list[TimelineEntry]] = {}
    for seen in sightings:
        lines.setdefault((seen.score is None, seen.name), []).append(seen)
    # sorting is stable, and sightings come in order of time
    return [_person(seen, length) for _, seen in sorted(lines.items(), key=lambda line: line[0][0])]


def _person(sightings: list[TimelineEntry], length: int) -> _Person:
    best = max(sightings, key=lambda seen: (seen.view != b"", seen.score or 0.0))
    spans = [seen.span for seen in sightings]
    more = len(spans) - _MOST_SPANS
    return _Person(
        shortened(best.name, _NAME),
        best.score is not None,
        best.image,
        f"{sum(seen.to_ms - seen.from_ms for seen in sightings) / 1000:,.1f} s",
        ", ".join(spans[:_MOST_SPANS]) + (f", and {more} more" if more > 0 else ""),
        tuple(_bar(seen, length) for seen in sightings),
    )


def _bar(seen: TimelineEntry, length: int) -> _Bar:
    width = max(1000 * (seen.to_ms - seen.from_ms) / length, _THINNEST)
    left = min(1000 * seen.from_ms / length, 1000 - width)
    return _Bar(f"{left:.2f}", f"{width:.2f}", seen.span)


def _card(seen: TimelineEntry) -> _Card:
    return _Card(
        shortened(seen.name, _NAME),
        seen.score is not None,
        seen.image,
        clock(seen.from_ms),
        clock(seen.to_ms),
        clock(seen.best_ms),
        seen.similarity,
        "-" if seen.score is None else f"{seen.score:.4f}",
        seen.rate,
        seen.unsearched,
    )


def _ticks(length: int) -> list[tuple[str, str]]:
    """(place in per cent, moment), a few of them at round times."""
    steps = (*_STEPS_MS, *_LONGER_STEPS_MS)
    step = next((step for step in steps if length / step <= _TICKS), steps[-1])
    # the last one would stick out if it were close to the end
    return [
        (f"{100 * at / length:.2f}", clock(at).removesuffix(".0"))
        for at in range(0, length + 1, step)
        if at == 0 or at < length * 0.96
    ]
