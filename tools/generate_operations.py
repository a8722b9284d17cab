"""Writes docs/reference/operations.md: every operation of the protocol, and whether it is answered.

    .venv/bin/python tools/generate_operations.py [--check]

`--check` writes nothing and ends with 1 when the file is not up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reknown.api.absent import instead_of
from reknown.api.catalogue import OPERATIONS
from reknown.api.registry import HANDLERS

_PAGE = Path(__file__).parent.parent / "docs" / "reference" / "operations.md"
_NOT_YET = ("StreamProcessor", "FaceLiveness")
_HEAD = """# Operations

Every operation of Amazon Rekognition's model and what Reknown makes of it, and the
extensions, whose names begin with `Reknown`. Those that are not implemented answer
`NotImplementedException` with what the last column says. This page is generated:
`tools/generate_operations.py`.

| Operation | Reknown | |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [f"| {name} | {' | '.join(_state(name))} |" for name in sorted(OPERATIONS, key=_order)]
    return _HEAD + "\n".join(rows) + "\n"


def _order(name: str) -> tuple[int, str]:
    states = ("implemented", "not yet", "not planned")
    return states.index(_state(name)[0]), name


def _state(name: str) -> tuple[str, str]:
    if name in HANDLERS:
        kind = "extension" if name.startswith("Reknown") else ""
        return "implemented", kind or f"in the ledger as *{HANDLERS[name].action}*"
    state = "not yet" if any(part in name for part in _NOT_YET) else "not planned"
    return state, instead_of(name)


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        sys.exit(_PAGE.read_text(encoding="utf-8") != text)
    _PAGE.write_text(text, encoding="utf-8")
