"""A master key sealed with a passphrase, for a backup that leaves the house."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from reknown.access.vault import Vault
from reknown.biometrics.errors import AccessError, InputError
from reknown.structs import resolved

SHORTEST = 12
"""Characters that a passphrase has at least: scrypt slows down guessing, no more."""
LONGEST = 1024

_SALT_BYTES, _NONCE_BYTES = 16, 12
# 128 MiB and some tenths of a second a guess
_COST: Literal[131072] = 131072
_CONTEXT = b"reknown backup 1\n"

_Salt = Annotated[bytes, msgspec.Meta(min_length=_SALT_BYTES, max_length=_SALT_BYTES)]
_Nonce = Annotated[bytes, msgspec.Meta(min_length=_NONCE_BYTES, max_length=_NONCE_BYTES)]
# More would let a stranger's file take gigabytes, less would be guessed.
_Cost = Literal[16384, 32768, 65536, 131072, 262144]


@dataclass(frozen=True, slots=True)
class SealedKey:
    """How the key is sealed; bytes are in base64 in JSON.

    AES-256-GCM under scrypt of the passphrase in UTF-8, normalized to NFC.
    """

    n: _Cost
    r: Literal[8]
    p: Literal[1]
    salt: _Salt
    nonce: _Nonce
    sealed: Annotated[bytes, msgspec.Meta(max_length=256)]
    kdf: Literal["scrypt"] = "scrypt"
    cipher: Literal["AES-256-GCM"] = "AES-256-GCM"


def seal_key(vault: Vault, passphrase: str, covered: bytes) -> bytes:
    """The vault's master key as JSON, for `open_key` with the same passphrase and `covered`.

    Raises `InputError` for a passphrase that is too short.
    """
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise InputError(
            f"a passphrase takes {SHORTEST} to {LONGEST} characters: "
            "openssl rand -base64 24 makes one"
        )
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    cipher = AESGCM(_stretched(passphrase, salt, _COST))
    sealed = cipher.encrypt(nonce, vault.export().encode(), _CONTEXT + covered)
    return msgspec.json.encode(SealedKey(_COST, 8, 1, salt, nonce, sealed))


def open_key(document: bytes, passphrase: str, covered: bytes) -> Vault:
    """The vault of the key that was sealed.

    Raises `AccessError` for another passphrase, or when `covered` is not what it was; and
    `InputError` for a document that is none.
    """
    try:
        sealed = msgspec.json.decode(document, type=resolved(SealedKey))
    except msgspec.DecodeError as error:
        raise InputError(f"the sealed master key is not as Reknown writes it: {error}") from error
    cipher = AESGCM(_stretched(passphrase, sealed.salt, sealed.n))
    try:
        text = cipher.decrypt(sealed.nonce, sealed.sealed, _CONTEXT + covered)
    except InvalidTag as error:
        raise AccessError(
            "the passphrase is not the one of this backup, or somebody without it put other "
            "parts into the backup: try the passphrase again; --without-keys leaves the master "
            "key out"
        ) from error
    return Vault.of(text.decode("ascii"), "the backup")


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    return Scrypt(salt, length=32, n=cost, r=8, p=1).derive(secret)
