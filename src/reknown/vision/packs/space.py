"""What makes templates of a pack comparable: alignment, fingerprint, calibration."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from reknown.biometrics.templates import TemplateSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.vision.packs.manifest import DlibResnetPart, PackManifest, SfacePart

# To be raised when the code behind the embedder, or the detector, changes what it computes.
_RECIPE_VERSION = 1
_DETECTOR_VERSION = 1


def chip_references(embedder: DlibResnetPart | SfacePart) -> NDArray[np.float64]:
    """Where the landmarks come to lie, in pixels of the chip: (crops, 5, 2)."""
    margins = np.array(embedder.crops, np.float64).reshape(-1, 1, 1)
    points = np.array(embedder.points, np.float64)
    return np.asarray((points + margins * embedder.chip) / (1 + 2 * margins))


def template_space(manifest: PackManifest) -> TemplateSpace:
    """The space; its fingerprint is of all that the embedder declares but licences and places."""
    embedder = manifest.embedder
    extra = {"dimension": embedder.dimension, "version": _RECIPE_VERSION}
    return TemplateSpace(manifest.name, _fingerprint(embedder, extra), embedder.dimension)


def detector_fingerprint(manifest: PackManifest) -> str:
    """The same of the detector: other landmarks make other scores."""
    return _fingerprint(manifest.detector, {"version": _DETECTOR_VERSION})


def pack_calibration(manifest: PackManifest) -> tuple[Calibration | None, str]:
    """The pack's calibration, or None and the reason why there is none to use."""
    table = manifest.calibration
    if table is None:
        return None, f"{manifest.name} has no calibration"
    present = (template_space(manifest).fingerprint, detector_fingerprint(manifest))
    for what, measured, now in zip(
        ("in another template space", "with another detector"),
        (table.fingerprint, table.detector),
        present,
        strict=True,
    ):
        if measured != now:
            return None, (
                f"the calibration of {manifest.name} was measured {what} "
                f"({measured[:12]}, not {now[:12]})"
            )
    return table.table(), ""


def _fingerprint(part: msgspec.Struct, extra: Mapping[str, int]) -> str:
    declared = msgspec.to_builtins(part)
    files = {role: file["sha256"] for role, file in declared["files"].items() if file}
    canonical = json.dumps(
        declared | extra | {"files": files}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
