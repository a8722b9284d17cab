"""Options that limit a search to a part of a gallery."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.completion import complete_user

if TYPE_CHECKING:
    from reknown.biometrics.among import Among

AmongUsers = Annotated[
    list[str] | None,
    typer.Option(
        "--among-user",
        metavar="NAME",
        help="Search this person's faces only; give it again for more people.",
        autocompletion=complete_user,
        show_default=False,
    ),
]
EnrolledSince = Annotated[
    str | None,
    typer.Option(
        "--enrolled-since",
        metavar="TIME",
        help="Search only faces enrolled from this day or time on, in UTC: 2026-11-28T16:30.",
    ),
]
EnrolledUntil = Annotated[
    str | None,
    typer.Option(
        "--enrolled-until",
        metavar="TIME",
        help="Search only faces enrolled through this day, or before this time, in UTC.",
    ),
]
AmongFaces = Annotated[
    Path | None,
    typer.Option(
        "--among-faces",
        metavar="FILE",
        help="Search only the faces whose ids are in this text file, one a line.",
    ),
]

# An id is as long as 36 characters, and somebody may write more on a line.
_LONGEST_LINE = 64


def among_of(
    users: list[str] | None, since: str | None, until: str | None, faces: Path | None
) -> Among | None:
    """What the options say, None for the whole gallery; raises `InputError`."""
    from reknown.biometrics.among import Among
    from reknown.cli.moments import moment_of

    if not users and since is None and until is None and faces is None:
        return None
    return Among(
        users=users or None,
        face_ids=None if faces is None else _read_ids(faces),
        since=None if since is None else moment_of(since),
        until=None if until is None else moment_of(until, ending=True),
    )


def _read_ids(path: Path) -> tuple[str, ...]:
    from reknown.biometrics.among import MOST_FACES
    from reknown.biometrics.errors import InputError

    try:
        with path.open("rb") as file:
            data = file.read(MOST_FACES * _LONGEST_LINE + 1)
        if len(data) > MOST_FACES * _LONGEST_LINE:
            raise InputError(f"{path} is too long: a search can name {MOST_FACES:,} faces")
        lines = (line.strip() for line in data.decode("utf-8-sig").splitlines())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text: write one face id a line") from error
    return tuple(dict.fromkeys(line for line in lines if line))
