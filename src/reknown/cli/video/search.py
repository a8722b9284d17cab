"""`reknown video search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import (
    Approval,
    CollectionName,
    Data,
    Draw,
    Json,
    Purpose,
    Score,
    Threshold,
)
from reknown.configuration import DEFAULT_COLLECTION
from reknown.reporting.times import clock

if TYPE_CHECKING:
    from reknown.services.searches.sightings import FaceSearch, SightingMatch
    from reknown.vision.draw import Label

_COLUMNS = ("video", "from ", "to ", "best at ", "similarity ", "score ", "false match rate ")


def search(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="FACE...", help="Image files; the largest face of each is searched for."
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    threshold: Threshold = None,
    score: Score = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="Tracks an image.")] = 20,
    draw: Draw = None,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    approval: Approval = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Search past strangers: where in kept videos was this face?

    Searches all faces that `reknown video identify --keep DAYS` has kept and that have not
    expired. Answers are candidates for a person to check: look at the video at that moment.
    Each search is recorded (`reknown ledger`). Status 1 when an image finds nothing.
    """
    from reknown.biometrics.thresholds import ThresholdChoice
    from reknown.cli.identify import print_threshold, warn_of
    from reknown.cli.images import View, show_all
    from reknown.cli.output import printable
    from reknown.cli.session import open_context
    from reknown.cli.video.tracks import warn_of_foreign
    from reknown.services.archive.sightings import count_foreign
    from reknown.services.searches.sightings import VIDEOS, open_sightings, search_sightings

    with open_context(data) as context:
        gallery = open_sightings(context, collection, ThresholdChoice(threshold, score), VIDEOS)
        if not json:
            what = f"{counted(gallery.size, 'kept track')} in {printable(collection)}"
            print_threshold(what, gallery.threshold, gallery.size)
        warn_of(gallery.threshold, gallery.size)
        foreign = count_foreign(context, collection, gallery.templates.space)
        warn_of_foreign(foreign, gallery.templates.space)
        view: View[FaceSearch] = View(
            image=lambda found: found.extraction.image,
            positive=lambda found: bool(found.matches),
            as_json=lambda found: _json(found) | {"tracks_left_out": sum(foreign.values())},
            as_text=print_matches,
            labels=_labels,
        )
        results = search_sightings(context, gallery, images, top)
        decode = context.platform.executor.decode
        show_all(results, images, view, decode=decode, json=json, draw=draw)


def print_matches(path: Path, found: FaceSearch) -> None:
    """A table of the tracks that the image's largest face resembles."""
    from reknown.cli.identify import print_case
    from reknown.cli.output import print_table, printable

    others = len(found.extraction.faces) - 1
    title = f"{path}: tracks: {len(found.matches)}"
    if others:
        title += f"; searched for the largest face only, {others} left out"
    if found.matches:
        print_table(_COLUMNS, [_row(match) for match in found.matches], title)
    else:
        typer.echo(printable(f"{title}; no candidate"))
    if found.case is not None:
        print_case(found.case)


def _row(match: SightingMatch) -> tuple[str, ...]:
    from reknown.cli.output import one_in, percent

    track, meaning = match.record.sighting, match.comparison
    return (
        track.medium.name,
        clock(track.start_ms),
        clock(track.end_ms),
        clock(track.best_ms),
        percent(meaning.similarity),
        f"{meaning.score:.4f}",
        one_in(meaning.false_match_rate),
    )


def _json(found: FaceSearch) -> dict[str, object]:
    from reknown.cli.video.tracks import track_json

    case = {} if found.case is None else {"case": found.case}
    return case | {
        "faces": len(found.extraction.faces),
        "threshold": found.gallery.threshold.score,
        "tracks_searched": found.gallery.size,
        "expected_false_candidates": found.gallery.expected_false_candidates,
        "tracks": [
            track_json(match.record)
            | {
                "score": match.comparison.score,
                "similarity": match.comparison.similarity,
                "false_match_rate": match.comparison.false_match_rate,
            }
            for match in found.matches
        ],
    }


def _labels(found: FaceSearch) -> list[Label]:
    from reknown.vision.draw import Label

    lines = (counted(len(found.matches), "track"),)
    return [Label(found.extraction.faces[0].box, lines, bool(found.matches))]
