"""AES-256-GCM: what is encrypted opens with the same key and context alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealError(DatabaseError):
    """What is stored does not open: it was sealed for something else, or its key is gone."""


def cipher(key: bytes) -> AESGCM:
    """Encrypts and decrypts with this key."""
    # Only here and below: commands that open nothing load nothing.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)


def new_keys(count: int) -> list[bytes]:
    """So many random keys."""
    drawn = os.urandom(KEY_BYTES * count)
    return [drawn[start : start + KEY_BYTES] for start in range(0, len(drawn), KEY_BYTES)]


def encrypt(key: AESGCM, plain: bytes, context: bytes) -> bytes:
    """With a nonce of its own, which comes first."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, plain, context)


def decrypt(key: AESGCM, sealed: bytes, context: bytes) -> bytes | None:
    """None where it was not encrypted with this key and context."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except (InvalidTag, ValueError):  # too short for a nonce and a tag
        return None


def decrypt_all(
    key: AESGCM, sealed: Sequence[bytes], contexts: Sequence[bytes]
) -> list[bytes | None]:
    """Many with one key; None for those that were not encrypted with it and that context."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    end, pairs = _NONCE_BYTES, list(zip(sealed, contexts, strict=True))
    try:
        return [key.decrypt(each[:end], each[end:], its) for each, its in pairs]
    except (InvalidTag, ValueError):
        return [decrypt(key, each, its) for each, its in pairs]


def encrypt_each(
    keys: Iterable[bytes], plains: Iterable[bytes], contexts: Iterable[bytes]
) -> list[bytes]:
    """Each with its own key, used for little: a random nonce never comes twice."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    ours = list(zip(keys, plains, contexts, strict=True))
    drawn = os.urandom(_NONCE_BYTES * len(ours))
    nonces = (drawn[s : s + _NONCE_BYTES] for s in range(0, len(drawn), _NONCE_BYTES))
    return [
        nonce + AESGCM(key).encrypt(nonce, plain, context)
        for nonce, (key, plain, context) in zip(nonces, ours, strict=True)
    ]


def decrypt_each(
    keys: Sequence[bytes], sealed: Sequence[bytes], contexts: Sequence[bytes]
) -> list[bytes | None]:
    """None for those that were not encrypted with that key and context."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    end = _NONCE_BYTES
    try:
        # as a rule all do: a million take two seconds so, and half as much again one by one
        return [
            AESGCM(key).decrypt(each[:end], each[end:], context)
            for key, each, context in zip(keys, sealed, contexts, strict=True)
        ]
    except (InvalidTag, ValueError):
        ours = zip(keys, sealed, contexts, strict=True)
        return [decrypt(AESGCM(key), each, context) for key, each, context in ours]
