"""What is wrong with a file, collected so that all of it can be fixed at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 20


class Problems:
    """What is wrong, collected so that all of it can be fixed at once."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._shown: list[str] = []
        self._count = 0

    def add(self, line: int, problem: str) -> None:
        """Keeps a problem; line 0 is none in particular."""
        self._count += 1
        if len(self._shown) < _SHOWN:
            self._shown.append(f"line {line}: {problem}" if line else problem)

    def raise_any(self) -> None:
        """Raises `InputError` if there are any."""
        if not self._count:
            return
        more = self._count - len(self._shown)
        lines = self._shown + ([f"and {more:,} more"] if more else [])
        raise InputError(f"cannot use {self._source}:\n  " + "\n  ".join(lines))
