"""The rules of collections: set, and read. Both are in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import PolicyError
from reknown.biometrics.policy import EVERYTHING_ALLOWED
from reknown.gallery import policies
from reknown.ledger import log
from reknown.ledger.records import ReadPolicyRecord, SetPolicyRecord
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.biometrics.policy import Policy
    from reknown.services.context import Context


def set_policy(context: Context, collection: str, policy: Policy) -> None:
    """Puts this policy in the place of what the collection had.

    Raises `NotFoundError`, or `PolicyError` for an incomplete one where it has to be governed.
    """
    require_complete(context, collection, policy)
    with context.database.begin() as connection:
        policies.set_policy(connection, collection, policy)
        log.append(connection, context.actor, collection, SetPolicyRecord(policy))


def read_policy(context: Context, collection: str) -> Policy:
    """The policy in force; raises `NotFoundError`."""
    with context.database.begin() as connection:
        found = policies.policy_of(connection, collection)
        log.append(connection, context.actor, collection, ReadPolicyRecord())
    return found


def purposes_to_state(context: Context, collection: str) -> tuple[str, ...]:
    """What the collection may be searched for, none for anything; raises `NotFoundError`.

    Every search that is refused tells it as well, so nothing is recorded.
    """
    with reading(context.database) as connection:
        policy = policies.policy_of(connection, collection)
    return tuple(filter(policy.allows, policy.purposes))


def require_complete(context: Context, collection: str, policy: Policy | None) -> None:
    """Raises `PolicyError` with all that is missing where the collection is to be governed."""
    chosen = policy or EVERYTHING_ALLOWED
    missing = chosen.missing()
    if missing and (chosen.governed or context.platform.governed):
        raise PolicyError(
            f"{collection!r} has to be governed, and its policy lacks {', '.join(missing)}: "
            "`reknown collections policy --template` writes one to fill in",
            collection,
            "PolicyIncomplete",
        )


def require_ruled(context: Context, collection: str) -> None:
    """The same of the rules in force, before anything is put into the collection.

    It may be older than the wish to have it governed. Raises `NotFoundError`, too.
    """
    with reading(context.database) as connection:
        found = policies.policy_of(connection, collection)
    require_complete(context, collection, found)
