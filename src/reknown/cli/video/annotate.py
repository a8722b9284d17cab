"""A video with what was found drawn into it, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.cli.video.output import label

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.videos.identification import VideoIdentification
    from reknown.video.marks import Mark


def annotate_clip(
    path: Path, found: VideoIdentification, target: Path, *, blur_unknown: bool
) -> tuple[str, ...]:
    """Writes the annotated video to `target`; answers with warnings.

    Raises `InputError` when it cannot be written, `VideoError`.
    """
    from reknown.cli.video.clips import progress_bar
    from reknown.reporting.files import written
    from reknown.services.videos.clips import open_clip
    from reknown.video.isolation import annotate_isolated

    marks = marks_of(found, blur_unknown=blur_unknown)
    with open_clip(path) as file, written(target) as output, progress_bar(target.name) as progress:
        return annotate_isolated(file, marks, output, progress)


def marks_of(found: VideoIdentification, *, blur_unknown: bool) -> list[Mark]:
    """What to draw: every track with the name of its appearance."""
    from reknown.cli.output import percent, printable
    from reknown.video.marks import Mark, Place

    marks = []
    for appearance in found.appearances:
        best = appearance.best
        lines: tuple[str, ...] = (printable(label(appearance)),)
        if best is not None:
            lines += (f"similarity {percent(best.similarity)}",)
        for number in appearance.tracks:
            seen = found.analysis.tracks[number].observations
            places = tuple(Place(one.time_ms, one.face.box) for one in seen)
            marks.append(Mark(lines, best is not None, blur_unknown and best is None, places))
    return marks
