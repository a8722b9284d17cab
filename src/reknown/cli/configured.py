"""Commands with an option for each setting they use."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reknown.cli.completion import complete_pack
from reknown.cli.options import ConfigFile
from reknown.configuration import OPTIONS, DatabaseUrl, FolderOrUrl

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.configuration import Option

# Options by key, None where one was not given.
Given = Mapping[str, object]


def configured(*sections: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options of these sections, and of none, before the command's own.

    The command takes them as its first parameter.
    """
    chosen = [each for each in OPTIONS.values() if each.section in {"", *sections}]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(config: None, **given: Any) -> None:  # noqa: ARG001 - its callback takes it
            command({each.key: given.pop(each.name) for each in chosen}, **given)

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [_argument("config", ConfigFile), *map(_parameter, chosen), *own]
        signature = inspect.Signature(parameters)
        run.__signature__ = signature  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate


def _parameter(option: Option) -> inspect.Parameter:
    default = f"{option.default_text} {option.about.unit}".strip()
    info = typer.Option(
        option.flags,
        metavar=option.about.metavar,
        help=option.about.meaning + (f"  [default: {default}]" if default else ""),
        min=option.about.least,
        max=option.about.most,
        autocompletion=complete_pack if option.key == "pack" else None,
        show_default=False,
    )
    others: dict[Any, Any] = {tuple: list[str], DatabaseUrl: str, FolderOrUrl: str}
    kind: Any = others.get(option.kind, option.kind)
    return _argument(option.name, Annotated[kind | None, info])


def _argument(name: str, annotation: Any) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, default=None, annotation=annotation)
