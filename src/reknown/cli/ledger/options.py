"""What the commands about proofs share."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.access.vault import Vault

    Watch = Callable[[int, int], None]

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Where to write it, in place of the screen."),
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="VKEY",
        help="A public key of the ledger, as `reknown ledger key` prints it. May be repeated.",
        show_default=False,
    ),
]


def find_key(data: Path | None) -> Vault | None:
    """The master key here, None where there is none."""
    from reknown.runtime.location import given_key
    from reknown.services.master_key import find_vault
    from reknown.settings import read_settings

    settings = read_settings(data)
    return find_vault(settings.data, given_key(settings))


def require_key(data: Path | None) -> Vault:
    """The same; raises `AccessError` where there is none."""
    vault = find_key(data)
    if vault is None:
        raise AccessError(
            "there is no master key here, which signs the ledger: reknown keys create makes one, "
            "or set REKNOWN_MASTER_KEY to that of this database"
        )
    return vault


def put(text: str, out: Path | None) -> None:
    """On the screen, or into a file; raises `InputError` where that cannot be written."""
    if out is None:
        typer.echo(text, nl=False)
        return
    from reknown.reporting.files import write_text

    write_text(out, text)


@contextmanager
def counting(what: str) -> Iterator[Watch]:
    """A bar of records."""
    with countings(what) as (watch,):
        yield watch


@contextmanager
def countings(*what: str) -> Iterator[tuple[Watch, ...]]:
    """A bar of each, one under the other."""
    from reknown.cli.output import progress

    with progress() as bar:

        def watching(name: str) -> Watch:
            task = bar.add_task(name, total=None)

            def watch(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            return watch

        yield tuple(map(watching, what))
