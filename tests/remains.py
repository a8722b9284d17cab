"""What can still be read in files after it was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def remains(folder: Path, *pieces: bytes) -> dict[str, list[bytes]]:
    """What of the pieces is in which file below the folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    contents = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    found = {name: [piece for piece in pieces if piece in data] for name, data in contents.items()}
    return {name: pieces for name, pieces in found.items() if pieces}
