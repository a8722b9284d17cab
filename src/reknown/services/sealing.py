"""Templates sealed with keys that lie apart from them: opened with the database, and mended."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reknown.gallery.keys import (
    attach_keyring,
    drop_unreadable,
    keyring_in,
    require_matching,
    sweep_all_keys,
    sweep_keys,
)
from reknown.gallery.sealing import count_unsealed, seal_portion
from reknown.sealing.opening import open_keyring, schema_name
from reknown.services.master_key import open_vault, unlock_with
from reknown.storage.database import compact as rewrite
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.sealing.keyring import Keyring
    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.storage.server import ServerAddress

    Watch = Callable[[int, int], None]

# What is sealed at once when a database is opened: it takes about a second.
_FEW = 20_000
_PORTION = 10_000
_logger = logging.getLogger(__name__)


@contextmanager
def opened_keyring(database: Database, location: Path | ServerAddress) -> Iterator[Keyring]:
    """The keyring of the database, locked yet; closed afterwards.

    Raises `DatabaseError` where it cannot be used, or lacks keys that are in use.
    """
    keyring = open_keyring(location, schema_name(database))
    try:
        require_matching(database, keyring)
        attach_keyring(database, keyring)
        yield keyring
    finally:
        keyring.close()


def unlock(context: Context, keyring: Keyring, folder: Path, secret: str | None) -> None:
    """Opens the keyring with the master key, makes that if there is none, and does what is left.

    Keys that a killed process left are destroyed, and templates from before there were keys are
    sealed, unless they are many. Raises `AccessError`.
    """
    open_vault(context, folder, secret)
    sweep_keys(context.database, keyring)
    with reading(context.database) as connection:
        unsealed = count_unsealed(connection)
    if unsealed > _FEW:
        _logger.warning("%s templates are not sealed yet: run reknown compact", f"{unsealed:,}")
    elif unsealed:
        seal_stored(context)


def seal_stored(
    context: Context, watch: Callable[[int, int], None] = lambda _done, _of: None
) -> int:
    """Seals what was stored before there were keys, while others go on; how many templates.

    `watch` is told how many are done, of how many.
    """
    with reading(context.database) as connection:
        total = count_unsealed(connection)
    done = 0
    while True:
        with context.database.begin() as connection:
            sealed = seal_portion(connection, _PORTION)
        if not sealed:
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
        sweep_all_keys(database, keyring)
    finally:
        keyring.close()
    return dropped
