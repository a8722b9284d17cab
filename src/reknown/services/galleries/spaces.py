"""Work that begins in one template space and may end in another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from reknown.biometrics.errors import SpaceMismatchError
from reknown.gallery.collections import generation
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.storage.database import Database

Result = TypeVar("Result")


def in_one_space(database: Database, collection: str | None, work: Callable[[], Result]) -> Result:
    """What `work` gives; it starts over when the collection is switched to another space meanwhile.

    It must have changed nothing when it raises `SpaceMismatchError`. That is passed on where it
    comes again although there was no switch since.
    """
    seen: tuple[int, int] | None = None
    while True:
        try:
            return work()
        except SpaceMismatchError:
            if collection is None:
                raise
            before, seen = seen, _generation(database, collection)
            if seen == before:
                raise


@contextmanager
def until_switched(collection: str) -> Iterator[None]:
    """For work too long to start over: a `SpaceMismatchError` says why, and what to do."""
    try:
        yield
    except SpaceMismatchError as error:
        raise SpaceMismatchError(
            f"{collection!r} was switched to another model pack meanwhile: run the same again"
        ) from error


def _generation(database: Database, collection: str) -> tuple[int, int]:
    with reading(database) as connection:
        return generation(connection, collection)
