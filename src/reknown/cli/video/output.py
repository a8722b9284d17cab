"""A video's answer as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.text import counted
from reknown.reporting.times import clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.services.videos.identification import Appearance, VideoIdentification

_COLUMNS = ("from ", "to ", "person", "similarity ", "score ", "false match rate ", "best at ")


def label(appearance: Appearance) -> str:
    """The best candidate's name, or "unknown" with the video's number of the person, from 1."""
    from reknown.cli.identify import name_of

    best = appearance.best
    return f"unknown {appearance.person + 1}" if best is None else name_of(best)


def unsearched(appearance: Appearance) -> str:
    """Why the gallery was not searched with it, in words; empty where it was."""
    return (
        "not searched: " + "; ".join(map(str, appearance.objections))
        if appearance.objections
        else ""
    )


def print_text(path: Path, found: VideoIdentification) -> None:
    """The intervals as a table, and what they mean."""
    from reknown.cli.output import console, print_table, printable

    out = console()
    tracks = len(found.analysis.tracks)
    people = len({track.person for track in found.analysis.tracks})
    length = clock(found.analysis.info.duration_ms)
    title = printable(f"{path}: {length}, people: {people}, tracks: {tracks}")
    if not found.appearances:
        out.print(f"{title}; no face was found", markup=False)
    else:
        print_table(_COLUMNS, [row for a in found.appearances for row in _rows(a)], title)
    for appearance in found.appearances:
        if appearance.objections:
            out.print(printable(f"{label(appearance)}, {unsearched(appearance)}"), markup=False)
    if tracks and found.expected_in_video is not None:
        out.print(
            f"expected false candidates in this video: {found.expected_in_video:.2g} "
            "if all its tracks searched were of strangers",
            markup=False,
        )
    if found.kept is not None:
        out.print(
            f"kept {counted(found.kept.tracks, 'track')} until "
            f"{found.kept.expires_at:%Y-%m-%d %H:%M} UTC: "
            "`reknown video search FACE.jpg` searches them",
            markup=False,
        )


def _rows(appearance: Appearance) -> Iterator[tuple[str, ...]]:
    from reknown.cli.identify import name_of
    from reknown.cli.output import one_in, percent

    place = (clock(appearance.from_ms), clock(appearance.to_ms))
    best_at = clock(appearance.best_ms)
    if not appearance.candidates:
        yield (*place, label(appearance), "-", "-", "-", best_at)
    for candidate in appearance.candidates:
        first = candidate.rank == 1
        yield (
            *(place if first else ("", "")),
            name_of(candidate),
            percent(candidate.similarity),
            f"{candidate.score:.4f}",
            one_in(candidate.false_match_rate),
            best_at if first else "",
        )


def as_json(path: Path, found: VideoIdentification) -> dict[str, object]:
    """The same for machines; people are numbered from 1, as in the text."""
    analysis, effort = found.analysis, found.analysis.effort
    return {
        "video": str(path),
        "sha256": analysis.sha256,
        "info": analysis.info,
        "frames": {
            "decoded": effort.frames,
            "searched": effort.searched,
            "embedded": effort.embedded,
        },
        "tracks": len(analysis.tracks),
        "warnings": analysis.warnings,
        "threshold": found.searched.threshold.score,
        "gallery_size": found.searched.gallery_size,
        "references": found.searched.references,
        "expected_false_candidates": found.searched.expected_false_candidates,
        "expected_in_video": found.expected_in_video,
        "kept": found.kept,
        "appearances": [
            {
                "from_ms": appearance.from_ms,
                "to_ms": appearance.to_ms,
                "best_ms": appearance.best_ms,
                "person": appearance.person + 1,
                "tracks": len(appearance.tracks),
                "candidates": appearance.candidates,
                "objections": appearance.objections,
            }
            for appearance in found.appearances
        ],
    }
