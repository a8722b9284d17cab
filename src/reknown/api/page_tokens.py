"""Where a page ended, as text that only this server can make and read."""

from __future__ import annotations

import base64
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from reknown.biometrics.errors import PageError

# What Amazon's model allows for the tokens of faces.
LONGEST = 255
_FORM = re.compile(r"[A-Za-z0-9_-]{1,255}")
_VERSION = b"\x01"


class PageTokens:
    """Seals places in lists, each for its own list; safe for many threads.

    Encryption without a nonce (AES-SIV): the same place of the same list has the same token,
    and no number of tokens weakens the key.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """`key` has 32 bytes."""
        AESSIV(key)
        self._key = key

    def __repr__(self) -> str:
        return "PageTokens(...)"

    def seal(self, scope: str, after: str) -> str:
        """The token of a place; `scope` is the list with all that chooses its entries.

        It has at most 255 characters, which need no quoting in URLs. Raises `PageError` for a
        place too long for that, above about 170 bytes.
        """
        sealed = AESSIV(self._key).encrypt(_VERSION + _bytes(after), [_bytes(scope)])
        token = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")
        if len(token) > LONGEST:
            raise PageError(f"a place of {len(after)} characters is too long for a token")
        return token

    def open(self, scope: str, token: str) -> str:
        """The place that the token stands for.

        Raises `PageError` unless it was made by `seal` with the same key and scope.
        """
        if not _FORM.fullmatch(token) or len(token) % 4 == 1:
            raise _invalid()
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        # The last character has bits to spare: another one could stand for the same bytes.
        if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii") != token:
            raise _invalid()
        try:
            plain = AESSIV(self._key).decrypt(sealed, [_bytes(scope)])
        except InvalidTag as error:
            raise _invalid() from error
        if plain[:1] != _VERSION:
            raise _invalid()
        return plain[1:].decode("utf-8", "surrogatepass")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _invalid() -> PageError:
    return PageError("Invalid Pagination Token: start again without one")
