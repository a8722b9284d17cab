"""The converted MTCNN against the same layers written out in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from networks import convert
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.keras_arrays import mtcnn_shapes, read_arrays
from reknown.vision.packs.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reknown.vision.packs.store import PackStore

    Floats = NDArray[np.float32]

# Size and Keras padding of the max-pool behind each convolution, stride 2.
POOLS: dict[str, list[tuple[int, str] | None]] = {
    "pnet": [(2, "same"), None, None],
    "rnet": [(3, "same"), (3, "valid"), None],
    "onet": [(3, "same"), (3, "valid"), (2, "same"), None],
}
HEADS = {"pnet": ["box", "face"], "rnet": ["box", "face"], "onet": ["box", "landmarks", "face"]}


@pytest.mark.parametrize(("role", "side"), [("pnet", 12), ("pnet", 37), ("rnet", 24), ("onet", 48)])
def test_networks_agree_with_numpy(store: PackStore, role: str, side: int) -> None:
    source = read_source(store.manifest("public-domain").files()[role], store.cache)
    values = np.random.default_rng(side).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
    expected = _forward(role, values, iter(read_arrays(source, mtcnn_shapes(role))))
    model = convert(role, source)[role]
    found = OnnxNetwork(model).run(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))
    assert found.keys() == expected.keys()
    for name, output in expected.items():
        channels_first = np.moveaxis(output, -1, 1)
        np.testing.assert_allclose(found[name], channels_first, atol=2e-5)
    assert convert(role, source)[role] == model


def _forward(role: str, x: Floats, arrays: Iterator[Floats]) -> dict[str, Floats]:
    """Channels last, as Keras stores it."""
    for pool in POOLS[role]:
        x = _convolved(x, next(arrays)) + next(arrays)
        x = _prelu(x, next(arrays))
        if pool:
            x = _pooled(x, *pool)
    if role != "pnet":
        x = x.transpose(0, 2, 1, 3).reshape(len(x), -1) @ next(arrays) + next(arrays)
        x = _prelu(x, next(arrays))
    heads = {}
    for name in HEADS[role]:
        kernel, bias = next(arrays), next(arrays)
        heads[name] = x @ kernel.reshape(kernel.shape[-2:]) + bias
    powers = np.exp(heads["face"] - heads["face"].max(axis=-1, keepdims=True))
    heads["face"] = powers / powers.sum(axis=-1, keepdims=True)
    return heads


def _convolved(x: Floats, kernel: Floats) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.asarray(np.einsum("nhwcij,ijco->nhwo", windows, kernel), np.float32)


def _prelu(x: Floats, slopes: Floats) -> Floats:
    return np.where(x > 0, x, x * slopes.reshape(-1))


def _pooled(x: Floats, size: int, padding: str) -> Floats:
    if padding == "same":
        missing = [max((-(-n // 2) - 1) * 2 + size - n, 0) for n in x.shape[1:3]]
        ends = [(m // 2, m - m // 2) for m in missing]
        x = np.pad(x, [(0, 0), *ends, (0, 0)], constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.asarray(windows[:, ::2, ::2].max(axis=(-2, -1)), np.float32)
