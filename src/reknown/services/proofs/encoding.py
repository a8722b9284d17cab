"""Hashes as text."""

from __future__ import annotations

import base64


def base64_of(value: bytes) -> str:
    """As checkpoints and proofs write it."""
    return base64.b64encode(value).decode("ascii")
