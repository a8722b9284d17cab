"""The demo's steps on a film: who appears when, and who was the stranger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reknown.cli.demo_pictures import EILEEN, GRACE, jpeg

if TYPE_CHECKING:
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine

_DAYS = 30
_FILM, _REPORT, _ANNOTATED = "film.mp4", "film.html", "film-annotated.mp4"


def show_film(engine: Engine, database: Database, collection: str, actor: Actor, out: Path) -> bool:
    """Finds who is enrolled in a film and keeps its tracks; whether that is right."""
    from reknown.cli.demo_film import write_film
    from reknown.cli.video.annotate import annotate_clip
    from reknown.cli.video.clips import analyse_clip
    from reknown.cli.video.output import label, print_text
    from reknown.cli.video.report import write_report
    from reknown.services.decision import threshold_at_similarity
    from reknown.services.kept_tracks import Keeping
    from reknown.services.video_identification import VideoIdentifier
    from reknown.settings import read_settings
    from reknown.video.isolation import AnalysisRequest

    film, settings = out / _FILM, read_settings()
    out.mkdir(parents=True, exist_ok=True)
    write_film(film)
    request = AnalysisRequest(engine.space.pack, settings.cache, settings.packs, pictures=True)
    limit = threshold_at_similarity(engine.calibration)
    identifier = VideoIdentifier(database, collection, limit, actor)
    found = identifier.identify(analyse_clip(film, request), keeping=Keeping(_FILM, _DAYS))
    print_text(film, found)
    write_report(out / _REPORT, _FILM, found, (collection, limit))
    annotate_clip(film, found, out / _ANNOTATED, blur_unknown=True)
    typer.echo(f"   timeline: {out / _REPORT}; strangers blurred: {out / _ANNOTATED}")
    named = {label(each) for each in found.appearances if each.candidates}
    return named == {EILEEN.name} and len(named) < len({each.person for each in found.appearances})


def search_past(
    engine: Engine, database: Database, collection: str, actor: Actor, folder: Path
) -> bool:
    """Looks for the stranger in the film that was kept; whether she is found."""
    from reknown.cli.video.search import print_matches
    from reknown.services.decision import threshold_at_similarity
    from reknown.services.kept_tracks import TrackSearch, TrackSearcher

    path = folder / f"{GRACE.name}.jpg"
    path.write_bytes(jpeg(GRACE.crop()))
    limit = threshold_at_similarity(engine.calibration)
    searcher = TrackSearcher(engine, database, collection, limit, actor)
    ((_, found),) = searcher.search_all([path], 20)
    if not isinstance(found, TrackSearch):
        raise found
    print_matches(Path(path.name), found)
    return bool(found.matches)
