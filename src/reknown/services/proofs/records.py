"""A record with its proof, or all of them, for people who have nothing but the public key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.ledger.exporting import exported, row_of
from reknown.ledger.tree import find_index, prove_inclusion, read_head, root_at
from reknown.proofs.leaves import leaf_of
from reknown.proofs.reknown_check import LOG, PROOF, read_checkpoint
from reknown.services.proofs.checkpoints import checkpoint_in, newest_checkpoint
from reknown.services.proofs.encoding import base64_of
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO

    from reknown.services.context import Context

__all__ = ["export_log", "proof_of", "prove_record"]


def prove_record(context: Context, record: int, checkpoint: Path | None = None) -> str:
    """The record with the proof that it is in the log, as JSON.

    The proof is for the newest checkpoint, or for one that others have signed too. Raises
    `InputError` for a record or a checkpoint that the ledger does not have.
    """
    document = proof_of(context, record, checkpoint)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def proof_of(context: Context, record: int, checkpoint: Path | None = None) -> Mapping[str, object]:
    """The same as a document."""
    if checkpoint is None:
        note = newest_checkpoint(context)
        signed = read_checkpoint(note)
    else:
        signed, note = checkpoint_in(checkpoint)
    with reading(context.database) as connection:
        index = find_index(connection, record)
        row = row_of(connection, record)
        if row is None:
            raise InputError(f"record {record} has expired: nothing is left of it but its leaf")
        size = read_head(connection).size
        if signed.size > size or root_at(connection, signed.size) != signed.root:
            raise InputError("the checkpoint is not of this log: see reknown ledger verify")
        if index >= signed.size:
            raise InputError(
                f"record {record} came after the checkpoint of {signed.size:,} records: make a "
                "newer one with reknown ledger checkpoint"
            )
        proof = prove_inclusion(connection, index, signed.size)
    return {
        "format": PROOF,
        "record": json.loads(leaf_of(row)),
        "index": index,
        "proof": [base64_of(each) for each in proof],
        "checkpoint": note,
    }


def export_log(
    context: Context, file: IO[bytes], watch: Callable[[int, int], None] = lambda _done, _of: None
) -> int:
    """Writes all records that are under the newest checkpoint, a line each; how many.

    The first line has the checkpoint. Raises `InputError` for a ledger that is not signed.
    """
    note = newest_checkpoint(context)
    size = read_checkpoint(note).size
    file.write(json.dumps({"format": LOG, "checkpoint": note}, ensure_ascii=False).encode() + b"\n")
    for done, (hashed, row) in enumerate(exported(context.database, size), start=1):
        gone = b'{"expired":"' + base64_of(hashed).encode() + b'"}'
        file.write((gone if row is None else leaf_of(row)) + b"\n")
        if not done % 1000 or done == size:
            watch(done, size)
    return size
