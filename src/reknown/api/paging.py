"""Page sizes and tokens of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.services.galleries.pages import PageRequest

if TYPE_CHECKING:
    from reknown.api.call import Call

_DEFAULT = 1000


def read_page(
    call: Call, scope: str, token: str | None, size: int | None, default: int = _DEFAULT
) -> PageRequest:
    """The page asked for; `scope` names the list, so that tokens fit no other.

    An empty token asks for the first page: many programs begin their loops with one. A size of
    0, which Amazon's model allows, means the default. Raises `PageError`.
    """
    after = call.page_tokens.open(scope, token) if token else None
    return PageRequest(after, size or default)


def next_token(call: Call, scope: str, after: str | None) -> str | None:
    """What the client gives back for the next page; None at the end."""
    return None if after is None else call.page_tokens.seal(scope, after)
