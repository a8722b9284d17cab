"""SFace."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from reknown.vision.embed.base import EmbedderPart, Embeddings, cut_chips, run, unit
from reknown.vision.packs.part import ManifestTable, PackFile
from reknown.vision.packs.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.embed.base import Alignment
    from reknown.vision.inference import Network

    Floats = NDArray[np.float32]


def _convert(data: bytes) -> Mapping[str, bytes]:
    from reknown.vision.packs.onnx_guard import check_onnx  # noqa: PLC0415
    from reknown.vision.packs.sface_graph import sface_network  # noqa: PLC0415

    return {"sface": sface_network(check_onnx(data))}


class SfaceFiles(ManifestTable, frozen=True, kw_only=True):
    """One ONNX graph."""

    sface: PackFile


class SfacePart(EmbedderPart, frozen=True, kw_only=True, tag="sface"):
    """SFace as embedder: one chip without margin, 128 values."""

    recipes = (Recipe("sface", ("sface",), _convert),)
    dimension: ClassVar[int] = 128
    files: SfaceFiles
    chip: Literal[112] = 112

    def __post_init__(self) -> None:
        if self.crops != (0.0,) or self.mirror or self.map_weight:
            raise ValueError("sface takes one crop without margin, mirror or map")

    def load(self, networks: Mapping[str, Network]) -> SfaceEmbedder:
        """The embedder."""
        return SfaceEmbedder(networks["sface"], self.alignment())


class SfaceEmbedder:
    """SFace, which turns an RGB chip 0-255 (1, 3, 112, 112) into a vector (1, 128).

    Zhong, Deng, Hu, Zhao, Wen: SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face
    Recognition, IEEE Transactions on Image Processing 30 (2021). One chip a call: that is
    faster than batches, and no other face changes a bit of a template.
    """

    def __init__(self, network: Network, alignment: Alignment) -> None:
        self._network = network
        self._alignment = alignment

    def embed(self, pixels: NDArray[np.uint8], landmarks: Floats) -> Embeddings:
        """Vectors of 128 values for `landmarks` (n, 5, 2) of an RGB image."""
        chips = cut_chips(pixels, landmarks, self._alignment)
        raw = np.concatenate([run(self._network, chip) for chip in chips])
        return Embeddings(unit(raw), np.linalg.norm(raw, axis=1))
