"""HPKE (RFC 9180): sealed to one recipient, who alone opens it, by anybody who knows of them.

X25519 with HKDF-SHA256 and AES-256-GCM. The recipient's key is in no file and no database: what was
sealed to them is nobody's once they are gone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import Suite


class Recipient:
    """To whom something is sealed, for as long as this object is kept."""

    __slots__ = ("_key", "public")

    def __init__(self) -> None:
        # loaded by the few who need it, as the ciphers are
        from cryptography.hazmat.primitives.asymmetric.x25519 import (  # noqa: PLC0415
            X25519PrivateKey,
        )

        self._key = X25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def open(self, sealed: bytes, context: bytes) -> bytes | None:
        """None where it was not sealed to this recipient with this context."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        try:
            return _suite().decrypt(sealed, self._key, info=context)
        except (InvalidTag, ValueError):
            return None


def seal_to(public: bytes, plain: bytes, context: bytes) -> bytes:
    """For whoever has the key that belongs to `public`; raises `ValueError` where that is none."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey  # noqa: PLC0415

    return _suite().encrypt(plain, X25519PublicKey.from_public_bytes(public), info=context)


@cache
def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite  # noqa: PLC0415

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
