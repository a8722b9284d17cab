"""Was the ledger changed? Every record against the log, and the log against what was signed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.ledger import log
from reknown.ledger.checkpoint_file import NAME, CheckpointFile
from reknown.ledger.expiry import expired_records
from reknown.ledger.records import AdoptMasterKeyRecord
from reknown.ledger.tree import read_head
from reknown.ledger.verification.heads import Claim
from reknown.ledger.verification.log import LogEvidence, verify_log
from reknown.proofs.notes import SigningKey
from reknown.proofs.reknown_check import read_key
from reknown.services.proofs.checkpoints import read_checkpoint_file
from reknown.services.proofs.quotas import check_quotas
from reknown.services.proofs.signing import ledger_key
from reknown.services.proofs.state import read_state, write_state
from reknown.services.proofs.tables.check import check_tables
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reknown.access.vault import Vault
    from reknown.ledger.verification.faults import Fault
    from reknown.proofs.reknown_check import VerifyingKey
    from reknown.services.context import Context
    from reknown.storage.database import Database

    # told how many records are done, of how many
    Watch = Callable[[int, int], None]

__all__ = ["LedgerEvidence", "Verified", "verify_ledger", "verify_log_of"]


@dataclass(frozen=True, slots=True)
class LedgerEvidence:
    """What to verify with, besides the database: the data folder, and what is known elsewhere.

    `keys` are public keys that the ledger signed with, beside that of the `vault`; `files` hold
    checkpoints, a witness's or an auditor's. How far it was found right is kept in the folder,
    unless told not to `remember`.
    """

    folder: Path
    vault: Vault | None = None
    keys: Sequence[VerifyingKey] = ()
    files: Sequence[Path] = ()
    remember: bool = True


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found: `checked` of `size` records were read, the others had been before.

    The first `signed` of them are under a checkpoint; `signatures` says whether there was a
    key to verify those with. The faults are named up to a bound, and counted.
    """

    origin: str
    size: int
    root: str
    checked: int
    expired: int
    signed: int
    signatures: bool
    checkpoints: int
    fault_count: int
    faults: tuple[Fault, ...]


def verify_ledger(
    context: Context,
    evidence: LedgerEvidence,
    *,
    full: bool = False,
    watch: Watch = lambda _done, _of: None,
    compared: Watch = lambda _done, _of: None,
) -> Verified:
    """Reads all of the ledger, or what is new since it was found right; with `full` all of it.

    `watch` is told of records, `compared` of the kinds of state that were compared with them.
    Raises `DatabaseError` for a database that cannot be read, and `InputError` for a file that
    holds no checkpoint.
    """
    return verify_log_of(context.database, evidence, full=full, watch=watch, compared=compared)


def verify_log_of(
    database: Database,
    evidence: LedgerEvidence,
    *,
    full: bool = False,
    watch: Watch = lambda _done, _of: None,
    compared: Watch = lambda _done, _of: None,
) -> Verified:
    """The same of a database that nobody works with yet."""
    given = [Claim(str(file), read_checkpoint_file(file)) for file in evidence.files]
    with reading(database) as connection:
        origin = read_head(connection).origin
    vault, start = evidence.vault, None
    keys = list(evidence.keys)
    if vault is not None:
        keys += [SigningKey(ledger_key(each)).public(origin) for each in vault.each]
        keys += _former_keys(database)
        start = None if full else read_state(evidence.folder, vault, origin)
    kept, broken = _kept(evidence.folder, origin, 0 if start is None else start.tree.size)
    with reading(database) as connection:
        until = expired_records(connection).until
    found = verify_log(database, start, LogEvidence(keys, [*given, *kept], broken, until), watch)
    faults = found.faults
    for fault in [*check_tables(database, compared), *check_quotas(database)]:
        faults.add(fault.what, fault.message, fault.index, fault.record)
    if vault is not None and evidence.remember and not faults.count:
        write_state(evidence.folder, vault, origin, found.end)
    return Verified(
        origin,
        found.size,
        found.root.hex(),
        found.checked,
        found.expired,
        found.signed,
        bool(keys),
        found.checkpoints,
        faults.count,
        tuple(faults.named),
    )


def _former_keys(database: Database) -> list[VerifyingKey]:
    """Public keys that the ledger signed with before its master key was changed, as it says."""
    adopted = log.stream(database, log.Choice(operation=AdoptMasterKeyRecord.OPERATION))
    said = [event.record for event in adopted]
    told = [each.former_key for each in said if isinstance(each, AdoptMasterKeyRecord)]
    keys = []
    for each in told:
        with suppress(ValueError):  # whoever wrote that has changed the record, and it shows
            keys += [] if each is None else [read_key(each)]
    return keys


def _kept(folder: Path, origin: str, after: int) -> tuple[list[Claim], list[str]]:
    """The checkpoints of this ledger in the data folder, from a size on, and what is wrong there.

    Another ledger's may be among them, of a database that was used with the folder before.
    """
    claims: list[Claim] = []
    broken: list[str] = []
    last = None
    for number, found in CheckpointFile(folder / NAME).read():
        if found is None:
            broken.append(f"line {number} of {NAME} is no checkpoint")
            continue
        last = found
        if found.origin == origin and found.size >= after:
            claims.append(Claim(f"line {number} of {NAME}", found))
    if last is not None and last.origin != origin:
        broken.append(
            f"the newest checkpoint in {NAME} is of another ledger, {last.origin}: this database "
            "took the place of that one"
        )
    return claims, broken
