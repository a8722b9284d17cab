"""The head and the checkpoints against what the leaves make."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from reknown.biometrics.errors import DatabaseError
from reknown.ledger.schema import checkpoints, events, leaves, nodes
from reknown.ledger.tree import root_at
from reknown.proofs.merkle import STRIDE, packed
from reknown.proofs.reknown_check import Unproven, read_checkpoint, require_signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from reknown.ledger.tree import Head
    from reknown.ledger.verification.faults import Faults
    from reknown.proofs.merkle import Frontier
    from reknown.proofs.reknown_check import Checkpoint, VerifyingKey

_KEPT = select(checkpoints.c.size, checkpoints.c.note).order_by(checkpoints.c.size)
_LAST_LEAF = select(func.max(leaves.c.position))
_LAST_RECORDS = select(events.c.id).order_by(events.c.id)
_LEVELS = select(
    nodes.c.level, func.count(), func.min(nodes.c.position), func.max(nodes.c.position)
).group_by(nodes.c.level)
_MOST = 1000
HEAD = "the head"


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkpoint, and where it was found."""

    place: str
    checkpoint: Checkpoint


@dataclass(slots=True)
class Claims:
    """What checkpoints say of the log, compared as the tree grows; those of the same size at once.

    Without `keys` no signature can be verified. Wrong ones are faults, and claim nothing.
    """

    origin: str
    keys: Sequence[VerifyingKey]
    faults: Faults
    sizes: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    _by_size: dict[int, list[Claim]] = field(default_factory=dict)
    _agreed: int = 0
    _broken: bool = False

    @property
    def signed(self) -> int:
        """So many records are under the largest one."""
        return max(self.sizes.values(), default=0)

    def add(self, place: str, note: str, size: int | None = None) -> None:
        """A checkpoint as text; `size` is what the place says that it has."""
        try:
            found = read_checkpoint(note)
        except ValueError:
            self.faults.add("checkpoint", f"{place} is no checkpoint")
            return
        if size not in (None, found.size):
            self.faults.add("checkpoint", f"{place} is of size {found.size}, not {size}")
        self.claim(Claim(place, found))

    def claim(self, claim: Claim) -> None:
        """The same of one that was read."""
        found = claim.checkpoint
        if found.origin != self.origin:
            message = f"{claim.place} is of another ledger, {found.origin}, not {self.origin}"
            self.faults.add("checkpoint", message)
            return
        if self.keys:
            try:
                require_signed(found, self.keys)
            except Unproven:
                message = f"{claim.place}, of size {found.size}, is not signed by this ledger's key"
                self.faults.add("signature", message)
                return
        self.sizes[claim.place] = found.size
        self._by_size.setdefault(found.size, []).append(claim)

    def skipped(self, connection: Connection, size: int) -> None:
        """Compares those below a size, with roots that the tree in the database has."""
        for below in [each for each in self._by_size if each < size]:
            try:
                root = root_at(connection, below)
            except DatabaseError:
                root = b""
            for claim in self._by_size.pop(below):
                self._compare(claim, root)

    def passed(self, tree: Frontier) -> None:
        """Compares those of the size that the tree has reached."""
        claims = self._by_size.pop(tree.size, None)
        if claims is None:
            return
        root = tree.root()
        for claim in claims:
            self._compare(claim, root)

    def finish(self, size: int) -> None:
        """Those that say that the log was longer."""
        for claimed, claims in sorted(self._by_size.items()):
            for claim in claims:
                message = (
                    f"the log was cut off: {claim.place} says that it had {claimed} records, "
                    f"it has {size}"
                )
                self.faults.add("truncated", message, size)

    def _compare(self, claim: Claim, root: bytes) -> None:
        self.compared += 1
        if claim.checkpoint.root == root:
            self._agreed = max(self._agreed, claim.checkpoint.size)
        else:
            self._fork(claim, root)

    def _fork(self, claim: Claim, root: bytes) -> None:
        if self._broken:  # what follows cannot agree either
            return
        self._broken = True
        size = claim.checkpoint.size
        message = (
            f"the log was rewritten between indexes {self._agreed} and {size - 1}: the root "
            f"signed in {claim.place} is {_b64(claim.checkpoint.root)}, that of the records "
            f"{_b64(root)}"
        )
        self.faults.add("fork", message, self._agreed)


def kept_checkpoints(connection: Connection, after: int) -> Sequence[tuple[int, str]]:
    """Sizes and texts of the checkpoints in the database above a size, smallest first."""
    found = connection.execute(_KEPT.where(checkpoints.c.size > after))
    return [(row.size, row.note) for row in found]


def compare_head(head: Head, tree: Frontier, faults: Faults) -> None:
    """Size, root and frontier of the head are those of all leaves."""
    if head.size != tree.size:
        message = f"the head says that there are {head.size} records, there are {tree.size} leaves"
        faults.add("head", message, min(head.size, tree.size))
        return
    if head.root != tree.root():
        faults.add("head", "the root in the head is not that of the leaves", tree.size)
    if head.frontier != packed(tree):
        faults.add("head", "the frontier in the head is not that of the leaves", tree.size)


def count_leaves(connection: Connection) -> int:
    """How many there are, if none is missing between them."""
    last = connection.execute(_LAST_LEAF).scalar_one()
    return 0 if last is None else int(last) + 1


def compare_nodes(connection: Connection, size: int, faults: Faults) -> None:
    """No node is missing, and none is there that the log does not have."""
    wanted = {}
    level = STRIDE
    while size >> level:
        wanted[level] = size >> level
        level += STRIDE
    found = {row[0]: tuple(row[1:]) for row in connection.execute(_LEVELS)}
    for level in sorted({*wanted, *found}):
        count = wanted.get(level, 0)
        if found.get(level) != (count, 0, count - 1):
            faults.add("node", f"the tree has other nodes of level {level} than it should")


def compare_events(connection: Connection, after: int, faults: Faults) -> None:
    """No record is there that is not in the log; of ids above `after`."""
    known = select(leaves.c.event_id).where(leaves.c.event_id == events.c.id).exists()
    query = _LAST_RECORDS.where(events.c.id > after, ~known).limit(_MOST)
    for record in connection.execute(query).scalars():
        faults.add("inserted", f"record {record} is not in the log: it was inserted", record=record)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
