"""The policy of each collection, as it was set last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select

from reknown.biometrics.policy import EVERYTHING_ALLOWED
from reknown.gallery.collections import claim, require
from reknown.gallery.policy_documents import read_document, write_document
from reknown.gallery.schema import collections, policies
from reknown.storage.clock import now_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reknown.biometrics.policy import Policy

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
    return read_document(collection, document)


def set_policy(connection: Connection, collection: str, policy: Policy) -> None:
    """Puts this policy in the place of what the collection had; raises `NotFoundError`."""
    owner = claim(connection, collection).id
    connection.execute(delete(policies).where(policies.c.collection == owner))
    values = {
        "collection": owner,
        "document": write_document(policy),
        "set_at": now_text(),
    }
    connection.execute(insert(policies).values(values))


def collections_with_policies(connection: Connection) -> list[str]:
    """The names of the collections that have rules of their own."""
    query = select(collections.c.name).join(policies).order_by(collections.c.id)
    return list(connection.execute(query).scalars())
