"""Runs ONNX graphs on the processor with ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reknown.biometrics.errors import ModelFileError

# Else it tells its makers of its use, under a number for this machine. Read when it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

Model = bytes | Path  # an ONNX graph, or the file that holds one, with its weights beside it


class Network(Protocol):
    """A network with one input."""

    def run(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The outputs by name."""
        ...


class DescribedNetwork(Network, Protocol):
    """A network whose file says more about it."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What its publishers have written into it."""
        ...


class OnnxNetwork:
    """An ONNX graph held by ONNX Runtime; safe to run from several threads at once.

    One thread a call: images are processed side by side, which scales better than
    splitting the small products of one image.
    """

    def __init__(self, model: Model) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                model,
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=False,  # it would report to standard output
            )
        except Exception as error:
            raise ModelFileError(f"not a usable ONNX graph: {error}") from error
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    @property
    def metadata(self) -> Mapping[str, str]:
        """What its publishers have written into it."""
        described: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return described

    def run(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The outputs by name."""
        results = self._session.run(self._outputs, {self._input: values})
        return dict(zip(self._outputs, results, strict=True))
