"""Commands on a data folder take a database on a server too."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from reknown.cli.options import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

_FOLDER, _SERVER = "data", "database"


def offer_database(group: typer.Typer) -> None:
    """Adds --database to all commands of the group that take --data."""
    for each in group.registered_commands:
        if each.callback is not None:
            each.callback = with_database(each.callback)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            offer_database(inner.typer_instance)


def with_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the option after --data, whose callback takes it; else as it is."""
    own = inspect.signature(command, eval_str=True).parameters
    if _FOLDER not in own or _SERVER in own:
        return command

    def run(database: None = None, **given: Any) -> Any:  # noqa: ARG001
        return command(**given)

    parameters = []
    for each in own.values():
        parameters.append(each)
        if each.name == _FOLDER:
            parameters.append(each.replace(name=_SERVER, annotation=Database, default=None))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run
