"""What is allowed now, against what the ledger says was allowed.

Rights, rules and consents are state in tables beside the ledger; whoever can write to the database
could widen them and leave the ledger as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, DatabaseError, InputError
from reknown.ledger.tree import find_index
from reknown.ledger.verification.faults import Fault
from reknown.services.proofs.tables.consents import consent_faults
from reknown.services.proofs.tables.keys import key_faults
from reknown.services.proofs.tables.policies import policy_faults, stop_faults
from reknown.services.proofs.tables.reviewers import reviewer_faults
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.storage.database import Database

    Watch = Callable[[int, int], None]

_SUBJECTS = {
    "rights": key_faults,
    "policy": policy_faults,
    "stop": stop_faults,
    "reviewer": reviewer_faults,
    "consent": consent_faults,
}


def check_tables(database: Database, watch: Watch = lambda _done, _of: None) -> list[Fault]:
    """What is other than the records say, each with the last record of it and its index.

    `watch` is told how many kinds of state have been compared, and of how many.
    """
    found = list(_found(database, watch))
    if found:
        # whatever changed between the reading of records and tables is right the second time
        again = set(_found(database, watch))
        found = [fault for fault in found if fault in again]
    return [_placed(database, fault) for fault in found]


def _found(database: Database, watch: Watch) -> Iterator[Fault]:
    for number, (what, faults) in enumerate(_SUBJECTS.items()):
        watch(number, len(_SUBJECTS))
        try:
            yield from faults(database)
        except (AccessError, DatabaseError, InputError, ValueError) as error:
            yield Fault(what, str(error))
    watch(len(_SUBJECTS), len(_SUBJECTS))


def _placed(database: Database, fault: Fault) -> Fault:
    if fault.record is None:
        return fault
    try:
        with reading(database) as connection:
            index = find_index(connection, fault.record)
    except InputError:  # its leaf is gone, which the verification of the log names
        return fault
    return Fault(fault.what, fault.message, index, fault.record)
