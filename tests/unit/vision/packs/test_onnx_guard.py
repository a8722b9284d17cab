from __future__ import annotations

import pickle
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.onnx_guard import check_onnx


@pytest.fixture
def model() -> ModelProto:
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 10])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(np.ones((10, 10), np.float32), "w")],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


def _refused(model: ModelProto, reason: str) -> None:
    with pytest.raises(ModelFileError, match=reason):
        check_onnx(model.SerializeToString())


def _point_outside(tensor: TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def test_plain_graphs_pass(model: ModelProto) -> None:
    data = model.SerializeToString()
    assert check_onnx(data) is data
    model.opset_import[0].domain = "ai.onnx"
    model.graph.initializer[0].ClearField("raw_data")
    model.graph.initializer[0].float_data.extend([0.0] * 100)
    check_onnx(model.SerializeToString())


def test_external_data_is_refused(model: ModelProto) -> None:
    _point_outside(model.graph.initializer[0])
    _refused(model, "data in other files")
    model.graph.initializer[0].ClearField("data_location")
    _refused(model, "data in other files")
    model.graph.initializer[0].ClearField("external_data")
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    _refused(model, "data in other files")


def test_external_data_of_a_constant_is_refused(model: ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "c")
    _point_outside(tensor)
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))
    _refused(model, "data in other files")


def test_other_domains_are_refused(model: ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"
    _refused(model, "another domain")
    model.graph.node[0].domain = ""
    model.opset_import.add(domain="evil", version=1)
    _refused(model, "another domain")


def test_functions_and_nested_graphs_are_refused(model: ModelProto) -> None:
    attribute = AttributeProto(name="body", type=AttributeProto.GRAPH, g=model.graph)
    model.graph.node[0].attribute.append(attribute)
    _refused(model, "nested graphs")
    model.graph.node[0].ClearField("attribute")
    model.functions.add(name="f")
    _refused(model, "functions")


@pytest.mark.parametrize("dims", [[2**40], [2**20] * 6, [-1, 10], [2**62] * 1000])
def test_tensors_that_claim_too_much_are_refused(model: ModelProto, dims: list[int]) -> None:
    model.graph.initializer[0].dims[:] = dims
    _refused(model, "claim more")


def test_other_formats_are_refused(model: ModelProto) -> None:
    zipped, cut = b"PK\x03\x04" + bytes(60), model.SerializeToString()[:-1]
    for data in (b"", pickle.dumps([1]), zipped, b"\x08\0\0\0ORTM" + bytes(9), cut):
        with pytest.raises(ModelFileError, match="not an ONNX file"):
            check_onnx(data)


@given(st.binary(max_size=200))
def test_junk_raises_nothing_else(data: bytes) -> None:
    with suppress(ModelFileError):
        check_onnx(b"\x08\x08" + data)
