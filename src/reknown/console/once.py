"""Forms that count once: their answer is a page, which browsers load again by sending them."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AlreadyExistsError, ReplayError
from reknown.services.context import Nonce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.console.visit import Visit
    from reknown.services.context import Context

FIELD = "once"
# No sign-in lasts so long, and a form is of one sign-in.
_LIFE = timedelta(hours=13)


@contextmanager
def once(visit: Visit) -> Iterator[Context]:
    """The context for what the form asks: its number is used up by the record of what is done.

    Raises `AlreadyExistsError` for a form that was sent before.
    """
    number = f"{visit.visitor.digest} {visit.given(FIELD)}"
    value = f"form {hashlib.sha256(number.encode()).hexdigest()}"
    nonce = Nonce(value, datetime.now(UTC) + _LIFE)
    try:
        yield visit.context.by(replace(visit.context.actor, nonce=nonce))
    except ReplayError as error:
        raise AlreadyExistsError(
            "this form was sent before, and what it made is there: the secret is not shown again"
        ) from error
