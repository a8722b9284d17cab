"""Checks what a ledger of Reknown says, with nothing but the public key of the ledger.

    python reknown_check.py FILE --key VKEY [--witness VKEY] [--earlier CHECKPOINT]

FILE is a proof of one record (`reknown ledger prove`), an exported log (`reknown ledger export`), a
proof of consistency (`reknown ledger consistency`) or a checkpoint. Prints one sentence. Exit
status: 0 proven, 1 not proven, 2 the file cannot be read.

Needs Python 3.9 or newer and the package `cryptography`; it is one file, to be read and copied.
Hashes are those of RFC 6962 and RFC 9162, records the canonical JSON of RFC 8785, checkpoints the
signed notes of C2SP (tlog-checkpoint, signed-note, tlog-cosignature).
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import math
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "EMPTY_ROOT",
    "STRIDE",
    "Checkpoint",
    "Frontier",
    "Unproven",
    "VerifyingKey",
    "canonical",
    "check_file",
    "is_consistent",
    "is_included",
    "key_id",
    "leaf_hash",
    "main",
    "node_hash",
    "read_checkpoint",
    "read_key",
    "require_cosigned",
    "require_signed",
]

PROOF, LOG, CONSISTENCY = "reknown-proof/1", "reknown-log/1", "reknown-consistency/1"
PROOFS = "reknown-proofs/1"
ED25519, COSIGNATURE = 1, 4
"""Kinds of signatures, as signed notes number them."""
STRIDE = 8
"""Every so many levels the complete nodes of the tree are kept."""
HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()

_LARGEST_INTEGER = 2**53 - 1
_LARGEST_FILE = 64 * 2**20
_LONGEST_LINE = 16 * 2**20
_DASH = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+]{1,255}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class Unproven(Exception):  # noqa: N818 - it is a verdict
    """What the file says is not proven; the message says why."""


class VerifyingKey(NamedTuple):
    """A public key as signed notes name it: `name+id+base64 of kind and key`."""

    name: str
    kind: int
    public: bytes

    def __str__(self) -> str:
        tail = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{key_id(self.name, self.kind, self.public).hex()}+{tail}"


class Signature(NamedTuple):
    """A line under a note: whose it claims to be, the id of that key, and the bytes."""

    name: str
    key: bytes
    value: bytes


class Checkpoint(NamedTuple):
    """What a log says of itself: its origin, how many records it has, and the root over them."""

    origin: str
    size: int
    root: bytes
    body: str
    signatures: tuple[Signature, ...]


# Trees -----------------------------------------------------------------------------------------


def leaf_hash(record: bytes) -> bytes:
    """Of one record (RFC 6962, 2.1)."""
    return sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of two subtrees (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """All that is needed of a tree to add to it: the roots of its complete parts, largest first."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Raises `ValueError` for other hashes than a tree of that size has."""
        self.size, self.hashes = size, list(hashes)
        if size < 0 or len(self.hashes) != bin(size).count("1"):
            raise ValueError("not the frontier of a tree of this size")
        if any(len(each) != HASH_BYTES for each in self.hashes):
            raise ValueError("not the frontier of a tree: a hash has 32 bytes")

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Adds a leaf's hash; the nodes to keep that it completes, as level, index and hash."""
        kept: list[tuple[int, int, bytes]] = []
        index, level = self.size, 0
        self.size += 1
        while index & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            index >>= 1
            level += 1
            if not level % STRIDE:
                kept.append((level, index, leaf))
        self.hashes.append(leaf)
        return kept

    def root(self) -> bytes:
        """Of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for each in self.hashes[-2::-1]:
            root = node_hash(each, root)
        return root


def is_included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf at its place in the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        return False
    place, last, found = index, size - 1, leaf
    for each in proof:
        if not last:
            return False
        if place & 1 or place == last:
            found = node_hash(each, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, each)
        place, last = place >> 1, last >> 1
    return not last and found == root


def is_consistent(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether the proof shows that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if old == new > 0:
        return not proof and old_root == new_root
    if not proof or not 0 < old < new or not _are_hashes([old_root, new_root, *proof]):
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if not last:
            return False
        if place & 1 or place == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, each)
        place, last = place >> 1, last >> 1
    return not last and before == old_root and after == new_root


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


# Canonical JSON --------------------------------------------------------------------------------


def canonical(value: object) -> bytes:
    """The one way to write a value as JSON (RFC 8785); raises `ValueError` for what has none."""
    try:
        return "".join(_written(value)).encode()
    except RecursionError:
        raise ValueError("too deep") from None


def _written(value: object) -> Iterator[str]:
    if value is None or isinstance(value, (bool, str)):
        yield json.dumps(value, ensure_ascii=False)
    elif isinstance(value, (int, float)):
        yield _number(value)
    elif isinstance(value, dict):
        yield from _object(value)
    elif isinstance(value, list):
        yield "["
        for place, each in enumerate(value):
            yield "," if place else ""
            yield from _written(each)
        yield "]"
    else:
        raise ValueError(f"no JSON: {type(value).__name__}")


def _object(value: Mapping[str, object]) -> Iterator[str]:
    yield "{"
    ordered = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    for place, name in enumerate(ordered):
        yield "," if place else ""
        yield json.dumps(name, ensure_ascii=False)
        yield ":"
        yield from _written(value[name])
    yield "}"


def _number(value: float) -> str:
    """As ECMAScript writes it (ECMA-262, Number::toString)."""
    if isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError("an integer that others could not read")
        return str(value)
    if not math.isfinite(value):
        raise ValueError("a number that JSON does not have")
    if not value:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # the place of the decimal point, counted from the first digit that is not 0
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    dot = "." if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{dot}{digits[1:]}e{'+' if point > 0 else '-'}{abs(point - 1)}"


# Signed notes ----------------------------------------------------------------------------------


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """By which a signature names its key."""
    return sha256(f"{name}\n".encode() + bytes([kind]) + public).digest()[:4]


def read_key(text: str) -> VerifyingKey:
    """The key of `name+id+base64`; raises `ValueError`."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
        raise ValueError("a public key is written name+id+base64")
    blob = _bytes(parts[2])
    if len(blob) != 33 or blob[0] not in {ED25519, COSIGNATURE}:
        raise ValueError("a public key has 33 bytes in base64 behind its id, the kind 1 or 4 first")
    key = VerifyingKey(parts[0], blob[0], blob[1:])
    if str(key) != text.strip():
        raise ValueError("the id in this public key is not the key's: copy all of it")
    return key


