"""Graphs that ONNX Runtime refuses."""

from __future__ import annotations

import pytest
from onnx import TensorProto, helper

from reknown.biometrics.errors import ModelFileError
from reknown.vision.inference import OnnxNetwork


@pytest.mark.parametrize("operator", [b"Nope", b"\xff\xfe\xfd\xfc"])
def test_a_refused_graph_is_one_error_and_prints_nothing(
    operator: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even when its message is no UTF-8: standard output is for results."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Nope", ["x"], ["y"])], "g", [x], [y])
    data = helper.make_model(graph).SerializeToString().replace(b"Nope", operator)
    with pytest.raises(ModelFileError, match="not a usable ONNX graph"):
        OnnxNetwork(data)
    assert capfd.readouterr().out == ""
