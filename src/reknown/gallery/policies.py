"""The policy of each collection, as it was set last."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import bindparam, delete, insert, select

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.biometrics.policy import EVERYTHING_ALLOWED, Policy
from reknown.gallery.collections import claim, require
from reknown.gallery.schema import collections, policies
from reknown.storage.clock import now_text
from reknown.structs import resolved

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Made once: every search asks, and to build a statement takes longer than to run it.
_OWNER = select(collections.c.id).where(collections.c.name == bindparam("wanted"))
_FIND = select(policies.c.document).where(policies.c.collection == _OWNER.scalar_subquery())


def policy_of(connection: Connection, collection: str) -> Policy:
    """The policy of the collection, of which everything is allowed where none is set.

    Raises `NotFoundError`, or `DatabaseError` for a policy that this release cannot read.
    """
    document = connection.execute(_FIND, {"wanted": collection}).scalar_one_or_none()
    if document is None:
        require(connection, collection)
        return EVERYTHING_ALLOWED
    try:
        unknown = (
            msgspec.json.decode(document, type=resolved(dict)).keys() - Policy.__dataclass_fields__
        )
        if unknown:
            raise msgspec.ValidationError(f"it has a field {min(unknown)!r}")
        return _decoder().decode(document)
    except (msgspec.MsgspecError, InputError) as error:
        raise DatabaseError(
            f"the policy of collection {collection!r} cannot be read: {error}: install the "
            "Reknown that wrote it, or set another"
        ) from error


def set_policy(connection: Connection, collection: str, policy: Policy) -> None:
    """Puts this policy in the place of what the collection had; raises `NotFoundError`."""
    owner = claim(connection, collection).id
    connection.execute(delete(policies).where(policies.c.collection == owner))
    values = {
        "collection": owner,
        "document": msgspec.json.encode(policy, order="sorted").decode(),
        "set_at": now_text(),
    }
    connection.execute(insert(policies).values(values))


@cache
def _decoder() -> msgspec.json.Decoder[Policy]:
    return msgspec.json.Decoder(resolved(Policy))
