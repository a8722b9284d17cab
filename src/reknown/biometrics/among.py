"""What a search is limited to, if not the whole gallery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

MOST_USERS = 1_000
MOST_FACES = 100_000
"""So many users and faces can a search name: each is looked up for each probe."""


@dataclass(frozen=True, slots=True)
class Among:
    """Faces of these `users`, of these ids, enrolled from `since` on and before `until`.

    What is None limits nothing, and of several limits all hold. Raises `InputError` for limits
    that name nobody, or too many, and for times without a zone.
    """

    users: tuple[str, ...] | None = None
    face_ids: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        _require_some("user", self.users, MOST_USERS)
        _require_some("face id", self.face_ids, MOST_FACES)
        for moment in (self.since, self.until):
            if moment is not None and moment.tzinfo is None:
                raise InputError(f"{moment} has no time zone: say which, as in {moment}+00:00")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InputError(
                f"nobody is enrolled from {self.since} on and before {self.until}: swap the times"
            )


def _require_some(what: str, named: tuple[str, ...] | None, most: int) -> None:
    if named is None:
        return
    if not named:
        raise InputError(f"a search among no {what}s finds nobody: name some, or leave this out")
    if len(named) > most:
        raise InputError(f"a search can name at most {most:,} {what}s, not {len(named):,}")
