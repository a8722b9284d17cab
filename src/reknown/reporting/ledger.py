"""Events of the ledger as one HTML file, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.reporting.files import written
from reknown.reporting.templating import parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """An event as it is shown."""

    at: str
    actor: str
    operation: str
    collection: str
    summary: str
    request_id: str


def write_ledger(
    target: Path, facts: Sequence[tuple[str, str]], lines: Iterable[LedgerLine]
) -> None:
    """Writes the page in constant memory, whole or not at all; `facts` head it.

    Raises `InputError` when that is not possible.
    """
    with written(target) as file:
        for part in parts("ledger.html.j2", facts=facts, lines=lines):
            file.write(part.encode("utf-8"))
