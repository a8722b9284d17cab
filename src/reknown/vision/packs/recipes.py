"""From the bytes of a pack's file to the ONNX graphs that run, named by what they do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# To be raised when the conversion writes other files: the older ones are then removed.
CONVERSION_VERSION = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a file of this role becomes: `make` turns its bytes into the `graphs`, by name.

    `make` imports what it needs when it is called: a graph that was converted before is
    loaded without. It raises `ModelFileError` for weights that are not of such a network.
    """

    role: str
    graphs: tuple[str, ...]
    make: Callable[[bytes], Mapping[str, bytes]]


def keras_recipe(role: str) -> Recipe:
    """For the Keras weights of one of MTCNN's networks."""

    def make(data: bytes) -> Mapping[str, bytes]:
        from reknown.vision.packs.conversion import mtcnn_network  # noqa: PLC0415
        from reknown.vision.packs.keras_arrays import mtcnn_shapes, read_arrays  # noqa: PLC0415

        return {role: mtcnn_network(role, read_arrays(data, mtcnn_shapes(role)))}

    return Recipe(role, (role,), make)


def onnx_recipe(role: str) -> Recipe:
    """For an ONNX graph that runs as it is, once it is sure to reach nowhere."""

    def make(data: bytes) -> Mapping[str, bytes]:
        from reknown.vision.packs.onnx_guard import check_onnx  # noqa: PLC0415

        return {role: check_onnx(data)}

    return Recipe(role, (role,), make)


def convert(recipe: Recipe, data: bytes) -> dict[str, bytes]:
    """The graphs made of a file whose digest has been checked; raises `ModelFileError`."""
    return dict(recipe.make(data))


def conversion_key(graph: str, sha256: str) -> str:
    """What to call a converted graph: a digest of its source and of how it was made."""
    return _key(graph, sha256, CONVERSION_VERSION)


def older_keys(graph: str, sha256: str) -> list[str]:
    """What earlier versions called it."""
    return [_key(graph, sha256, version) for version in range(CONVERSION_VERSION)]


def _key(graph: str, sha256: str, version: int) -> str:
    return hashlib.sha256(f"{version}:{graph}:{sha256}".encode()).hexdigest()
