"""Manifests without files, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reknown.evaluation.data.manifest import Manifest, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence


def manifest_of(*rows: tuple[str, str] | tuple[str, str, str | None]) -> Manifest:
    """Of rows (image, subject) or (image, subject, session)."""
    samples = tuple(
        Sample(number, Path(row[0]), row[1], row[2] if len(row) > 2 else None, {})
        for number, row in enumerate(rows, 1)
    )
    return Manifest(Path("/nowhere"), samples, (), "")


def people(counts: Sequence[int]) -> Manifest:
    """Subject k with `counts[k]` samples."""
    return manifest_of(
        *((f"{k}/{n}.jpg", f"person {k}") for k, count in enumerate(counts) for n in range(count))
    )
