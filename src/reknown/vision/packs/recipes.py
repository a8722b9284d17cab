"""From the bytes of a pack's file to the ONNX graphs that run, named by what they do."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

# To be raised when the conversion writes other files: the older ones are then removed.
CONVERSION_VERSION = 3
# What becomes of a file, by its role.
_GRAPHS: Mapping[str, tuple[str, ...]] = {
    "pnet": ("pnet",),
    "rnet": ("rnet",),
    "onet": ("onet",),
    "resnet": ("trunk", "head"),
    "yunet": ("yunet",),
    "sface": ("sface",),
}
_RESNET_CONVOLUTIONS = 29


def converted_graphs(role: str) -> tuple[str, ...]:
    """The graphs that a file becomes."""
    return _GRAPHS[role]


def conversion_key(graph: str, sha256: str) -> str:
    """What to call a converted graph: a digest of its source and of how it was made."""
    return _key(graph, sha256, CONVERSION_VERSION)


def older_keys(graph: str, sha256: str) -> list[str]:
    """What earlier versions called it."""
    return [_key(graph, sha256, version) for version in range(CONVERSION_VERSION)]


def _key(graph: str, sha256: str, version: int) -> str:
    return hashlib.sha256(f"{version}:{graph}:{sha256}".encode()).hexdigest()


def convert(role: str, data: bytes) -> dict[str, bytes]:
    """The graphs made of a file whose digest has been checked.

    Raises `ModelFileError` when the weights are not those of such a network.
    """
    # Only here: loading a graph that was converted before needs none of them.
    from reknown.vision.packs import conversion, sface_graph, yunet_graph  # noqa: PLC0415
    from reknown.vision.packs.dlib_format import read_dlib_network  # noqa: PLC0415
    from reknown.vision.packs.keras_arrays import mtcnn_shapes, read_arrays  # noqa: PLC0415
    from reknown.vision.packs.onnx_guard import check_onnx  # noqa: PLC0415

    if role == "yunet":
        return {role: yunet_graph.yunet_network(check_onnx(data))}
    if role == "sface":
        return {role: sface_graph.sface_network(check_onnx(data))}
    if role != "resnet":
        return {role: conversion.mtcnn_network(role, read_arrays(data, mtcnn_shapes(role)))}
    network = read_dlib_network(data)
    if len(network.convolutions) != _RESNET_CONVOLUTIONS:
        raise ModelFileError(f"{len(network.convolutions)} convolutions where 29 belong")
    return {"trunk": conversion.dlib_trunk(network), "head": conversion.dlib_head(network)}
