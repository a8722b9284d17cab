"""`reknown migrate`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.configuration import Settings
    from reknown.services.moving import Location, Moved, Watch


def migrate(
    target: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="PLACE",
            help="Empty database to fill: a data folder, or postgresql://USER@HOST/NAME.",
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="PLACE",
            help="Database to move, likewise.  [default: the one that commands use]",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Move everything from a data folder to PostgreSQL, or back.

    Galleries, ledger, jobs, access keys and all else, with their ids. Then both databases are
    read and compared row by row; until they are found the same nobody can open the new one. Stop
    servers, workers and commands before: a database in use is refused. The old one is only read.

    Cut off at any moment, the same command goes on where it was. Then set REKNOWN_DATABASE, or
    `database` in reknown.toml, and start servers again.

    Passwords come from REKNOWN_DATABASE_PASSWORD or ~/.pgpass.
    """
    from reknown.cli.output import print_json
    from reknown.runtime.location import given_key, location_of
    from reknown.services.moving import move
    from reknown.settings import read_settings

    settings = read_settings(data)
    old = location_of(settings) if source is None else _place(source, "--from", settings)
    new = _place(target, "--to", settings)
    folder = old if isinstance(old, Path) else settings.data
    with _watching(json=json) as watch:
        moved = move(settings.actor, old, new, (folder, given_key(settings)), watch)
    if not json:
        _show(moved, target)
        return
    for table in moved.tables:
        print_json({"table": table.name, "rows": table.source_rows, "sha256": table.source_digest})
    key_file = None if moved.key_file is None else str(moved.key_file)
    print_json({"rows": moved.rows, "sha256": moved.sha256, "master_key": key_file})


def _place(text: str, flag: str, settings: Settings) -> Location:
    """A folder, or a database on a server with the password of the environment."""
    from reknown.biometrics.errors import InputError
    from reknown.configuration import DatabaseUrl
    from reknown.runtime.location import server_at

    if "://" not in text:
        return Path(text)
    if DatabaseUrl(text).has_secret:
        raise InputError(
            f"{flag} must not hold a password, which others may read there: set "
            "REKNOWN_DATABASE_PASSWORD, or write it into ~/.pgpass"
        )
    return server_at(text, settings.database_connections)


@contextmanager
def _watching(*, json: bool) -> Iterator[Watch]:
    """A bar of rows for each table; for machines a line as each begins."""
    from reknown.cli.output import print_json, progress

    with progress() as bar:
        task = bar.add_task("migrate", total=None)
        before: list[tuple[str, str]] = []

        def watch(stage: str, table: str, rows: int) -> None:
            if before != [(stage, table)]:
                before[:] = [(stage, table)]
                bar.update(task, description=f"{stage} {table}", completed=0)
                if json:
                    print_json({"stage": stage, "table": table})
            bar.update(task, advance=rows)

        yield watch


def _show(moved: Moved, target: str) -> None:
    from reknown.cli.output import print_table, printable

    rows = [
        (table.name, f"{table.source_rows:,}", table.source_digest[:16]) for table in moved.tables
    ]
    print_table(("table", "rows", "sha256"), rows)
    typer.echo(
        f"\nmoved {counted(moved.rows, 'row')} to {printable(target)}: both databases "
        "were read and are the same"
    )
    if moved.key_file is not None:
        typer.echo(f"  The master key is {moved.key_file}: every server needs it.")
    typer.echo("  The old database is as it was: delete it once you trust the new one.")
