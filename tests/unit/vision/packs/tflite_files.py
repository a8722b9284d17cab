"""Writes small TensorFlow Lite files: what the reader is held against."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

CODES = {
    "Add": 0,
    "Conv": 3,
    "DepthwiseConv": 4,
    "MaxPool": 17,
    "Reshape": 22,
    "Pad": 34,
    "PRelu": 54,
}
SAME, VALID = 0, 1


class FlatBuffer:
    """Puts tables one behind the other; offsets only ever point forwards."""

    def __init__(self) -> None:
        self._parts = bytearray(b"\0\0\0\0TFL3")

    def finish(self, root: int) -> bytes:
        struct.pack_into("<I", self._parts, 0, root)
        return bytes(self._parts)

    def table(self, fields: Mapping[int, tuple[str, object]]) -> int:
        """Fields by number: a `struct` form and a number, or what is to be pointed at."""
        count = max(fields, default=-1) + 1
        self._align()
        vtable = len(self._parts)
        self._parts += bytes(4 + 2 * count)
        self._align()
        at = len(self._parts)
        self._parts += struct.pack("<i", at - vtable)
        places: dict[int, int] = {}
        for number, (form, value) in fields.items():
            self._align()
            places[number] = len(self._parts)
            plain = form not in {"table", "tables", "ints", "bytes"}
            self._parts += struct.pack(form, value) if plain else bytes(4)
        struct.pack_into("<HH", self._parts, vtable, 4 + 2 * count, len(self._parts) - at)
        for number, place in places.items():
            struct.pack_into("<H", self._parts, vtable + 4 + 2 * number, place - at)
        for number, (form, value) in fields.items():
            if form in {"table", "tables", "ints", "bytes"}:
                self._point(places[number], form, value)
        return at

    def _point(self, place: int, form: str, value: object) -> None:
        if form == "table":
            target = self.table(value)  # type: ignore[arg-type]
        elif form == "bytes":
            target = self._vector(len(value), bytes(value))  # type: ignore[arg-type, call-overload]
        elif form == "ints":
            numbers = np.array(value, "<i4")
            target = self._vector(numbers.size, numbers.tobytes())
        else:
            tables = list(value)  # type: ignore[call-overload]
            target = self._vector(len(tables), bytes(4 * len(tables)))
            for number, each in enumerate(tables):
                slot = target + 4 + 4 * number
                struct.pack_into("<I", self._parts, slot, self.table(each) - slot)
        struct.pack_into("<I", self._parts, place, target - place)

    def _vector(self, count: int, data: bytes) -> int:
        self._align()
        at = len(self._parts)
        self._parts += struct.pack("<I", count) + data
        return at

    def _align(self) -> None:
        self._parts += bytes(-len(self._parts) % 4)


@dataclass
class Network:
    """A network that is put together operator by operator."""

    shapes: list[tuple[int, ...]] = field(default_factory=list)
    weights: dict[int, NDArray[np.generic]] = field(default_factory=dict)
    operators: list[tuple[str, list[int], int, Mapping[int, tuple[str, int]]]] = field(
        default_factory=list
    )

    def tensor(self, *shape: int) -> int:
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def weight(self, values: NDArray[np.generic]) -> int:
        number = self.tensor(*values.shape)
        self.weights[number] = values
        return number

    def add(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: tuple[int, ...],
        options: Mapping[int, tuple[str, int]] | None = None,
    ) -> int:
        output = self.tensor(*shape)
        self.operators.append((kind, list(inputs), output, options or {}))
        return output

    def file(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        kinds = sorted({kind for kind, *_ in self.operators})
        buffers: list[Mapping[int, tuple[str, object]]] = [{}]
        tensors: list[Mapping[int, tuple[str, object]]] = []
        for number, shape in enumerate(self.shapes):
            values = self.weights.get(number)
            form = 2 if values is not None and values.dtype.kind == "i" else 0
            if values is not None:
                buffers.append({0: ("bytes", values.tobytes())})
            buffer = 0 if values is None else len(buffers) - 1
            tensors.append({0: ("ints", shape), 1: ("<b", form), 2: ("<I", buffer)})
        operators = [
            {
                0: ("<I", kinds.index(kind)),
                1: ("ints", taken),
                2: ("ints", [output]),
                4: ("table", options),
            }
            for kind, taken, output, options in self.operators
        ]
        graph = {
            0: ("tables", tensors),
            1: ("ints", list(inputs)),
            2: ("ints", list(outputs)),
            3: ("tables", operators),
        }
        codes = [{0: ("<b", CODES[kind]), 3: ("<i", CODES[kind])} for kind in kinds]
        whole = FlatBuffer()
        model: dict[int, tuple[str, object]] = {
            0: ("<I", 3),
            1: ("tables", codes),
            2: ("tables", [graph]),
            4: ("tables", buffers),
        }
        return whole.finish(whole.table(model))