def read_checkpoint(text: str) -> Checkpoint:
    """What a checkpoint says, its signatures yet to be verified; raises `ValueError`."""
    body, _, lines = text.partition("\n\n")
    head = body.split("\n")
    if len(head) < 3 or not lines.endswith("\n") or len(text) > 64 * 1024:
        raise ValueError("this is no checkpoint")
    origin, size, root = head[0], head[1], _bytes(head[2])
    if not _NAME.fullmatch(origin) or not _DECIMAL.fullmatch(size) or len(root) != HASH_BYTES:
        raise ValueError("this is no checkpoint")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    return Checkpoint(origin, int(size), root, f"{body}\n", signatures)


def _signature(line: str) -> Signature:
    name, _, value = line[len(_DASH) :].partition(" ")
    blob = _bytes(value)
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(blob) < 5:
        raise ValueError("a line of signature is not one")
    return Signature(name, blob[:4], blob[4:])


def require_signed(checkpoint: Checkpoint, keys: Iterable[VerifyingKey]) -> VerifyingKey:
    """The first of the keys that signed it as its log; raises `Unproven`."""
    for key in keys:
        if key.name == checkpoint.origin and key.kind == ED25519:
            for value in _values(checkpoint, key):
                if _verifies(key, value, checkpoint.body.encode()):
                    return key
    raise Unproven(f"the checkpoint of {checkpoint.origin} is not signed with the key given")


def require_cosigned(checkpoint: Checkpoint, key: VerifyingKey) -> int:
    """When that witness signed it, in seconds since 1970; raises `Unproven`."""
    for value in _values(checkpoint, key):
        moment = int.from_bytes(value[:8], "big")
        message = f"cosignature/v1\ntime {moment}\n{checkpoint.body}".encode()
        if key.kind == COSIGNATURE and _verifies(key, value[8:], message):
            return moment
    raise Unproven(f"the witness {key.name} has not signed the checkpoint")


def _values(checkpoint: Checkpoint, key: VerifyingKey) -> Iterator[bytes]:
    wanted = key_id(key.name, key.kind, key.public)
    for each in checkpoint.signatures:
        if (each.name, each.key) == (key.name, wanted):
            yield each.value


