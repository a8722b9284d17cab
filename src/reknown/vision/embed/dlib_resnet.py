"""dlib's ResNet of 2017."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from reknown.biometrics.errors import ModelFileError
from reknown.vision.embed.base import EmbedderPart, Embeddings, cut_chips, run, unit
from reknown.vision.packs.part import ManifestTable, PackFile
from reknown.vision.packs.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.embed.base import Alignment
    from reknown.vision.inference import Network

    Floats = NDArray[np.float32]

_CONVOLUTIONS = 29
# Chips of eight faces and their mirror images, measured: bench/packs.py
_BATCH_BYTES = 40 * 2**20


def _convert(data: bytes) -> Mapping[str, bytes]:
    from reknown.vision.packs.conversion import dlib_head, dlib_trunk  # noqa: PLC0415
    from reknown.vision.packs.dlib_format import read_dlib_network  # noqa: PLC0415

    network = read_dlib_network(data)
    if len(network.convolutions) != _CONVOLUTIONS:
        raise ModelFileError(f"{len(network.convolutions)} convolutions where 29 belong")
    return {"trunk": dlib_trunk(network), "head": dlib_head(network)}


class ResnetFiles(ManifestTable, frozen=True, kw_only=True):
    """dlib's serialised network."""

    resnet: PackFile


class DlibResnetPart(EmbedderPart, frozen=True, kw_only=True, tag="dlib-resnet"):
    """dlib's ResNet as embedder: 128 values and the 256 before them."""

    recipes = (Recipe("resnet", ("trunk", "head"), _convert),)
    dimension: ClassVar[int] = 384
    files: ResnetFiles
    chip: Literal[150] = 150

    def load(self, networks: Mapping[str, Network]) -> FusedResNetEmbedder:
        """The embedder."""
        return FusedResNetEmbedder(
            networks["trunk"],
            networks["head"],
            self.alignment(),
            mirror=self.mirror,
            map_weight=self.map_weight,
        )

    def working_bytes(self) -> int:
        """What eight faces take."""
        return _BATCH_BYTES * len(self.crops)


class FusedResNetEmbedder:
    """dlib's ResNet with the feature maps of several views averaged before its last block.

    Each crop is seen as it is and, with `mirror`, mirrored, the mirror's map being flipped
    back. The template joins the unit output with `map_weight` times the unit means of the
    fused map's channels.
    How this was found and what it gains: docs/explanation/accuracy.md.
    """

    def __init__(
        self,
        trunk: Network,
        head: Network,
        alignment: Alignment,
        *,
        mirror: bool,
        map_weight: float,
    ) -> None:
        self._trunk = trunk
        self._head = head
        self._alignment = alignment
        self._mirror = mirror
        self._map_weight = map_weight

    def embed(self, pixels: NDArray[np.uint8], landmarks: Floats) -> Embeddings:
        """Vectors of 384 values for `landmarks` (n, 5, 2) of an RGB image."""
        chips = cut_chips(pixels, landmarks, self._alignment)
        faces, crops = chips.shape[:2]
        views = chips.reshape(faces * crops, *chips.shape[2:])
        maps = self._maps(views)
        fused = maps.reshape(faces, crops, *maps.shape[1:]).mean(axis=1)
        output = run(self._head, fused)
        means = unit(fused.mean(axis=(2, 3)))
        return Embeddings(unit(np.hstack([unit(output), self._map_weight * means])))

    def _maps(self, views: Floats) -> Floats:
        if not self._mirror:
            return run(self._trunk, views)
        maps = run(self._trunk, np.concatenate([views, views[..., ::-1]]))
        return np.asarray((maps[: len(views)] + maps[len(views) :, ..., ::-1]) / 2)
