"""The command line: `reknown`."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from reknown import __version__
from reknown.biometrics.errors import NoFaceError, ReknownError
from reknown.cli import (
    backup,
    collections,
    compact,
    compare,
    config,
    demo,
    detect,
    doctor,
    enroll,
    faces,
    find,
    groups,
    identify,
    keys,
    ledger,
    models,
    restore,
    scan,
    serve,
    text,
    users,
    worker,
)
from reknown.cli.evaluate import app as evaluate
from reknown.cli.options import ConfigFile
from reknown.cli.output import EXIT_ERROR, EXIT_NEGATIVE, printable
from reknown.cli.video import app as video
from reknown.shortages import shortage

if TYPE_CHECKING:
    from types import FrameType

cli = typer.Typer(
    name="reknown",
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
cli.command()(demo.demo)
cli.command()(detect.detect)
cli.command()(text.text)
cli.command()(compare.compare)
cli.command()(enroll.enroll)
cli.command()(identify.identify)
cli.command()(scan.scan)
cli.command()(find.find)
cli.add_typer(groups.cli, name="groups")
cli.add_typer(video.cli, name="video")
cli.add_typer(collections.cli, name="collections")
cli.add_typer(users.cli, name="users")
cli.add_typer(faces.cli, name="faces")
cli.command()(ledger.ledger)
cli.command()(serve.serve)
cli.command()(worker.worker)
cli.command()(backup.backup)
cli.command()(restore.restore)
cli.add_typer(config.cli, name="config")
cli.add_typer(keys.cli, name="keys")
cli.add_typer(models.cli, name="models")
cli.add_typer(evaluate.cli, name="evaluate")
cli.command()(compact.compact)
cli.command()(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reknown {__version__}")
        raise typer.Exit


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