def _verifies(key: VerifyingKey, signature: bytes, message: bytes) -> bool:
    # only here: trees are hashed without it
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("a hash is written in base64")
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("this is no base64") from None
    if base64.b64encode(value).decode() != text:  # bits are set that stand for nothing
        raise ValueError("this is base64 with something left over")
    return value


# Files -----------------------------------------------------------------------------------------


class Known(NamedTuple):
    """What whoever checks knows already."""

    keys: tuple[VerifyingKey, ...]
    witnesses: tuple[VerifyingKey, ...] = ()
    earlier: str | None = None


def check_file(file: Path, asked: Known) -> str:
    """The sentence that says what is proven.

    Raises `Unproven`, or `OSError` and `ValueError` for a file that cannot be read.
    """
    with file.open("rb") as lines:
        first = lines.readline(_LONGEST_LINE)
        head = _document(first)
        if head is not None and head.get("format") == LOG:
            # a line that is longer is read as several, which are no records
            rest_of_lines = iter(lambda: lines.readline(_LONGEST_LINE), b"")
            return _check_log(head, rest_of_lines, asked)
        rest = lines.read(_LARGEST_FILE)
        if lines.read(1):
            raise ValueError("the file is too large for what it is")
    document = _document(first + rest)
    if document is None:
        return _check_checkpoint((first + rest).decode(), asked)
    if document.get("format") == PROOF:
        return _check_proof(document, asked)
    if document.get("format") == PROOFS:
        return _check_proofs(document, asked)
    if document.get("format") == CONSISTENCY:
        return _check_consistency(document, asked)
    raise ValueError("neither a proof, an exported log nor a checkpoint")


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _checkpoint(text: object, asked: Known) -> tuple[Checkpoint, str]:
    """The checkpoint, and a half sentence on who signed it."""
    if not isinstance(text, str):
        raise ValueError("the checkpoint is missing")
    found = read_checkpoint(text)
    require_signed(found, asked.keys)
    for witness in asked.witnesses:
        require_cosigned(found, witness)
    names = ", ".join(witness.name for witness in asked.witnesses)
    return found, f"signed by {found.origin}" + (f" and seen by {names}" if names else "")


def _check_checkpoint(text: str, asked: Known) -> str:
    found, signed = _checkpoint(text, asked)
    return f"The checkpoint over {_counted(found.size)} is {signed}."


def _check_proof(document: Mapping[str, Any], asked: Known) -> str:
    found, signed = _checkpoint(document.get("checkpoint"), asked)
    record, index = document.get("record"), document.get("index")
    if not isinstance(record, dict) or not isinstance(index, int) or isinstance(index, bool):
        raise ValueError("the proof lacks its record or its index")
    leaf = leaf_hash(canonical(record))
    if not is_included(index, found.size, leaf, _hashes(document), found.root):
        raise Unproven(f"The record is not at index {index} of the log that was {signed}.")
    return (
        f"Record {record.get('id')}, {record.get('operation')} by {record.get('actor')} at "
        f"{record.get('at')}, is at index {index} of the log of {_counted(found.size)} {signed}."
    )


def _check_proofs(document: Mapping[str, Any], asked: Known) -> str:
    records = document.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise ValueError("the file lacks its proofs")
    return "\n".join(_check_proof(each, asked) for each in records) or "Nothing is to be proven."


def _check_consistency(document: Mapping[str, Any], asked: Known) -> str:
    old, _ = _checkpoint(document.get("old"), asked._replace(witnesses=()))
    new, signed = _checkpoint(document.get("new"), asked)
    if old.origin != new.origin:
        raise Unproven("The two checkpoints are of different logs.")
    if not is_consistent(old.size, new.size, _hashes(document), old.root, new.root):
        raise Unproven(
            f"The log of {_counted(new.size)} does not begin with the {old.size:,} of the earlier "
            f"checkpoint: it was rewritten; roots {_b64(old.root)} and {_b64(new.root)}."
        )
    return f"The log of {_counted(new.size)} {signed} begins with the {old.size:,} of before."


