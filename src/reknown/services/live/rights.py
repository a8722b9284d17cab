"""May whoever started a watch still have it watched? Asked as long as it runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reknown.access import accounts, keys
from reknown.biometrics.errors import NotFoundError

if TYPE_CHECKING:
    from reknown.access.rights import Rights
    from reknown.storage.database import Connection

_START = "StartStreamProcessor"


def why_ended(connection: Connection, actor: str, collection: str) -> str | None:
    """Why they may not, for people; None where they may, as whoever uses commands always may."""
    kind, _, name = actor.partition(":")
    try:
        if kind == "key":
            key = keys.get_key(connection, name)
            if key.expired(datetime.now(UTC)):
                return "The access key that started it has expired: start it with another one."
            return _refused(key.rights, collection, "access key")
        if kind == "account":
            rights = accounts.get_account(connection, name).rights
            return _refused(rights, collection, "account")
    except NotFoundError:
        return "Whoever started it has neither access key nor account any more."
    return None


def _refused(rights: Rights, collection: str, what: str) -> str | None:
    if rights.permits(_START, collection):
        return None
    return f"The {what} that started it may not watch cameras against {collection} any more."
