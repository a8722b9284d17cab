"""The networks of a pack as one piece each, wherever their weights lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from reknown.vision.detect.mtcnn import MtcnnPart
from reknown.vision.detect.yunet import YunetPart
from reknown.vision.embed.dlib_resnet import DlibResnetPart
from reknown.vision.embed.sface import SfacePart
from reknown.vision.packs import recipes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.vision.inference import Model


_RECIPES = {
    recipe.role: recipe
    for kind in (MtcnnPart, YunetPart, DlibResnetPart, SfacePart)
    for recipe in kind.recipes
}


def convert(role: str, data: bytes) -> dict[str, bytes]:
    """The graphs that a file of this role becomes."""
    return recipes.convert(_RECIPES[role], data)


def whole(networks: Mapping[str, Model]) -> dict[str, bytes]:
    """The graphs with their weights inside, as the conversion makes them."""
    return {name: _whole(network) for name, network in networks.items()}


def _whole(network: Model) -> bytes:
    if isinstance(network, bytes):
        return network
    model = onnx.load(network)
    for tensor in model.graph.initializer:
        tensor.ClearField("data_location")
    return bytes(model.SerializeToString(deterministic=True))


def kept(networks: Mapping[str, Model]) -> bool:
    """Whether all of them are files."""
    return all(isinstance(network, Path) for network in networks.values())
