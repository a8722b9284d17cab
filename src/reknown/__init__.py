"""Reknown: self-hosted face recognition that says how often it is wrong.

`Reknown` is the Python client, `Among` a part of a gallery for it to search, `errors` the tree of
errors it raises, `results` what it answers. Everything else in this package may change without
notice.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from reknown import results
    from reknown.biometrics import errors
    from reknown.biometrics.among import Among
    from reknown.client import Reknown

__all__ = ["Among", "Reknown", "__version__", "errors", "results"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used."""
    from importlib import import_module  # noqa: PLC0415

    if name == "Reknown":
        return import_module("reknown.client").Reknown
    if name == "Among":
        return import_module("reknown.biometrics.among").Among
    if name in ("errors", "results"):
        return import_module({"errors": "reknown.biometrics.errors"}.get(name, "reknown.results"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