def _check_log(head: Mapping[str, Any], lines: Iterable[bytes], asked: Known) -> str:
    found, signed = _checkpoint(head.get("checkpoint"), asked)
    earlier = None if asked.earlier is None else _checkpoint(asked.earlier, asked)[0]
    tree, gone, until, expired = Frontier(), [], 0, 0
    for line in lines:
        tree.append(_leaf(line.rstrip(b"\n")))
        if line.startswith(_EXPIRED):
            gone.append(tree.size - 1)
        elif _EXPIRY in line:
            end, count = _expiry(line)
            until, expired = max(until, end), expired + count
        if earlier is not None and tree.size == earlier.size and tree.root() != earlier.root:
            raise Unproven(f"The first {_counted(tree.size)} are not those of the earlier one.")
    if tree.size != found.size:
        raise Unproven(f"The file has {_counted(tree.size)}, the checkpoint {found.size:,}.")
    if tree.root() != found.root:
        raise Unproven(f"The records are not those {signed}: one of them or more was changed.")
    if earlier is not None and earlier.size > found.size:
        raise Unproven(f"The log is shorter than the earlier one of {_counted(earlier.size)}.")
    _require_expired(gone, until, expired)
    part = f", {len(gone):,} of them expired," if gone else ""
    return f"All {_counted(found.size)}{part} are those {signed}."


_EXPIRED = b'{"expired":"'
_EXPIRY = b'"operation":"expire records"'


def _expiry(line: bytes) -> tuple[int, int]:
    """Before which index records may be gone, and how many, as a record of the log says."""
    record = _document(line) or {}
    detail = record.get("detail")
    # other records may have these words somewhere else, and a refusal has the operation too
    said = record.get("operation") == "expire records" and record.get("kind") == "done"
    if not said or not isinstance(detail, dict):
        return 0, 0
    until, count = detail.get("until"), detail.get("records")
    return (until, count) if isinstance(until, int) and isinstance(count, int) else (0, 0)


def _require_expired(gone: Sequence[int], until: int, expired: int) -> None:
    """Raises `Unproven` for records that are gone without the log saying so."""
    later = next((index for index in gone if index >= until), None)
    if later is not None:
        raise Unproven(
            f"The record at index {later} is gone, and the log does not say that it has expired: "
            "somebody removed it, or it expired while the log was exported."
        )
    if len(gone) > expired:
        raise Unproven(
            f"{_counted(len(gone))} are gone before index {until}, and the log says that "
            f"{expired:,} have expired: somebody removed the others."
        )


def _leaf(line: bytes) -> bytes:
    """The hash of a record; an expired one left nothing else."""
    if not line.startswith(_EXPIRED):
        return leaf_hash(line)
    found = _bytes(line[len(_EXPIRED) : -2].decode())
    if len(found) != HASH_BYTES or not line.endswith(b'"}'):
        raise ValueError("a line of an expired record is not one")
    return found


def _hashes(document: Mapping[str, Any]) -> list[bytes]:
    proof = document.get("proof")
    if not isinstance(proof, list) or len(proof) > 128:
        raise ValueError("the proof lacks its hashes")
    return [_bytes(each) for each in proof]


def _counted(size: int) -> str:
    return f"{size:,} record{'' if size == 1 else 's'}"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _small_text(file: Path) -> str:
    with file.open("rb") as opened:
        text = opened.read(_LARGEST_FILE + 1)
    if len(text) > _LARGEST_FILE:
        raise ValueError(f"{file} is too large for a checkpoint")
    return text.decode()


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="reknown_check.py",
        description="Checks a proof, an exported log or a checkpoint of a Reknown ledger.",
        epilog="Exit status: 0 proven, 1 not proven, 2 the file cannot be read.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--key", action="append", required=True, metavar="VKEY", help="the ledger's public key"
    )
    parser.add_argument(
        "--witness", action="append", default=[], metavar="VKEY", help="of who must have signed too"
    )
    parser.add_argument(
        "--earlier", type=Path, metavar="FILE", help="a checkpoint that an exported log begins with"
    )
    given = parser.parse_args(words)
    try:
        earlier = None if given.earlier is None else _small_text(given.earlier)
        keys, witnesses = tuple(map(read_key, given.key)), tuple(map(read_key, given.witness))
        sentence = check_file(given.file, Known(keys, witnesses, earlier))
    except Unproven as verdict:
        sys.stdout.write(f"NOT PROVEN: {verdict}\n")
        return 1
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{given.file}: {error}\n")
        return 2
    sys.stdout.write(f"{sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
