"""The command line: `reknown`."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from reknown import __version__
from reknown.biometrics.errors import NoFaceError, ReknownError
from reknown.cli.late import late_group
from reknown.cli.options import ConfigFile
from reknown.cli.output import EXIT_ERROR, EXIT_NEGATIVE, printable
from reknown.cli.plain_values import take_values_plainly
from reknown.shortages import shortage

if TYPE_CHECKING:
    from types import FrameType

# In the order that help lists them in.
_COMMANDS = {
    "demo": "reknown.cli.demo:demo",
    "detect": "reknown.cli.detect:detect",
    "text": "reknown.cli.text:text",
    "compare": "reknown.cli.compare:compare",
    "enroll": "reknown.cli.enroll:enroll",
    "identify": "reknown.cli.identify:identify",
    "watch": "reknown.cli.watch:watch",
    "scan": "reknown.cli.scan:scan",
    "find": "reknown.cli.find:find",
    "consent": "reknown.cli.consent:cli",
    "sweep": "reknown.cli.sweep:sweep",
    "approvals": "reknown.cli.approvals:cli",
    "stop-searches": "reknown.cli.stops:stop_searches",
    "resume-searches": "reknown.cli.stops:resume_searches",
    "ledger": "reknown.cli.ledger.app:cli",
    "usage": "reknown.cli.usage:usage",
    "drift": "reknown.cli.drift:drift",
    "report": "reknown.cli.report:cli",
    "serve": "reknown.cli.serve:serve",
    "worker": "reknown.cli.worker:worker",
    "jobs": "reknown.cli.jobs:cli",
    "watches": "reknown.cli.watches:cli",
    "events": "reknown.cli.events:events",
    "console": "reknown.cli.console:console",
    "backup": "reknown.cli.backup:backup",
    "restore": "reknown.cli.restore:restore",
    "migrate": "reknown.cli.migrate:migrate",
    "import": "reknown.cli.templates:import_",
    "export": "reknown.cli.templates:export",
    "erase": "reknown.cli.erase:erase",
    "compact": "reknown.cli.compact:compact",
    "doctor": "reknown.cli.doctor:doctor",
    "video": "reknown.cli.video.app:cli",
    "sightings": "reknown.cli.sightings:cli",
    "groups": "reknown.cli.groups:cli",
    "collections": "reknown.cli.collections:cli",
    "users": "reknown.cli.users:cli",
    "faces": "reknown.cli.faces:cli",
    "archive": "reknown.cli.archive:cli",
    "reviews": "reknown.cli.reviews.app:cli",
    "reviewers": "reknown.cli.reviewers:cli",
    "config": "reknown.cli.config:cli",
    "keys": "reknown.cli.keys:cli",
    "keyring": "reknown.cli.keyring:cli",
    "accounts": "reknown.cli.accounts:cli",
    "models": "reknown.cli.models:cli",
    "evaluate": "reknown.cli.evaluate.app:cli",
}

cli = typer.Typer(
    name="reknown",
    cls=late_group(_COMMANDS),
    help="Face recognition on your own machine: find faces, compare them, search a gallery.\n\n"
    "Start with `reknown demo`, then `reknown enroll PEOPLE/` (a folder for each person) and "
    "`reknown identify PHOTO.jpg`.\n\n"
    "Exit status: 0 done, 1 a negative answer (no face, no match, some images refused), "
    "2 an error.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would take longer to import than all the rest
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reknown {__version__}")
        raise typer.Exit


take_values_plainly()


@cli.callback()
def root(
    context: typer.Context,
    config_file: ConfigFile = None,  # noqa: ARG001 - its callback takes it
    version: Annotated[  # noqa: ARG001 - so does its
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Takes the options that stand before the command."""
    if context.invoked_subcommand != "evaluate":
        # NumPy's BLAS starts a thread for each core as it is imported, and each spins.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def app() -> None:
    """Runs the command line; errors end it with a line, or a list, and status 2, no face with 1.

    SIGTERM ends it from within, so that what is open is closed, with status 143.
    """
    signal.signal(signal.SIGTERM, _end)
    # Nothing is left to collect at the end: to look for it took a fifth of a short command's time.
    atexit.register(gc.freeze)
    try:
        cli()
    except ReknownError as error:
        # indented lines are lists of ours; nothing in a name can begin a line of its own
        lines = "\n  ".join(map(printable, str(error).split("\n  ")))
        sys.stderr.write(f"reknown: {lines}\n")
        sys.exit(EXIT_NEGATIVE if isinstance(error, NoFaceError) else EXIT_ERROR)
    except Exception as error:  # Python's own status for a crash is 1, which says "no" here
        if (short := shortage(error)) is not None:
            sys.stderr.write(f"reknown: {short}\n")
        else:
            traceback.print_exc()
        sys.exit(EXIT_ERROR)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
