"""The commands below `reknown evaluate`."""

from __future__ import annotations

import importlib.util

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.evaluate import audit
from reknown.cli.evaluate.calibrate import calibrate
from reknown.cli.evaluate.compare import compare
from reknown.cli.evaluate.groups import groups
from reknown.cli.evaluate.identify import identify
from reknown.cli.evaluate.verify import verify

_NEEDED = ("scipy", "jinja2", "matplotlib")
cli = typer.Typer(
    help="How often is it wrong, and for whom? Measured with NIST's methods.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@cli.callback()
def root() -> None:
    """Raises `InputError` when this installation lacks what evaluations need."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"evaluations need {' and '.join(missing)}: pip install 'reknown[evaluation]'"
        )


cli.command()(verify)
cli.command()(calibrate)
cli.command()(compare)
cli.command()(identify)
cli.command()(groups)
cli.add_typer(audit.cli, name="audit")
