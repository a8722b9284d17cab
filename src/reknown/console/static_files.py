"""Style and scripts, read once; their address changes with their bytes."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from starlette.responses import Response

_TYPES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "proof.js": "text/javascript",
}
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}


@cache
def contents(name: str) -> bytes:
    """The bytes of one of them."""
    return files("reknown.console").joinpath("static", name).read_bytes()


@cache
def version() -> str:
    """Another one with every change of any of them."""
    digest = hashlib.sha256(b"".join(contents(name) for name in _TYPES))
    return digest.hexdigest()[:12]


def answer(name: str) -> Response:
    """One of them, or 404."""
    if name not in _TYPES:
        return Response(status_code=404)
    return Response(contents(name), media_type=f"{_TYPES[name]}; charset=utf-8", headers=_KEPT)
