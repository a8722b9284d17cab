"""Networks -> detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.vision.detect.mtcnn import MtcnnDetector
from reknown.vision.detect.yunet import YunetDetector
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.manifest import MtcnnPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.vision.detect.base import Detector
    from reknown.vision.inference import Model
    from reknown.vision.packs.manifest import PackManifest


def load_detector(networks: Mapping[str, Model], manifest: PackManifest) -> Detector:
    """The pack's detector, of `networks` as `PackStore.open` answers them.

    Raises `ModelFileError` when ONNX Runtime cannot use one of them.
    """
    part = manifest.detector
    if isinstance(part, MtcnnPart):
        pnet, rnet, last = (OnnxNetwork(networks[role]) for role in ("pnet", "rnet", "onet"))
        return MtcnnDetector(pnet, rnet, last, part.settings)
    onet = OnnxNetwork(networks["onet"]) if part.files.onet else None
    return YunetDetector(OnnxNetwork(networks["yunet"]), part.settings, onet)
