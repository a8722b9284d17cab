"""The head of the log is signed in every transaction, by whoever has the master key.

What was signed last is looked at before anything is signed on top of it, so that a head that
somebody else wrote is never vouched for.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError
from reknown.ledger.tree import read_head, root_at
from reknown.proofs.notes import SigningKey
from reknown.proofs.reknown_check import Unproven, read_checkpoint, require_signed
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from reknown.ledger.checkpoint_file import CheckpointFile
    from reknown.ledger.tree import Head
    from reknown.proofs.merkle import Frontier
    from reknown.proofs.reknown_check import Checkpoint
    from reknown.storage.database import Database

_SIGNING = "signing"
_FILE_SECONDS, _FILE_RECORDS = 60.0, 1000
_REFUSED = (
    "the ledger is not signed any more, as its head is not what was signed last: run reknown "
    "ledger verify"
)
_logger = logging.getLogger(__name__)


class Signing:
    """Signs with the key that `find` gives once there is one; safe for many threads.

    Where it gives several, as while the master key is changed, it is the one that signed last. They
    are asked for again when another one has.

    A checkpoint that is in the database goes to the `file` too, at most one a minute but for every
    thousand records, and at the end.
    """

    def __init__(
        self,
        find: Callable[[], tuple[bytes, ...]] = tuple,
        file: CheckpointFile | None = None,
    ) -> None:
        self._find = find
        self._file = file
        self._seeds: tuple[bytes, ...] = ()
        self._keys: tuple[SigningKey, ...] = ()
        self._mine: tuple[str, Checkpoint] | None = None
        # the newest checkpoint that was in the database, or in the file
        self._known: Checkpoint | None = None
        self._looked = self._told = self._signed = False
        self._written_size, self._written_at = 0, time.monotonic()

    def key(self) -> SigningKey | None:
        """What signs, None while there is no master key; raises `AccessError` for a bad one."""
        if not self._keys:
            self._look_for_keys()
        return self._keys[0] if self._keys else None

    def sign(self, origin: str, size: int, root: bytes) -> str:
        """A checkpoint; there has to be a key."""
        key = self.key()
        assert key is not None
        note = key.checkpoint(origin, size, root)
        self._mine, self._signed = (note, read_checkpoint(note)), True
        return note

    def trusts(self, connection: Connection, head: Head, tree: Frontier) -> bool:
        """Whether there is a key, and the head goes on from what it signed last."""
        if self.key() is None:
            return False
        self._look_into_file(head.origin)
        signed = self._signed_before(head)
        if signed is None and head.note is not None and self._look_for_keys():
            signed = self._signed_before(head)
        sound = (head.note is None and self._known is None) or (
            signed is not None and self._goes_on(connection, head, signed)
        )
        if not sound or tree.root() != head.root:
            if not self._told:
                _logger.warning(_REFUSED)
            self._told = True
            return False
        if head.note is not None and signed is not None:
            self._known = signed
            self._write(head.note, signed.size)
        return True

    def _look_for_keys(self) -> bool:
        """Whether there are others than before."""
        seeds = self._find()
        if set(seeds) == set(self._seeds):
            return False
        self._seeds, self._keys = seeds, tuple(map(SigningKey, seeds))
        return True

    def close(self, database: Database) -> None:
        """Puts what was signed last into the file, if this process signed anything."""
        if self._file is None or not self._signed:
            return
        with reading(database) as connection:
            note = read_head(connection).note
        if note is not None and read_checkpoint(note).size > self._written_size:
            self._file.append(note)

    def _look_into_file(self, origin: str) -> None:
        if self._looked:
            return
        self._looked = True
        last = None if self._file is None else self._file.last()
        if last is not None and last.origin == origin and self._signer(last) is not None:
            self._known, self._written_size = last, last.size

    def _signed_before(self, head: Head) -> Checkpoint | None:
        """The checkpoint in the head, if it is of a key of ours and of this log."""
        if head.note is None:
            return None
        if self._mine is not None and self._mine[0] == head.note:
            return self._mine[1]
        try:
            found = read_checkpoint(head.note)
        except ValueError:
            return None
        signer = self._signer(found) if found.origin == head.origin else None
        if signer is None:
            return None
        if signer is not self._keys[0]:  # it goes on with that
            self._keys = (signer, *(each for each in self._keys if each is not signer))
        return found

    def _signer(self, checkpoint: Checkpoint) -> SigningKey | None:
        return next((key for key in self._keys if _is_signed(checkpoint, key)), None)

    def _goes_on(self, connection: Connection, head: Head, signed: Checkpoint) -> bool:
        known = self._known
        if known is not None and signed.size < known.size:
            return False
        if known is not None and signed.size == known.size and signed.root != known.root:
            return False
        if signed.size == head.size:
            return signed.root == head.root
        if signed.size > head.size:
            return False
        try:  # others, who have no key, have added to it
            roots = root_at(connection, signed.size), root_at(connection, head.size)
            return roots == (signed.root, head.root)
        except DatabaseError:
            return False

    def _write(self, note: str, size: int) -> None:
        """Into the file, when it is time; the note is in the database."""
        now = time.monotonic()
        late = now - self._written_at >= _FILE_SECONDS
        if self._file is None or size <= self._written_size:
            return
        if late or size - self._written_size >= _FILE_RECORDS:
            self._file.append(note)
            self._written_size, self._written_at = size, now


def sign_with(database: Database, signing: Signing) -> None:
    """Has the heads signed that this engine writes."""
    database.update_execution_options(**{_SIGNING: signing})


def signing_of(connection: Connection) -> Signing:
    """What signs the heads that this connection writes."""
    found: Signing | None = connection.engine.get_execution_options().get(_SIGNING)
    return found or Signing()


def _is_signed(checkpoint: Checkpoint, key: SigningKey) -> bool:
    try:
        require_signed(checkpoint, [key.public(checkpoint.origin)])
    except Unproven:
        return False
    return True
