"""`reknown video search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import (
    DEFAULT_COLLECTION,
    CollectionName,
    Data,
    Draw,
    Json,
    Score,
    Threshold,
)
from reknown.cli.video.times import clock

if TYPE_CHECKING:
    from reknown.services.kept_tracks import TrackMatch, TrackSearch
    from reknown.vision.draw import Label

_COLUMNS = ("video", "from ", "to ", "best at ", "similarity ", "score ", "false match rate ")


def search(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="FACE...", help="JPEG or PNG files; the largest face of each is searched for."
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    threshold: Threshold = None,
    score: Score = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="Tracks a picture.")] = 20,
    draw: Draw = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Search past strangers: where in kept videos was this face?

    Searches all faces that `reknown video identify --keep DAYS` has kept and that have not
    expired. Answers are candidates for a person to check: look at the video at that moment.
    Each search is recorded (`reknown ledger`). Status 1 when a picture finds nothing.
    """
    from reknown.cli.identify import print_threshold, warn_of
    from reknown.cli.output import printable
    from reknown.cli.pictures import View, show_all
    from reknown.cli.session import engine_of_collection, open_gallery, threshold_of
    from reknown.cli.video.tracks import warn_of_foreign
    from reknown.services.kept_tracks import TrackSearcher, count_foreign
    from reknown.settings import read_settings

    with open_gallery(data) as database:
        engine = engine_of_collection(database, collection)
        limit = threshold_of(engine.calibration, threshold, score)
        searcher = TrackSearcher(engine, database, collection, limit, read_settings().actor)
        if not json:
            tracks = "kept track" if searcher.tracks == 1 else "kept tracks"
            what = f"{searcher.tracks:,} {tracks} in {printable(collection)}"
            print_threshold(what, limit, searcher.tracks)
        warn_of(limit, searcher.tracks)
        foreign = count_foreign(database, collection, searcher.space)
        warn_of_foreign(foreign, searcher.space)
        view: View[TrackSearch] = View(
            photo=lambda found: found.photo,
            positive=lambda found: bool(found.matches),
            as_json=lambda found: _json(found) | {"tracks_left_out": sum(foreign.values())},
            as_text=print_matches,
            labels=_labels,
        )
        show_all(searcher.search_all(images, top), images, view, json=json, draw=draw)


def print_matches(path: Path, found: TrackSearch) -> None:
    """A table of the tracks that the picture's largest face resembles."""
    from reknown.cli.output import print_table, printable

    others = len(found.photo.faces) - 1
    title = f"{path}: tracks: {len(found.matches)}"
    if others:
        title += f"; searched for the largest face only, {others} left out"
    if found.matches:
        print_table(_COLUMNS, [_row(match) for match in found.matches], title)
    else:
        typer.echo(printable(f"{title}; no candidate"))


def _row(match: TrackMatch) -> tuple[str, ...]:
    from reknown.cli.output import one_in, percent

    track, meaning = match.record.track, match.comparison
    return (
        track.video_name,
        clock(track.start_ms),
        clock(track.end_ms),
        clock(track.best_ms),
        percent(meaning.similarity),
        f"{meaning.score:.4f}",
        one_in(meaning.false_match_rate),
    )


def _json(found: TrackSearch) -> dict[str, object]:
    from reknown.cli.video.tracks import track_json

    return {
        "faces": len(found.photo.faces),
        "threshold": found.threshold,
        "tracks_searched": found.tracks,
        "expected_false_candidates": found.expected_false_candidates,
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


def _labels(found: TrackSearch) -> list[Label]:
    from reknown.vision.draw import Label

    lines = (f"{len(found.matches)} tracks",)
    return [Label(found.photo.faces[0].box, lines, bool(found.matches))]
