"""Commands that are imported when they are asked for: each costs only those who run it."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from reknown.cli.anywhere import offer_database, with_database

if TYPE_CHECKING:
    from collections.abc import Mapping


class LateCommands(MutableMapping[str, Any]):
    """Commands by name, from the `places` of their functions or groups: `module:attribute`."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The command, made the first time; raises `KeyError`."""
        if name not in self._made:
            self._made[name] = _command(name, self._places[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._places[name] = ""
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._made.pop(name, None)

    def __contains__(self, name: object) -> bool:
        """Without importing it."""
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def late_group(places: Mapping[str, str]) -> type[TyperGroup]:
    """A kind of group with the commands at these `places`, listed in that order."""

    class LateGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = LateCommands(places)

    return LateGroup


def _command(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    holder = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        offer_database(found)
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(with_database(found))
    return typer.main.get_group(holder).commands[name]
