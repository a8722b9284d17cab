"""Policies as the database has them: one JSON document each."""

from __future__ import annotations

from functools import cache

import msgspec

from reknown.biometrics.errors import DatabaseError, InputError
from reknown.biometrics.policy import Policy
from reknown.structs import resolved


def read_document(collection: str, document: str) -> Policy:
    """The policy of that collection; raises `DatabaseError` where this release cannot read it."""
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


def write_document(policy: Policy) -> str:
    """The document of a policy."""
    return msgspec.json.encode(policy, order="sorted").decode()


@cache
def _decoder() -> msgspec.json.Decoder[Policy]:
    return msgspec.json.Decoder(resolved(Policy))
