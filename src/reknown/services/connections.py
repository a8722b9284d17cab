"""Work that goes on although the connection to the database was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reknown.biometrics.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def over_a_lost_connection(work: Callable[[], Result]) -> Result:
    """What `work` gives, begun once more where a connection was lost meanwhile.

    It must change nothing that counts twice: what was being committed may have been. Raises
    `DatabaseUnavailableError` where no other connection can be had.
    """
    try:
        return work()
    except DatabaseUnavailableError as error:
        if not error.lost:
            raise
        return work()
