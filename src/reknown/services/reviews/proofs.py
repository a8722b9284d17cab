"""Proofs that the ledger's records are in its log, for those who have only a packet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError
from reknown.proofs.reknown_check import PROOFS
from reknown.services.proofs.records import prove_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reknown.services.context import Context


def proofs_of(context: Context, records: Sequence[int]) -> dict[str, Any]:
    """The proofs of these records by their numbers, each as `reknown ledger prove` writes it.

    None where the ledger is not signed. `reknown ledger check` takes the whole.
    """
    try:
        proven = [json.loads(prove_record(context, each)) for each in records]
    except InputError as error:
        return {"format": PROOFS, "records": [], "why": str(error)}
    return {"format": PROOFS, "records": proven}
