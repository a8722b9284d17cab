"""The demo's steps on a film: who appears when, and who was the stranger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reknown.cli.demo_images import EILEEN, GRACE, jpeg

if TYPE_CHECKING:
    from reknown.services.context import Context
    from reknown.services.searches.search import Query

_DAYS = 30
_FILM, _REPORT, _ANNOTATED = "film.mp4", "film.html", "film-annotated.mp4"


def show_film(context: Context, query: Query, out: Path) -> bool:
    """Finds who is enrolled in a film and keeps its tracks; whether that is right."""
    from reknown.cli.demo_film import write_film
    from reknown.cli.video.annotate import annotate_clip
    from reknown.cli.video.clips import progress_bar
    from reknown.cli.video.output import label, print_text
    from reknown.cli.video.report import write_report
    from reknown.services.archive.sightings import Keeping
    from reknown.services.videos.clips import analyse_clip
    from reknown.services.videos.identification import identify_video

    film, platform = out / _FILM, context.platform
    out.mkdir(parents=True, exist_ok=True)
    write_film(film)
    pack = platform.engines.default_pack
    with progress_bar(_FILM) as progress:
        analysis = analyse_clip(platform, film, pack, progress, cut_outs=True)
    found = identify_video(context, query, analysis, Keeping(_FILM, _DAYS))
    print_text(film, found)
    write_report(out / _REPORT, _FILM, found)
    annotate_clip(film, found, out / _ANNOTATED, blur_unknown=True)
    typer.echo(f"   timeline: {out / _REPORT}; strangers blurred: {out / _ANNOTATED}")
    named = {label(each) for each in found.appearances if each.candidates}
    return named == {EILEEN.name} and len(named) < len({each.person for each in found.appearances})


def search_past(context: Context, query: Query) -> bool:
    """Looks for the stranger in the film that was kept; whether she is found."""
    from reknown.cli.video.search import print_matches
    from reknown.services.searches.sightings import (
        VIDEOS,
        FaceSearch,
        open_sightings,
        search_sightings,
    )

    gallery = open_sightings(context, query.collection, query.threshold, VIDEOS)
    ((_, found),) = search_sightings(context, gallery, [jpeg(GRACE.crop())])
    if not isinstance(found, FaceSearch):
        raise found
    print_matches(Path(f"{GRACE.name}.jpg"), found)
    return bool(found.matches)
