"""The commands below `reknown evaluate`."""

from __future__ import annotations

import typer

from reknown.cli.evaluate import audit
from reknown.cli.evaluate.calibrate import calibrate
from reknown.cli.evaluate.compare import compare
from reknown.cli.evaluate.groups import groups
from reknown.cli.evaluate.identify import identify
from reknown.cli.evaluate.verify import verify
from reknown.services.extras import require_evaluation_support

cli = typer.Typer(
    help="How often is it wrong, and for whom? Measured with NIST's methods.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@cli.callback()
def root() -> None:
    """Raises `InputError` when this installation lacks what evaluations need."""
    require_evaluation_support()


cli.command()(verify)
cli.command()(calibrate)
cli.command()(compare)
cli.command()(identify)
cli.command()(groups)
cli.add_typer(audit.cli, name="audit")
