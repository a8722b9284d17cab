"""`reknown backup`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.text import counted
from reknown.cli.options import Data, Json
from reknown.cli.passphrase import PassphraseFile, ask_passphrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.services.backups.backup import Backup, Secrets

WithoutKeys = Annotated[
    bool,
    typer.Option(
        "--without-keys",
        help="Leave the master key out. Without it neither templates nor the secrets of access "
        "keys can be opened: keep it elsewhere.",
    ),
]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the backup.")],
    without_keys: WithoutKeys = False,
    passphrase_file: PassphraseFile = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE if it is there, once the new one is.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write everything in the data folder into one file, while the server runs.

    Galleries, ledger, jobs and access keys as they are at this moment, checked, with checksums;
    and the master key, sealed with a passphrase of at least 12 characters. Templates are sealed,
    and their keys lie beside it in reknown.keyring, which each backup in that folder replaces:
    whoever was deleted before it cannot be read from older ones there any more.

    `reknown restore FILE` makes a data folder of it.
    """
    from reknown.cli.session import open_context
    from reknown.services.backups.backup import back_up, require_gallery
    from reknown.settings import read_settings
    from reknown.storage.snapshot import file_of

    settings = read_settings(data)
    if settings.database is None:
        require_gallery(settings.data)
    with open_context(data) as context, _terminable():
        file_of(context.database)  # before anybody is asked for a passphrase
        secrets = None if without_keys else _secrets(data, passphrase_file)
        with watching("backup") as watch:
            made = back_up(context, file, secrets, replace=force, watch=watch)
    show_backup(made, "backed up to", json=json)


def show_backup(backup: Backup, done: str, *, json: bool, **more: str) -> None:
    """What is in it and as of when, for people or machines."""
    from reknown.cli.output import print_json, printable

    manifest, counts = backup.manifest, backup.manifest.counts
    if json:
        about = {"backup": str(backup.file), **more, "bytes": backup.size, "sha256": backup.sha256}
        print_json(
            about
            | {name: getattr(manifest, name) for name in ("reknown", "schema", "taken_at")}
            | {"master_key": manifest.master_key, "counts": counts, "dropped": backup.dropped}
            | ({"records": backup.records, "faults": backup.faults} if backup.records else {})
        )
        return
    typer.echo(
        f"{done} {printable(next(iter(more.values()), str(backup.file)))}: everything "
        f"acknowledged until {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC\n"
        f"  {counted(counts.collections, 'collection')}, "
        f"{counted(counts.users, 'person', 'people')}, "
        f"{counted(counts.faces, 'face')}, {counted(counts.sightings, 'sighting')}, "
        f"{counted(counts.access_keys, 'access key')}, "
        f"{counted(counts.events, 'row')} of the ledger"
    )
    if backup.faults:
        typer.echo(
            f"  Its ledger of {counted(backup.records, 'record')} has "
            f"{counted(backup.faults, 'fault')}: reknown "
            "ledger verify names them, and reknown ledger checkpoint --anew signs what is there."
        )
    elif backup.records:
        records = counted(backup.records, "record")
        typer.echo(f"  Its ledger of {records} is whole and as it was signed.")
    if backup.dropped:
        typer.echo(
            f"  {backup.dropped:,} faces and sightings were left out: they were deleted after it, "
            "and their keys are destroyed."
        )
    if not manifest.master_key and (counts.access_keys or manifest.keyring):
        typer.echo("  The master key is not in it, and nothing sealed opens without: keep it too.")


@contextmanager
def watching(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar in MiB."""
    from reknown.cli.output import progress

    with progress() as bar:
        task = bar.add_task(f"{what} (MiB)", total=None)

        def watch(done: int, total: int) -> None:
            bar.update(task, completed=done >> 20, total=total >> 20)

        yield watch


def _secrets(data: Path | None, passphrase_file: Path | None) -> Secrets | None:
    """None where nothing was ever sealed."""
    from reknown.runtime.location import given_key
    from reknown.services.backups.backup import Secrets
    from reknown.services.master_key import find_vault
    from reknown.settings import read_settings

    settings = read_settings(data)
    vault = find_vault(settings.data, given_key(settings))
    if vault is None:
        return None
    return Secrets(vault, ask_passphrase(passphrase_file, confirm=True))


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does: what was written halfway is removed."""
    import signal
    import sys

    before = signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
