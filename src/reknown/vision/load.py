"""A model pack -> an engine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import cv2

from reknown.vision.analyze import Engine
from reknown.vision.embed import Alignment, FusedResNetEmbedder, SfaceEmbedder
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.load import load_detector
from reknown.vision.packs.manifest import DlibResnetPart
from reknown.vision.packs.space import chip_references, pack_calibration, template_space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.vision.embed import Embedder
    from reknown.vision.inference import Model
    from reknown.vision.packs.manifest import PackManifest
    from reknown.vision.packs.store import PackStore


_SWITCH_SECONDS = 0.0005


def load_engine(store: PackStore, pack: str) -> Engine:
    """The engine of a pack; every file is checked against its digest.

    Sets how OpenCV and Python share out threads for the whole process.

    Raises `ModelNotFoundError`, `ModelFileError` or `LicenceNotAcceptedError`.
    """
    # Pictures are worked on side by side; threads within one would only get in the way, and
    # a thread back from a network should not wait Python's usual 5 ms for its turn.
    cv2.setNumThreads(1)
    sys.setswitchinterval(_SWITCH_SECONDS)
    manifest = store.manifest(pack)
    networks = store.open(pack)
    calibration, _ = pack_calibration(manifest)
    return Engine(
        detector=load_detector(networks, manifest),
        embedder=_load_embedder(networks, manifest),
        space=template_space(manifest),
        calibration=calibration,
    )


def _load_embedder(networks: Mapping[str, Model], manifest: PackManifest) -> Embedder:
    part = manifest.embedder
    alignment = Alignment(part.chip, chip_references(part))
    if isinstance(part, DlibResnetPart):
        trunk, head = (OnnxNetwork(networks[role]) for role in ("trunk", "head"))
        return FusedResNetEmbedder(
            trunk, head, alignment, mirror=part.mirror, map_weight=part.map_weight
        )
    return SfaceEmbedder(OnnxNetwork(networks["sface"]), alignment)
