"""Lists page by page, or whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.storage.paging import Page

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """At most `limit` entries behind those of an earlier page, which ended at `after`."""

    after: str | None = None
    limit: int = 1000


def all_pages(fetch: Callable[[PageRequest], Page[Item]]) -> Iterator[Item]:
    """Every entry of a list, fetched page by page."""
    request = PageRequest()
    while True:
        page = fetch(request)
        yield from page.items
        if page.next is None:
            return
        request = replace(request, after=page.next)
