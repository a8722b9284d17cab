"""Who asks, and with which request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Nonce:
    """What may be used once: a request's signature, until no verifier would accept it."""

    value: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who performed an action, as the ledger names them.

    `request_id` is that of the network request, None on the command line. `nonce` is consumed
    in the transaction that records the action, so that no request is carried out twice. `purpose`
    is the code of what it is done for, where the caller said so, and `approval`
    the id of what allows more of the same searches than the policy does. `watch` is the watch that
    searches for them, if one does.
    """

    name: str
    request_id: str | None = None
    nonce: Nonce | None = None
    purpose: str | None = None
    approval: str | None = None
    watch: str | None = None
