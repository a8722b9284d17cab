"""The commands below `reknown ledger`."""

from __future__ import annotations

import typer

from reknown.cli.anywhere import with_database
from reknown.cli.late import late_group
from reknown.cli.ledger.show import show

_COMMANDS = {
    "verify": "reknown.cli.ledger.verify:verify",
    "prove": "reknown.cli.ledger.records:prove",
    "export": "reknown.cli.ledger.records:export",
    "checkpoint": "reknown.cli.ledger.checkpoints:checkpoint",
    "key": "reknown.cli.ledger.checkpoints:key",
    "consistency": "reknown.cli.ledger.checkpoints:consistency",
    "check": "reknown.cli.ledger.check:check",
    "checker": "reknown.cli.ledger.check:checker",
    "witness": "reknown.cli.ledger.witness:witness",
}

cli = typer.Typer(cls=late_group(_COMMANDS), rich_markup_mode=None, no_args_is_help=False)
cli.callback(invoke_without_command=True)(with_database(show))
