"""What makes templates of a pack comparable: alignment, fingerprint, calibration."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from reknown.biometrics.templates import TemplateSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.vision.packs.manifest import DlibResnetPart, PackManifest, SfacePart

# To be raised when the code between picture and template changes what it computes.
_RECIPE_VERSION = 1


def chip_references(embedder: DlibResnetPart | SfacePart) -> NDArray[np.float64]:
    """Where the landmarks come to lie, in pixels of the chip: (crops, 5, 2)."""
    margins = np.array(embedder.crops, np.float64).reshape(-1, 1, 1)
    points = np.array(embedder.points, np.float64)
    return np.asarray((points + margins * embedder.chip) / (1 + 2 * margins))


def template_space(manifest: PackManifest) -> TemplateSpace:
    """The space; its fingerprint is of all that the embedder declares but licences and places."""
    embedder = manifest.embedder
    files = {role: file["sha256"] for role, file in msgspec.to_builtins(embedder.files).items()}
    recipe = msgspec.to_builtins(embedder) | {
        "files": files,
        "dimension": embedder.dimension,
        "version": _RECIPE_VERSION,
    }
    canonical = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    fingerprint = hashlib.sha256(canonical.encode()).hexdigest()
    return TemplateSpace(manifest.name, fingerprint, embedder.dimension)


def pack_calibration(manifest: PackManifest) -> tuple[Calibration | None, str]:
    """The pack's calibration, or None and the reason why there is none to use."""
    table = manifest.calibration
    if table is None:
        return None, f"{manifest.name} has no calibration"
    fingerprint = template_space(manifest).fingerprint
    if table.fingerprint != fingerprint:
        return None, (
            f"the calibration of {manifest.name} was measured in another template space "
            f"({table.fingerprint[:12]}, not {fingerprint[:12]})"
        )
    return table.table(), ""
