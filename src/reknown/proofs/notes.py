"""Checkpoints signed as C2SP's notes are: by the ledger, and by witnesses beside it."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING

from reknown.proofs.reknown_check import COSIGNATURE, ED25519, VerifyingKey, key_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_DASH = "\N{EM DASH}"


class SigningKey:
    """An Ed25519 key of 32 secret bytes; safe for many threads."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def __repr__(self) -> str:
        return "SigningKey(...)"

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        # only here: most commands sign nothing
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )

        return Ed25519PrivateKey.from_private_bytes(self._seed)

    @cached_property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def public(self, name: str, kind: int = ED25519) -> VerifyingKey:
        """What others need to verify what is signed under that name."""
        return VerifyingKey(name, kind, self._public)

    def checkpoint(self, origin: str, size: int, root: bytes) -> str:
        """A signed note that says what the log is."""
        body = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        key = key_id(origin, ED25519, self._public)
        return f"{body}\n{_line(origin, key + self._key.sign(body.encode()))}"

    def cosignature(self, name: str, body: str, moment: int) -> str:
        """The line of a witness that has seen the checkpoint with this body at that second."""
        message = f"cosignature/v1\ntime {moment}\n{body}".encode()
        key = key_id(name, COSIGNATURE, self._public)
        return _line(name, key + moment.to_bytes(8, "big") + self._key.sign(message))


def _line(name: str, value: bytes) -> str:
    return f"{_DASH} {name} {base64.b64encode(value).decode()}\n"
