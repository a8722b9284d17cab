"""Everything from one database into another, and the proof that it is the same."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reknown.access import keys
from reknown.access.vault import FILE, VARIABLE, read_vault, write_key
from reknown.biometrics.errors import AccessError, DatabaseError, InputError
from reknown.gallery.keys import newest_key
from reknown.ledger import log
from reknown.ledger.records import MigrateRecord, MoveKeyringRecord
from reknown.sealing.opening import open_keyring, schema_name
from reknown.services.access import check_secrets
from reknown.services.proofs.signing import sign_as
from reknown.storage.database import close_database, is_shared, open_database
from reknown.storage.moving import places
from reknown.storage.moving.comparing import ComparedTable, compare_tables
from reknown.storage.moving.copying import copy_table, require_same
from reknown.storage.moving.tables import Location, name_of, sequences, set_sequences, tables_of
from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.access.vault import Vault
    from reknown.ledger.actor import Actor
    from reknown.storage.database import Connection

    # told the stage, the table, and how many more of its rows are done
    Watch = Callable[[str, str, int], None]

__all__ = ["ComparedTable", "Location", "Moved", "Watch", "move"]

COPYING, COMPARING = "copy", "compare"


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: each table with its digests; `key_file` is where the master key now lies.

    It is None where the key was given by hand, or there is none.
    """

    tables: tuple[ComparedTable, ...]
    key_file: Path | None

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.source_rows for table in self.tables)

    @property
    def sha256(self) -> str:
        """Over the digests of all tables, by their names."""
        ordered = sorted(self.tables, key=lambda table: table.name)
        lines = (f"{table.source_digest}  {table.name}\n" for table in ordered)
        return sha256("".join(lines).encode()).hexdigest()


def move(
    actor: Actor,
    source: Location,
    target: Location,
    secrets: tuple[Path, str | None],
    watch: Watch = lambda _stage, _table, _rows: None,
) -> Moved:
    """Copies all rows of all tables with their keys, then reads both databases and compares them.

    The target is empty, or was left by the same move when that was cut off, which then goes on.
    Nobody can open it before all was found the same; the source is only read, and nobody writes to
    it meanwhile. `secrets` are the folder of the master key, and the key itself if it was given.

    Raises `DatabaseError` where either is in use or the two are not the same in the end,
    `InputError` for a target that holds something, `AccessError` when the master key is not the
    one of the access keys.
    """
    if _resolved(source) == _resolved(target):
        raise InputError("source and target are the same: name two databases")
    with places.source(source) as old:
        vault = _vault(old, secrets)
        key_file = _key_file(target, secrets, vault)
        with places.target(target) as new:
            places.begin(new, name_of(old), _shown(target))
            _copy(old, new, watch)
            moved = Moved(tuple(_compare(old, new, watch)), key_file)
            _require_same_rows(moved)
            if newest_key(old):
                _move_keys((source, old), (target, new))
            if vault is not None and isinstance(target, Path) and key_file is not None:
                _put_key(key_file, vault)
            record = MigrateRecord(
                "postgresql" if is_shared(old) else "sqlite", moved.rows, moved.sha256
            )
            sign_as(new.engine, vault)
            with new.begin():
                set_sequences(new, sequences(old))
                log.append(new, actor, None, record)
                places.finish(new)
    return moved


def move_keyring(
    actor: Actor, database: Location, vault: Vault | None, old: Location, new: Location
) -> int:
    """Moves the keys of a database elsewhere, which nobody else uses meanwhile; how many.

    Nothing is left in the old place. Cut off at any moment, the same goes on. Raises as `move`
    does, also where the new place has the keys of another gallery.
    """
    with places.source(database, emptied=True) as held, ExitStack() as opened:
        schema = schema_name(held.engine)
        theirs, ours = (open_keyring(each, schema) for each in (old, new))
        opened.callback(theirs.close)
        opened.callback(ours.close)
        if theirs.is_at(ours):  # to empty one would be to empty both
            raise InputError("the keyring is there already: name another place")
        if theirs.next_key() > 1 or not ours.holds_keys():
            ours.take_over(theirs)
        theirs.empty()
        keys = ours.count()
    opened_again = open_database(database)
    try:
        sign_as(opened_again, vault)
        log.record(opened_again, actor, None, MoveKeyringRecord(_kind(old), _kind(new), keys))
    finally:
        close_database(opened_again)
    return keys


def _kind(place: Location) -> Literal["folder", "server"]:
    return "server" if isinstance(place, ServerAddress) else "folder"


def _move_keys(old: tuple[Location, Connection], new: tuple[Location, Connection]) -> None:
    """The keyring of one database becomes that of the other."""
    with ExitStack() as opened:
        theirs, ours = (open_keyring(at, schema_name(its.engine)) for at, its in (old, new))
        opened.callback(theirs.close)
        opened.callback(ours.close)
        ours.take_over(theirs)


def _resolved(place: Location) -> Location:
    return place.resolve() if isinstance(place, Path) else place


def _copy(old: Connection, new: Connection, watch: Watch) -> None:
    tables = tables_of(old)
    with new.begin():
        into = tables_of(new)
    require_same(tables, into)
    for name, table in tables.items():

        def told(rows: int, name: str = name) -> None:
            watch(COPYING, name, rows)

        told(0)
        copy_table(old, new, (table, into[name]), told)


def _compare(old: Connection, new: Connection, watch: Watch) -> Iterator[ComparedTable]:
    with _read_only(new):
        into = tables_of(new)
        for name, table in tables_of(old).items():

            def told(rows: int, name: str = name) -> None:
                watch(COMPARING, name, rows)

            yield compare_tables(old, new, (table, into[name]), told)


@contextmanager
def _read_only(connection: Connection) -> Iterator[None]:
    with connection.begin() as transaction:
        yield
        transaction.rollback()


def _require_same_rows(moved: Moved) -> None:
    wrong = [table for table in moved.tables if not table.same]
    if wrong:
        lines = [
            f"{table.name}: {table.different:,} of {table.source_rows:,} rows, such as "
            f"{'; '.join(table.differences)}"
            for table in wrong
        ]
        raise DatabaseError(
            "\n  ".join(
                [
                    "the two databases are not the same, and the target stays closed. Was the "
                    "source written to after a first attempt, or the target by others? Empty the "
                    "target and run the same again:",
                    *lines,
                ]
            )
        )


def _vault(old: Connection, secrets: tuple[Path, str | None]) -> Vault | None:
    """What seals the source's secrets; it must open them in the target too."""
    folder, given = secrets
    vault = read_vault(folder, given)
    if vault is not None:
        check_secrets(old, vault)
    elif keys.list_keys(old):
        raise AccessError(
            f"the master key of this database is neither {folder / FILE} nor {VARIABLE}: without "
            "it access keys are of no use: put it there, or revoke them first with reknown keys "
            "revoke"
        )
    return vault


def _key_file(
    target: Location, secrets: tuple[Path, str | None], vault: Vault | None
) -> Path | None:
    """Where the key is to lie; raises `AccessError` where another one does."""
    folder, given = secrets
    if vault is None or given is not None:
        return None
    if isinstance(target, ServerAddress):
        return folder / FILE
    there = read_vault(target, None)
    if there is not None and there.fingerprint != vault.fingerprint:
        raise AccessError(f"{target / FILE} is another master key than the source's: move it away")
    return target / FILE


def _put_key(file: Path, vault: Vault) -> None:
    if not file.exists():
        write_key(file, vault)


def _shown(location: Location) -> str:
    return "the target" if isinstance(location, ServerAddress) else str(location)
