"""Refuses ONNX files that reach outside themselves, before anything else reads them.

Walks the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) along
the fields of `onnx.proto`, so that the check costs neither a copy nor the `onnx` package
whenever a model is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FIRST_FIELD = b"\x08"  # ir_version, which every writer puts first; pickles and zips differ
_ORT_FORMAT = b"ORTM"
_DOMAINS = (b"", b"ai.onnx")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MANY = 1 << 62
_ELEMENTS_PER_BYTE = 2  # 4-bit integers are the smallest


@dataclass(frozen=True, slots=True)
class _Message:
    """Field numbers: what is refused and why, what is looked into, which is a domain or size."""

    refused: Mapping[int, str] = field(default_factory=dict)
    parts: Mapping[int, _Message] = field(default_factory=dict)
    domain: int | None = None
    sizes: int | None = None


_TENSOR = _Message({13: "data in other files", 14: "data in other files"}, sizes=1)
_ATTRIBUTE = _Message(
    {6: "nested graphs", 11: "nested graphs", 22: "sparse tensors", 23: "sparse tensors"},
    {5: _TENSOR, 10: _TENSOR},
)
_NODE = _Message(parts={5: _ATTRIBUTE}, domain=7)
_GRAPH = _Message({15: "sparse tensors"}, {1: _NODE, 5: _TENSOR})
_MODEL = _Message(
    {20: "training steps", 25: "functions of its own"}, {7: _GRAPH, 8: _Message(domain=1)}
)


def check_onnx(data: bytes) -> bytes:
    """Returns `data` when it is a self-contained ONNX graph of standard operators.

    Raises `ModelFileError` for other formats, external data, operators of other domains,
    nested graphs, functions, and tensors that claim more elements than their bytes hold.
    """
    if data[:1] != _FIRST_FIELD or data[4:8] == _ORT_FORMAT:
        raise ModelFileError("not an ONNX file")
    _check(memoryview(data), _MODEL)
    return data


def _check(message: memoryview, rules: _Message) -> None:
    elements = 1
    for number, value in _fields(message):
        if number in rules.refused and value != 0:
            raise ModelFileError(f"an ONNX file with {rules.refused[number]} is refused")
        if number == rules.sizes:
            for size in _sizes(value):
                elements = min(elements * size, _MANY)
        elif isinstance(value, memoryview):
            _check_part(number, value, rules)
    if rules.sizes and elements > _ELEMENTS_PER_BYTE * len(message):
        raise ModelFileError("an ONNX file whose tensors claim more than it holds is refused")


def _check_part(number: int, value: memoryview, rules: _Message) -> None:
    if number == rules.domain and bytes(value) not in _DOMAINS:
        raise ModelFileError("an ONNX file with operators of another domain is refused")
    if number in rules.parts:
        _check(value, rules.parts[number])


def _sizes(value: int | memoryview) -> Iterator[int]:
    """One size, or several packed together."""
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        size, at = _varint(value, at)
        yield size


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field; of fixed-width ones only that they are there."""
    at = 0
    value: int | memoryview
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
        elif kind in (_BYTES, _FIXED64, _FIXED32):
            length = {_FIXED64: 8, _FIXED32: 4}.get(kind, 0)
            if kind == _BYTES:
                length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            raise ModelFileError("not an ONNX file: unknown wire type")
        if at > len(message) or tag >> 32:
            raise ModelFileError("not an ONNX file: damaged")
        yield number, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, at + shift + 1
    raise ModelFileError("not an ONNX file: damaged")
