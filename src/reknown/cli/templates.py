"""`reknown import` and `reknown export`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import ReknownError
from reknown.cli.options import CollectionName, Data, Json, Pack
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="An .npz or .parquet file of templates.", show_default=False
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    new_ids: Annotated[
        bool,
        typer.Option(
            "--new-ids",
            help="Give each face an id of its own here, for a copy of a gallery that is in this "
            "data folder too. The same file gets the same ids again.",
        ),
    ] = False,
    pack: Pack = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Add templates from a file: of another Reknown, or of your own program.

    `reknown export` writes such a file. Yours needs one array: `vectors`, a row of length one for
    each face. `users`, `external_ids` and more may stand beside it, a value for each row:

    \b
      numpy.savez("faces.npz", vectors=vectors, users=["Ada", "Ada", "Bob"])
      reknown import faces.npz --collection friends --pack opencv

    Such a file does not say which model pack made the vectors: --pack does, and has to be right,
    as templates of two packs can never be compared. Nothing in the file is run.

    The gallery is made when it does not exist. This may be interrupted and run again at any time:
    what is in is passed over, and what was counted is on disk. Templates are biometric data of
    people, as their photos are: docs/how-to/move-templates.md.
    """
    from reknown.cli.output import counted, print_json, printable
    from reknown.cli.session import open_context
    from reknown.services.galleries.template_files import ImportChoice, import_file

    started = time.monotonic()
    with open_context(data) as context, _watching(f"importing into {collection}") as watch:
        done = import_file(context, collection, file, ImportChoice(pack, new_ids), watch)
    seconds = time.monotonic() - started
    if json:
        print_json({"collection": collection, "added": done.added, "known": done.known})
        return
    total = done.added + done.known
    added, known = counted(done.added, "face"), counted(done.known, "was", "were")
    rate = total / max(seconds, 1e-9)
    typer.echo(
        f"{printable(collection)}: {added} imported, {known} in already "
        f"({seconds:.1f} s, {rate:,.0f} faces/s)"
    )


def export(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="An .npz or .parquet file.", show_default=False
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    users: Annotated[
        list[str] | None,
        typer.Option("--user", metavar="NAME", help="Only this person's; may be repeated."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE if it is there, once the new one is.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write the templates of a gallery into a file, for another Reknown or your own program.

    Its faces as they are at this moment: vectors, people, external ids, where each face was in
    which image, and the space that the templates are comparable in. No images, and no people
    without faces. Open it with numpy.load or any reader of Parquet.

    The file holds biometric data, not encrypted, and only you can read it: keep it as safe as the
    data folder, and delete it when it has done its work. The ledger notes the export.
    """
    from reknown.cli.output import counted, print_json, printable
    from reknown.cli.session import open_context
    from reknown.services.galleries.template_files import export_file

    with open_context(data) as context, _watching(f"exporting {collection}", "") as watch:
        count = export_file(context, collection, output, users or (), watch, replace=force)
    size = output.stat().st_size
    if json:
        print_json({"collection": collection, "faces": count, "file": str(output), "bytes": size})
        return
    typer.echo(f"{printable(str(output))}: {counted(count, 'face')} of {printable(collection)}")


@contextmanager
def _watching(
    what: str, again: str = ": run the same again to go on"
) -> Iterator[Callable[[int, int], None]]:
    """A bar; where it ends early, how far it got, and what to do if it can go on from there."""
    from reknown.cli.output import progress

    done = total = 0

    with progress() as bar:
        task = bar.add_task(what, total=None)

        def watch(now: int, of: int) -> None:
            nonlocal done, total
            done, total = now, of
            bar.update(task, completed=now, total=of)

        try:
            yield watch
        except (KeyboardInterrupt, SystemExit, ReknownError, OSError) as error:
            bar.stop()
            how = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
            if again and (done or how == "interrupted"):  # else the error alone says more
                typer.echo(f"{how} after {done:,} of {total:,} faces{again}", err=True)
            raise
