"""What a file says of the space that its templates are comparable in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.templates import TemplateSpace
from reknown.exchange.fields import FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATED = {"pack": re.compile(r"[A-Za-z0-9_.-]{1,255}"), "fingerprint": re.compile("[0-9a-f]{64}")}


def require_stated(form: int, given: Mapping[str, str], dimension: int) -> TemplateSpace | None:
    """The space, None where nothing is said; raises `InputError` for half of it and for none."""
    if form != FORMAT:
        raise InputError(f"it has format {form}, this Reknown knows {FORMAT}: install a newer one")
    if not given:
        return None
    for name, pattern in _STATED.items():
        if name not in given:
            raise InputError(f"it says something of its space, but no {name}")
        if not pattern.fullmatch(given[name]):
            raise InputError(f"{given[name][:80]!r} is no {name} of a template space")
    return TemplateSpace(given["pack"], given["fingerprint"], dimension)
