"""`reknown keyring`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.rotation import Rotated

cli = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@cli.callback()
def keyring() -> None:
    """The keys that templates are sealed with, and the master key over them."""


@cli.command()
def rotate(
    handover: Annotated[
        Path | None,
        typer.Option(
            "--handover",
            metavar="FILE",
            help="Write the proof of the ledger's new public key there; `reknown ledger check` "
            "checks it with the former one.",
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Change the master key and the keys of all collections, while servers go on.

    A new master key is made in the data folder, and the former is overwritten in the end. Where it
    is given (REKNOWN_MASTER_KEY, master_key_file), give OLD,NEW to every server first, run this
    with NEW,OLD, then give them NEW. Cut off at any moment, the same command goes on.

    The ledger's public key changes too: hand over the new one. Keys of records stay: whoever has a
    copy of the keyring and the former master key can still read copies of the database. Make a
    backup now: those of before need the former master key.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.output import print_json, progress
    from reknown.cli.session import open_context
    from reknown.runtime.location import given_key
    from reknown.services.rotation import rotate_keys
    from reknown.settings import read_settings

    if handover is not None and handover.exists():
        raise InputError(f"{handover} exists: choose another name")
    settings = read_settings(data)
    with open_context(data) as context, progress() as bar:
        task = bar.add_task("keys", total=None)
        done = rotate_keys(
            context,
            settings.data,
            given_key(settings),
            lambda count: bar.update(task, completed=count),
        )
    if handover is not None:
        _write(handover, done)
    if json:
        print_json(
            {
                name: getattr(done, name)
                for name in ("fingerprint", "public_key", "collections", "keys")
            }
        )
        return
    typer.echo(
        f"the master key is another one now, with the fingerprint {done.fingerprint[:12]}; "
        f"new keys for {counted(done.collections, 'collection')}, with "
        f"{counted(done.keys, 'key')} of records\n"
        f"  The ledger's public key is {done.public_key}: give it to those who check the ledger.\n"
        "  Backups of before need the former master key: make one now."
    )


@cli.command()
def move(
    target: Annotated[
        str,
        typer.Option(
            "--to", metavar="PLACE", help="A folder, or postgresql://USER@HOST/NAME; made or empty."
        ),
    ],
    data: Data = None,
    json: Json = False,
) -> None:
    """Move the keys of templates to another place, so that who gets at galleries has no keys.

    Stop servers, workers and commands before: a database in use is refused. Then set
    REKNOWN_KEYRING, or `keyring` in reknown.toml, on every machine, and start servers again. To
    bring them back, name the data folder or the database. Cut off at any moment, the same command
    goes on.
    """
    from reknown.cli.output import print_json, printable
    from reknown.runtime.location import given_key, keyring_of, location_of, place_of_keys
    from reknown.services.master_key import find_vault
    from reknown.services.moving import move_keyring
    from reknown.settings import read_place, read_settings

    settings = read_settings(data)
    new = place_of_keys(read_place(target, "--to"), settings)
    vault = find_vault(settings.data, given_key(settings))
    keys = move_keyring(settings.actor, location_of(settings), vault, keyring_of(settings), new)
    if json:
        print_json({"keys": keys})
        return
    typer.echo(
        f"moved {counted(keys, 'key')} to {printable(target)}: set REKNOWN_KEYRING, or "
        "`keyring` in reknown.toml, to it"
    )


def _write(file: Path, done: Rotated) -> None:
    from json import dumps

    from reknown.biometrics.errors import InputError
    from reknown.cli.ledger.options import put

    if done.handover is None:
        raise InputError(
            "the keys are changed, but the proof of it was made before this was cut off: reknown "
            "ledger prove RECORD, with the former checkpoint, makes it again"
        )
    put(dumps(done.handover, indent=1, ensure_ascii=False) + "\n", file)
