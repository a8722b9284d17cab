"""The commands below `reknown video`."""

from __future__ import annotations

import typer

from reknown.cli.video import tracks
from reknown.cli.video.identify import identify
from reknown.cli.video.search import search

cli = typer.Typer(
    help="Who appears in a video, and when? Search past strangers.\n\n"
    "Start with `reknown enroll PEOPLE/` and `reknown video identify CLIP.mp4`. With `--keep 30` "
    "the faces in it can be searched for 30 days: `reknown video search FACE.jpg`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
cli.command()(identify)
cli.command()(search)
cli.add_typer(tracks.cli, name="tracks")
