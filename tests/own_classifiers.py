"""A pack as an operator may have one: classifiers whose answers are known beforehand."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from reknown.vision.packs.cache import write_atomically
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LABELS: Mapping[str, tuple[str, ...]] = {
    "age_range": ("0-19", "20-59", "60-120"),
    "gender": ("female", "male"),
    "emotions": ("happy", "calm", "fear"),
    "beard": ("no", "yes"),
}
SIDE = 32


def network(weights: np.ndarray, bias: Sequence[float]) -> bytes:
    """Logits from the means of the three channels: `weights` (3, labels)."""
    constants = [
        numpy_helper.from_array(np.asarray(values, np.float32), name)
        for name, values in (("weights", weights), ("bias", bias))
    ]
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["x"], ["means"]),
            helper.make_node("Flatten", ["means"], ["row"]),
            helper.make_node("Gemm", ["row", "weights", "bias"], ["logits"]),
        ],
        "classifier",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, SIDE, SIDE))],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, (1, len(bias)))],
        initializer=constants,
    )
    opset = helper.make_opsetid("", 17)
    return bytes(helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString())


def steady(labels: int) -> bytes:
    """One that always gives each label as likely as three times the next one."""
    logits = [-np.log(3.0) * number for number in range(labels)]
    return network(np.zeros((3, labels)), logits)


def manifest(files: Mapping[str, bytes], labels: Mapping[str, Sequence[str]] = LABELS) -> str:
    """What the operator writes."""
    text = 'name = "classifiers"\nsummary = "Our own"\nnon_commercial = false\n'
    text += '[classifiers]\nkind = "onnx-classifiers"\n'
    for role, data in files.items():
        shown = ", ".join(f'"{label}"' for label in labels[role])
        text += (
            f'[classifiers.files.{role}]\nsource = "https://models.example/{role}.onnx"\n'
            f'sha256 = "{sha256(data).hexdigest()}"\nsize = {len(data)}\n'
            f'licence = "ours"\ntraining_data = "ours"\n'
            f"[classifiers.reads.{role}]\nlabels = [{shown}]\nside = {SIDE}\n"
            'dataset = "our own images"\nimages = 100\nright = 90\n'
        )
    return text


def install(packs: Path, cache: Path, files: Mapping[str, bytes]) -> PackStore:
    """Puts the pack into a folder and its files into the cache, as `models pull` does."""
    packs.mkdir(parents=True, exist_ok=True)
    (packs / "classifiers.toml").write_text(manifest(files))
    store = PackStore(cache, [packs])
    for role, file in store.any_manifest("classifiers").files().items():
        write_atomically(store.cache.download(file), files[role])
    return store
