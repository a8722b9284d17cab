"""What makes templates of a pack comparable: fingerprint and calibration."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.templates import TemplateSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.biometrics.calibration import Calibration
    from reknown.vision.packs.manifest import PackDeclaration, PackManifest, TextManifest
    from reknown.vision.packs.part import PackPart

# To be raised when the code behind the embedder, or the detector, changes what it computes.
_RECIPE_VERSION = 1
_DETECTOR_VERSION = 1
_TEXT_VERSION = 1


def template_space(manifest: PackManifest) -> TemplateSpace:
    """The space; its fingerprint is of all that the embedder declares but licences and places."""
    embedder = manifest.embedder
    extra = {"dimension": embedder.dimension, "version": _RECIPE_VERSION}
    return TemplateSpace(manifest.name, _fingerprint(embedder, extra), embedder.dimension)


def detector_fingerprint(manifest: PackManifest) -> str:
    """The same of the detector and the points: other landmarks make other scores."""
    return _fingerprint(manifest.detector, {"version": _DETECTOR_VERSION}, manifest.points)


def text_fingerprint(manifest: TextManifest) -> str:
    """Of all that a pack of text declares but licences and places: it may change what is read."""
    return declared_fingerprint(manifest, _TEXT_VERSION)


def declared_fingerprint(manifest: PackDeclaration, version: int = 1) -> str:
    """Of all parts that any pack declares, but licences and places."""
    parts = {part.__struct_config__.tag: _fingerprint(part, {}) for part in manifest.parts()}
    canonical = json.dumps(parts | {"version": version}, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


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


def _fingerprint(part: PackPart, extra: Mapping[str, int], also: PackPart | None = None) -> str:
    """Of `also` count the files, as if they were the part's own, and what it declares besides.

    Its kind does not: the role of a file says as much.
    """
    declared = msgspec.to_builtins(part)
    files = _digests(part)
    if also is not None:
        files |= _digests(also)
        besides = msgspec.to_builtins(also)
        del besides["kind"], besides["files"]
        declared |= {"points": besides} if besides else {}
    canonical = json.dumps(
        declared | extra | {"files": files}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _digests(part: PackPart) -> dict[str, str]:
    return {role: file.sha256 for role, file in part.roles().items()}
