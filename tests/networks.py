"""The networks of a pack as one piece each, wherever their weights lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.vision.inference import Model


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
