"""The commands that take back what another one has done."""

from __future__ import annotations

import shlex
from collections import defaultdict
from typing import TYPE_CHECKING

from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from reknown.biometrics.records import FaceRecord, UserRecord
    from reknown.services.archive.group_names import NamedGroup
    from reknown.services.galleries.mending import Merging

# Shells take words of two million characters in all, an id has 36.
_AT_ONCE = 1000
_ASCII = 0x80


class Undo:
    """Makes commands for a collection of a data folder, as they were given."""

    def __init__(self, collection: str, data: Path | None) -> None:
        chosen = [] if collection == DEFAULT_COLLECTION else ["--collection", collection]
        self._options = [*chosen, *([] if data is None else ["--data", str(data)])]

    def renaming(self, old: str, new: str) -> str:
        """Takes back that `old` is called `new`."""
        return self._command("users", "rename", names=(new, old))

    def moving(self, moved: Iterable[FaceRecord]) -> Iterator[str]:
        """Gives faces back to those who had them; `moved` are as they were before."""
        owners: dict[str | None, list[str]] = defaultdict(list)
        for face in moved:
            owners[face.user].append(face.face_id)
        for owner, ids in owners.items():
            to = ["--to-nobody"] if owner is None else ["--to", owner]
            for first in range(0, len(ids), _AT_ONCE):
                yield self._command("faces", "move", *ids[first : first + _AT_ONCE], *to)

    def making(self, name: str) -> str:
        """Takes back that there is such a person, who has no face any more."""
        return self._command("users", "delete", "--keep-faces", "--yes", names=(name,))

    def unnaming(self, done: NamedGroup) -> Iterator[str]:
        """Takes back who a group is, unless it was somebody else: that name would not come back."""
        if done.former is not None:
            return
        faces = [word for each in done.made for word in ("--face", each)] or ["--keep-faces"]
        person = ["--drop-person"] if done.new_person else []
        yield self._command("groups", "unname", str(done.group.number), *faces, *person)

    def naming(self, done: Merging) -> Iterator[str]:
        """Gives groups of sightings the name back that they had."""
        for number in done.groups:
            yield self._command("groups", "name", names=(str(number), done.merged.name))

    def telling(self, user: UserRecord) -> Iterator[str]:
        """Restores what was told of a person."""
        if user.profile:
            options = [word for url in user.profile.urls for word in ("--url", url)]
            if user.profile.known_gender is not None:
                options += ["--known-gender", user.profile.known_gender.value]
            yield self._command("users", "describe", *options, names=(user.name,))

    def _command(self, *words: str, names: Sequence[str] = ()) -> str:
        """Names may begin as options do."""
        guard = ["--"] if any(name.startswith("-") for name in names) else []
        return "reknown " + shlex.join([*words, *self._options, *guard, *names])


def print_undo(commands: Iterable[str]) -> None:
    """The commands for people, each on a line of its own."""
    import typer

    from reknown.cli.output import printable

    for number, command in enumerate(commands):
        if not number:
            typer.echo("to undo:")
        typed = command
        if printable(command) != command:
            typed = " ".join(map(_escaped, shlex.split(command)))
        typer.echo(f"  {typed}")


def _escaped(word: str) -> str:
    """A word with characters that cannot be shown, as bash, zsh and POSIX 2024 read it."""
    from reknown.biometrics.text import printable

    if printable(word) == word:
        return shlex.quote(word)
    return f"$'{''.join(map(_escape, word))}'"


def _escape(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < _ASCII else f"\\U{code:08x}"
