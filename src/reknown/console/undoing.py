"""What takes the last change back: offered on the next page, to the same sign-in alone."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reknown.console.visit import Visit

# A link of more is not kept by every browser and proxy.
_LONGEST = 6000


@dataclass(frozen=True, slots=True)
class Undoing:
    """A form that takes a change back: where it goes, and its fields."""

    path: str
    fields: Mapping[str, Sequence[str]]


def offer(visit: Visit, path: str, **fields: str | Sequence[str]) -> str | None:
    """The undoing for the address of the next page; None for one that is too long for it."""
    listed = {
        name: [value] if isinstance(value, str) else list(value) for name, value in fields.items()
    }
    text = json.dumps([path, listed]).encode()
    offered = f"{urlsafe_b64encode(text).decode()}.{_signature(visit, text)}"
    return offered if len(offered) <= _LONGEST else None


def offered(visit: Visit) -> Undoing | None:
    """The undoing in the address of this page; None where it is none of ours."""
    text, _, signature = visit.arrival.query.get("undo", "").partition(".")
    try:
        plain = urlsafe_b64decode(text.encode())
    except ValueError:
        return None
    if not signature or not hmac.compare_digest(
        signature.encode(), _signature(visit, plain).encode()
    ):
        return None
    path, fields = json.loads(plain)
    return Undoing(path, fields)


def _signature(visit: Visit, text: bytes) -> str:
    return hmac.digest(visit.form_token.encode(), b"undo " + text, "sha256").hex()
