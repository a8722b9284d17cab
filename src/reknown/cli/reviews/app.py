"""The commands below `reknown reviews`."""

from __future__ import annotations

import typer

from reknown.cli.reviews.disclosure import check, checker, packet
from reknown.cli.reviews.judging import adjudicate, appeal, judge
from reknown.cli.reviews.queue import list_, rates, show

cli = typer.Typer(
    help="Candidates that people have to judge, as the collection's policy asks for.\n\n"
    "A search opens a case. Reviewers (`reknown reviewers`) look at it with `show` and `judge` "
    "each candidate, blind to scores, ranks and each other. An outcome is an opinion to be "
    "followed up by other means, never an identification.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
cli.command("list")(list_)
cli.command()(show)
cli.command()(judge)
cli.command()(adjudicate)
cli.command()(appeal)
cli.command()(rates)
cli.command()(packet)
cli.command()(check)
cli.command()(checker)
