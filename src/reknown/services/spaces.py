"""Work that begins in one template space and may end in another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from reknown.biometrics.errors import SpaceMismatchError
from reknown.gallery.collections import get_space
from reknown.gallery.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.database import Engine as Database

Result = TypeVar("Result")


def in_one_space(database: Database, collection: str | None, work: Callable[[], Result]) -> Result:
    """What `work` gives; it begins anew when the collection is switched to another space meanwhile.

    It must have changed nothing when it raises `SpaceMismatchError`. That is passed on where the
    collection is not the reason: when it comes again in the same space.
    """
    met: TemplateSpace | None = None
    while True:
        try:
            return work()
        except SpaceMismatchError:
            if collection is None:
                raise
            before, met = met, _space(database, collection)
            if met == before:
                raise


@contextmanager
def until_switched(collection: str) -> Iterator[None]:
    """For work too long to begin anew: a `SpaceMismatchError` says why, and what to do."""
    try:
        yield
    except SpaceMismatchError as error:
        raise SpaceMismatchError(
            f"{collection!r} was switched to another model pack meanwhile: run the same again"
        ) from error


def _space(database: Database, collection: str) -> TemplateSpace:
    with reading(database) as connection:
        return get_space(connection, collection)
