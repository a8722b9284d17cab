"""A link to the cluster that a command is to use."""

from __future__ import annotations

from contextlib import closing, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from reknown.runtime.cluster.link import Link
from reknown.runtime.cluster.makings import makings_of
from reknown.runtime.cluster.place import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.vision.packs.store import PackStore


@contextmanager
def open_link(address: str, store: PackStore) -> Iterator[Link]:
    """To the cluster at this address, with workers that work as the packs of `store` would.

    Raises `InputError`, `ClusterError`.
    """
    makings = cache(partial(makings_of, store))
    with connect(address) as client, closing(Link(client, address, makings)) as link:
        yield link
