"""Who appears when, as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import contextlib
import os
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.cli.output import one_in, percent, printable
from reknown.cli.video.output import label
from reknown.cli.video.times import clock

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.biometrics.thresholds import Threshold
    from reknown.services.videos.identification import Appearance, VideoIdentification

_TEMPLATE = "report.html.j2"
_NAME = 60
_MOST_ROWS, _MOST_CARDS, _MOST_SPANS = 300, 600, 4
# A bar's least width in thousandths of the line: to be seen on paper, too.
_THINNEST = 3.0
_STEPS_MS = (100, 200, 500, *(1000 * s for s in (1, 2, 5, 10, 15, 30)))
_LONGER_STEPS_MS = tuple(60_000 * m for m in (1, 2, 5, 10, 15, 30, 60, 120))
_TICKS = 5


@dataclass(frozen=True, slots=True)
class _Bar:
    """A stretch of the line, in thousandths of it."""

    left: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class _Person:
    """A line of the timeline; `picture` is base64, or empty."""

    name: str
    known: bool
    picture: str
    seconds: str
    spans: str
    bars: tuple[_Bar, ...]


@dataclass(frozen=True, slots=True)
class _Card:
    """A picture of the contact sheet, and a line of the table."""

    name: str
    known: bool
    picture: str
    start: str
    end: str
    best_at: str
    similarity: str
    score: str
    rate: str


def write_report(target: Path, name: str, found: VideoIdentification) -> None:
    """Writes the page, whole or not at all; raises `InputError` when that is not possible."""
    page = render(name, found)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("x", encoding="utf-8") as file:
            file.write(page)
        temporary.replace(target)
    except OSError as error:
        raise InputError(
            f"cannot write {target}: {(error.strerror or 'failed').lower()}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def render(name: str, found: VideoIdentification) -> str:
    """The page; the same answer gives the same text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = files("reknown.cli.video").joinpath(_TEMPLATE).read_text("utf-8")
    searched = found.searched
    people = _people(found)
    cards = [_card(appearance, found) for appearance in found.appearances]
    warning = searched.caution
    return environment.from_string(source).render(
        name=_shortened(name),
        facts=_facts(found, _shortened(searched.collection)),
        cautions=[*([warning] if warning else []), *found.analysis.warnings],
        people=people[:_MOST_ROWS],
        more_people=max(0, len(people) - _MOST_ROWS),
        ticks=_ticks(_length(found)),
        cards=[card for card in cards if card.picture][:_MOST_CARDS],
        rows=cards,
        threshold=_threshold(searched.threshold),
        expected=searched.expected_false_candidates,
        in_video=found.expected_in_video,
        tracks=len(found.analysis.tracks),
    )


def _one_line(value: object) -> object:
    # the type itself: what is marked as safe is a string too, and keeps its lines
    return _plain(value) if type(value) is str else value


def _plain(text: str) -> str:
    """In one line, without what cannot be seen."""
    return printable(" ".join(text.split()))


def _shortened(text: str) -> str:
    """A name from strangers, its middle left out where it is too long to be shown."""
    line = _plain(text)
    if len(line) <= _NAME:
        return line
    half = _NAME // 2
    return f"{line[:half]}\N{HORIZONTAL ELLIPSIS}{line[1 - half :]}"


def _facts(found: VideoIdentification, collection: str) -> list[tuple[str, str]]:
    info = found.analysis.info
    people = (
        "1 person"
        if found.searched.gallery_size == 1
        else f"{found.searched.gallery_size:,} people"
    )
    pictures = (
        "1 picture" if found.searched.references == 1 else f"{found.searched.references:,} pictures"
    )
    return [
        ("Length", clock(info.duration_ms)),
        ("Pictures", f"{info.width} x {info.height}, {info.frame_rate:.3g} a second, {info.codec}"),
        ("Searched", f"{people}, {pictures} in {collection}"),
        ("SHA-256", found.analysis.sha256),
    ]


def _threshold(threshold: Threshold) -> dict[str, str]:
    return {
        "similarity": percent(threshold.similarity),
        "score": f"{threshold.score:.4f}",
        "rate": one_in(threshold.false_match_rate),
    }


def _length(found: VideoIdentification) -> int:
    ends = (appearance.to_ms for appearance in found.appearances)
    return max(found.analysis.info.duration_ms, max(ends, default=0), 1)


def _people(found: VideoIdentification) -> list[_Person]:
    """A line for each name and each unknown person: named ones first, by their first moment."""
    lines: dict[tuple[bool, str], list[Appearance]] = {}
    for appearance in found.appearances:
        lines.setdefault((appearance.best is None, label(appearance)), []).append(appearance)
    length = _length(found)
    # sorting is stable, and appearances come in order of time
    return [
        _person(name, not unknown, seen, length, found)
        for (unknown, name), seen in sorted(lines.items(), key=lambda item: item[0][0])
    ]


def _person(
    name: str, known: bool, seen: list[Appearance], length: int, found: VideoIdentification
) -> _Person:
    best = max(seen, key=lambda a: (_picture(a, found) != "", a.best.score if a.best else 0.0))
    spans = [f"{clock(a.from_ms)} to {clock(a.to_ms)}" for a in seen]
    more = len(spans) - _MOST_SPANS
    return _Person(
        _shortened(name),
        known,
        _picture(best, found),
        f"{sum(a.to_ms - a.from_ms for a in seen) / 1000:,.1f} s",
        ", ".join(spans[:_MOST_SPANS]) + (f", and {more} more" if more > 0 else ""),
        tuple(_bar(a, length) for a in seen),
    )


def _bar(appearance: Appearance, length: int) -> _Bar:
    width = max(1000 * (appearance.to_ms - appearance.from_ms) / length, _THINNEST)
    left = min(1000 * appearance.from_ms / length, 1000 - width)
    title = f"{clock(appearance.from_ms)} to {clock(appearance.to_ms)}"
    return _Bar(f"{left:.2f}", f"{width:.2f}", title)


def _card(appearance: Appearance, found: VideoIdentification) -> _Card:
    best = appearance.best
    return _Card(
        _shortened(label(appearance)),
        best is not None,
        _picture(appearance, found),
        clock(appearance.from_ms),
        clock(appearance.to_ms),
        clock(appearance.best_ms),
        "-" if best is None else percent(best.similarity),
        "-" if best is None else f"{best.score:.4f}",
        "-" if best is None else one_in(best.false_match_rate),
    )


def _picture(appearance: Appearance, found: VideoIdentification) -> str:
    """The best view as base64, empty if there is none."""
    for number in appearance.tracks:
        shot = found.analysis.tracks[number].shots[0]
        if shot.time_ms == appearance.best_ms:
            return base64.b64encode(shot.jpeg).decode("ascii")
    return ""


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
