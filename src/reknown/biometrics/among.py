"""What a search is limited to, if not the whole gallery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# Each is looked up for each probe.
MOST_USERS, MOST_FACES = 1_000, 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """A part of a gallery, to be searched alone.

    Faces of these `users` (names, up to 1,000), of these `face_ids` (up to 100,000), enrolled from
    `since` on and before `until` (with a time zone). What is None limits nothing, and of several
    limits all hold.

    Raises `errors.InputError` for limits that name nobody or too many, and for other times.
    """

    users: Sequence[str] | None = None
    face_ids: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        _require_some("user", self.users, MOST_USERS)
        _require_some("face id", self.face_ids, MOST_FACES)
        for moment in (self.since, self.until):
            if moment is not None and moment.utcoffset() is None:
                raise InputError(f"{moment} has no time zone: say which, as in {moment}+00:00")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InputError(
                f"nobody is enrolled from {self.since} on and before {self.until}: swap the times"
            )


def _require_some(what: str, named: Sequence[str] | None, most: int) -> None:
    if named is None:
        return
    if isinstance(named, str):
        raise InputError(f"{what}s are a list: write [{named!r}]")
    if not named:
        raise InputError(f"a search among no {what}s finds nobody: name some, or leave this out")
    if len(named) > most:
        raise InputError(f"a search can name at most {most:,} {what}s, not {len(named):,}")
