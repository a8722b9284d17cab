"""Graphs that ONNX Runtime refuses, and what it does beside running others."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from onnx import TensorProto, helper

from reknown.biometrics.errors import ModelFileError
from reknown.vision.inference import OnnxNetwork

if TYPE_CHECKING:
    from pathlib import Path

_RUN = """
import sys
from pathlib import Path

import numpy as np

from reknown.vision.inference import OnnxNetwork

OnnxNetwork(Path(sys.argv[1])).run(np.ones(1, np.float32))
"""


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


def test_nobody_is_told_that_it_is_used(tmp_path: Path) -> None:
    """It would begin with a number for this machine, in the user's cache."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "graph.onnx").write_bytes(model.SerializeToString())
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name[:4] not in {"ORT_", "XDG_"}}
    command = [sys.executable, "-c", _RUN, str(tmp_path / "graph.onnx")]
    subprocess.run(command, env=kept | {"HOME": str(home)}, check=True, timeout=60)
    assert list(home.rglob("*")) == []
