"""Keys of templates and names, apart from them: opened with the database, and mended."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reknown.access.vault import read_vault
from reknown.gallery.keys import (
    attach_keyring,
    drop_unreadable,
    keyring_in,
    lend_keyring,
    require_matching,
    sweep_all_keys,
    sweep_keys,
)
from reknown.gallery.sealing import count_unsealed, seal_portion
from reknown.ledger.tree import read_head
from reknown.sealing.keyring import Keyring
from reknown.sealing.opening import look_into, open_keyring, schema_name
from reknown.services.master_key import open_vault, unlock_with
from reknown.storage.database import compact as rewrite
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.storage.server import ServerAddress

    Watch = Callable[[int, int], None]

# What is sealed at once when a database is opened: it takes about a second.
_FEW = 20_000
_PORTION = 10_000
PLANTED = (
    "%s templates and names were never sealed, and all others are: they were written past Reknown "
    "and do not open: reknown doctor"
)
_logger = logging.getLogger(__name__)


@contextmanager
def opened_keyring(database: Database, location: Path | ServerAddress) -> Iterator[Keyring]:
    """The keyring of the database, which is at this location; locked yet, closed afterwards.

    Raises `DatabaseError` where it cannot be used, is another's, or lacks keys that are in use.
    """
    keyring = open_keyring(location, schema_name(database))
    try:
        require_matching(database, keyring)
        keyring.belong_to(_name_of(database))
        attach_keyring(database, keyring)
        yield keyring
    finally:
        keyring.close()


def _name_of(database: Database) -> str:
    with reading(database) as connection:
        return read_head(connection).origin


@contextmanager
def lent_keyring(
    database: Database, location: Path | ServerAddress, folder: Path, secret: str | None
) -> Iterator[None]:
    """What is sealed opens meanwhile, for who only reads, if there is a keyring and its key.

    The keyring of the database is at this location, the master key is the secret or in the folder.
    """
    vault = read_vault(folder, secret)
    store = None if vault is None else look_into(location, schema_name(database))
    if vault is None or store is None:
        yield
        return
    keyring = Keyring(store)
    try:
        unlock_with(keyring, vault)
        lend_keyring(database, keyring)
        yield
    finally:
        store.dispose()


def unlock(context: Context, keyring: Keyring, folder: Path, secret: str | None) -> None:
    """Opens the keyring with the master key, makes that if there is none, and does what is left.

    Keys that a killed process left are destroyed, and what is stored from before there were keys is
    sealed, unless it is much. Raises `AccessError`.
    """
    open_vault(context, folder, secret)
    sweep_keys(context.database, keyring)
    with reading(context.database) as connection:
        unsealed = count_unsealed(connection)
    if keyring.all_sealed():
        if unsealed:
            _logger.warning(PLANTED, f"{unsealed:,}")
    elif unsealed > _FEW:
        _logger.warning(
            "%s templates and names are not sealed yet: run reknown compact", f"{unsealed:,}"
        )
    else:
        seal_stored(context)


def seal_stored(
    context: Context, watch: Callable[[int, int], None] = lambda _done, _of: None
) -> int:
    """Seals what was stored before there were keys, while others go on; how many parts.

    `watch` is told how many are done, of how many. Once all are, what has no key is not
    of our making, and stays as it is.
    """
    keyring = keyring_in(context.database)
    if keyring is None or keyring.all_sealed():
        return 0
    with reading(context.database) as connection:
        total = count_unsealed(connection)
    done = 0
    while True:
        with context.database.begin() as connection:
            sealed = seal_portion(connection, _PORTION)
        if not sealed:
            keyring.expect_sealed()
            return done
        done += sealed
        watch(done, max(done, total))


def compact(context: Context, watch: Watch = lambda _done, _of: None) -> tuple[int, int]:
    """Seals what is not sealed, and writes database and keyring anew; the database's bytes.

    Before and afterwards. `watch` as in `seal_stored`. Raises `DatabaseError` where others do not
    let it.
    """
    seal_stored(context, watch)
    keyring = keyring_in(context.database)
    if keyring is not None:
        keyring.compact()
    return rewrite(context.database)


def fit_keyring(database: Database, folder: Path, vault: Vault | None) -> int:
    """Brings a restored database and a keyring that may be newer or older together.

    Deletes the records whose keys are not there, and destroys the keys that no record has; how
    many records. Nobody else uses them. Raises `AccessError` where the keyring is not that of the
    vault's master key.
    """
    keyring = open_keyring(folder)
    try:
        if vault is not None:
            unlock_with(keyring, vault)
            keyring.check()
        with database.begin() as connection:
            dropped = drop_unreadable(connection, keyring)
            unsealed = count_unsealed(connection)
        if unsealed:  # the backup is of before all were
            keyring.expect_sealed(everywhere=False)
        sweep_all_keys(database, keyring)
        keyring.belong_to(_name_of(database), anew=True)
    finally:
        keyring.close()
    return dropped
