"""The page on a video: what the services found, as plain values for `reporting`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.text import counted
from reknown.cli.output import one_in, percent
from reknown.cli.video.output import label, unsearched
from reknown.reporting.labels import shortened
from reknown.reporting.times import clock

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.reporting.video import TimelineEntry
    from reknown.services.videos.identification import Appearance, VideoIdentification

_NAME = 60


def write_report(target: Path, name: str, found: VideoIdentification) -> None:
    """Writes the page, whole or not at all; raises `InputError` when that is not possible."""
    from reknown.reporting.files import write_text

    write_text(target, render(name, found))


def render(name: str, found: VideoIdentification) -> str:
    """The page; the same answer gives the same text."""
    from reknown.reporting.video import ShownThreshold, VideoReport, render_video

    searched, warning = found.searched, found.searched.caution
    report = VideoReport(
        name=name,
        facts=_facts(found, shortened(searched.collection, _NAME)),
        threshold=ShownThreshold(
            percent(searched.threshold.similarity),
            f"{searched.threshold.score:.4f}",
            one_in(searched.threshold.false_match_rate),
        ),
        cautions=[*([warning] if warning else []), *found.analysis.warnings],
        sightings=[_sighting(appearance, found) for appearance in found.appearances],
        duration_ms=found.analysis.info.duration_ms,
        tracks=found.tracks_searched,
        expected=searched.expected_false_candidates,
        expected_in_video=found.expected_in_video,
    )
    return render_video(report)


def _facts(found: VideoIdentification, collection: str) -> list[tuple[str, str]]:
    info = found.analysis.info
    people = counted(found.searched.gallery_size, "person", "people")
    images = counted(found.searched.references, "image")
    return [
        ("Length", clock(info.duration_ms)),
        ("Frames", f"{info.width} x {info.height}, {info.frame_rate:.3g} a second, {info.codec}"),
        ("Searched", f"{people}, {images} in {collection}"),
        ("SHA-256", found.analysis.sha256),
    ]


def _sighting(appearance: Appearance, found: VideoIdentification) -> TimelineEntry:
    from reknown.reporting.video import TimelineEntry

    best = appearance.best
    return TimelineEntry(
        label(appearance),
        appearance.from_ms,
        appearance.to_ms,
        appearance.best_ms,
        None if best is None else best.score,
        percent(None if best is None else best.similarity),
        one_in(None if best is None else best.false_match_rate),
        _view(appearance, found),
        unsearched(appearance),
    )


def _view(appearance: Appearance, found: VideoIdentification) -> bytes:
    """The best view as JPEG, empty if there is none."""
    for number in appearance.tracks:
        shot = found.analysis.tracks[number].shots[0]
        if shot.time_ms == appearance.best_ms:
            return shot.jpeg
    return b""
