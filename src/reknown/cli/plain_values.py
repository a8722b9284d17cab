"""Text and paths of the command line as they are, without a validator.

typer has pydantic check every value, also one that was not given. To import that takes longer than
most commands do, and for text, paths and our own defaults there is nothing that it could find.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_origin

from typer._coercion import RuntimeParam, build_runtime_param
from typer._param_types import coerce_cli_path
from typer.core import _TyperParameter


class PlainParam(RuntimeParam):
    """Takes what needs no validator, and leaves everything else to typer's own."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        kind: Any = self.annotation
        if self.parameter_info.parser is None:
            if get_origin(kind) is list and isinstance(value, list | tuple):
                (kind,) = get_args(kind)
                if kind in {str, Path}:
                    return [self._plain(kind, each, param, ctx) for each in value]
            elif kind in {str, Path}:
                return self._plain(kind, value, param, ctx)
            elif type(value) is kind and value == param.default:
                return value
        return build_runtime_param(param.type_descriptor)._coerce_value(value, param, ctx)

    def _plain(self, kind: Any, value: Any, param: Any, ctx: Any) -> Any:
        if kind is str:
            return str(value)
        return coerce_cli_path(
            Path(value), self.parameter_info, path_type=Path, param=param, ctx=ctx
        )


def take_values_plainly() -> None:
    """Has typer make such parameters of all commands of this process.

    There is no place of typer's own for that: it is taken from the release that is pinned.
    """

    def runtime_param(parameter: Any) -> RuntimeParam:
        if parameter._runtime_param is None:
            described = parameter.type_descriptor
            parameter._runtime_param = PlainParam(described.parameter_info, described.annotation)
        plain: RuntimeParam = parameter._runtime_param
        return plain

    _TyperParameter.get_runtime_param = runtime_param  # type: ignore[assignment, method-assign]
