"""AES-256-GCM: what is encrypted opens with the same key and context alone."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealError(DatabaseError):
    """What is stored does not open: it was sealed for something else, or its key is gone."""


@cache
def _library() -> tuple[type[AESGCM], tuple[type[Exception], ...]]:
    """The cipher, and what it raises for what does not open: too short for a nonce, or forged.

    Loaded once it is needed, as commands that open nothing load nothing, and kept: to import it
    again takes longer than to decrypt.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM, (InvalidTag, ValueError)


def cipher(key: bytes) -> AESGCM:
    """Encrypts and decrypts with this key."""
    made, _ = _library()
    return made(key)


def new_keys(count: int) -> list[bytes]:
    """So many random keys."""
    drawn = os.urandom(KEY_BYTES * count)
    return [drawn[start : start + KEY_BYTES] for start in range(0, len(drawn), KEY_BYTES)]


def encrypt(key: AESGCM, plain: bytes, context: bytes) -> bytes:
    """With a nonce of its own, which comes first."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, context)


def encrypt_all(key: AESGCM, plains: Sequence[bytes], contexts: Sequence[bytes]) -> list[bytes]:
    """Many with one key, each with a nonce of its own."""
    ours = zip(_nonces(len(plains)), plains, contexts, strict=True)
    return [nonce + key.encrypt(nonce, plain, context) for nonce, plain, context in ours]


def decrypt(key: AESGCM, sealed: bytes, context: bytes) -> bytes | None:
    """None where it was not encrypted with this key and context."""
    _, refusals = _library()
    try:
        return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except refusals:
        return None


def decrypt_all(
    key: AESGCM, sealed: Sequence[bytes], contexts: Sequence[bytes]
) -> list[bytes | None]:
    """Many with one key; None for those that were not encrypted with it and that context."""
    (_, refusals), end = _library(), _NONCE_BYTES
    pairs = list(zip(sealed, contexts, strict=True))
    try:
        return [key.decrypt(each[:end], each[end:], its) for each, its in pairs]
    except refusals:
        return [decrypt(key, each, its) for each, its in pairs]


def encrypt_each(
    keys: Iterable[bytes], plains: Sequence[bytes], contexts: Sequence[bytes]
) -> list[bytes]:
    """Each with its own key, used for little: a random nonce never comes twice."""
    made, _ = _library()
    ours = zip(_nonces(len(plains)), keys, plains, contexts, strict=True)
    return [nonce + made(key).encrypt(nonce, plain, its) for nonce, key, plain, its in ours]


def decrypt_each(
    keys: Sequence[bytes], sealed: Sequence[bytes], contexts: Sequence[bytes]
) -> list[bytes | None]:
    """None for those that were not encrypted with that key and context."""
    (made, refusals), end = _library(), _NONCE_BYTES
    try:
        # as a rule all do: a million take two seconds so, and half as much again one by one
        return [
            made(key).decrypt(each[:end], each[end:], context)
            for key, each, context in zip(keys, sealed, contexts, strict=True)
        ]
    except refusals:
        ours = zip(keys, sealed, contexts, strict=True)
        return [decrypt(made(key), each, context) for key, each, context in ours]


def _nonces(count: int) -> list[bytes]:
    drawn = os.urandom(_NONCE_BYTES * count)
    return [drawn[start : start + _NONCE_BYTES] for start in range(0, len(drawn), _NONCE_BYTES)]
