"""Short writes of several threads in one transaction: what is on disk once is there for all.

SQLite has one writer at a time, and each commit waits for the disk. While one is written, the next
ones gather, and whoever comes first then writes them all.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

Result = TypeVar("Result")
_OPTION = "together"


def gather_writes(database: Engine) -> None:
    """From now on `write_together` gathers what threads write through `database`."""
    database.update_execution_options(**{_OPTION: _Gathering(database)})


def write_together(database: Engine, work: Callable[[Connection], Result]) -> Result:
    """What `work` returns, once the transaction in which it was done is on disk.

    Others may write in the same transaction, so it has to be short, and may be called twice: where
    one fails, all are done again by themselves. Raises what it raises.
    """
    gathering: _Gathering | None = database.get_execution_options().get(_OPTION)
    if gathering is not None:
        return gathering.write(work)
    with database.begin() as connection:
        return work(connection)


@dataclass(frozen=True, slots=True, eq=False)
class _Write:
    work: Callable[[Connection], Any]
    result: Future[Any] = field(default_factory=Future)


class _Gathering:
    def __init__(self, database: Engine) -> None:
        self._database = database
        self._turn = Lock()
        self._lock = Lock()
        self._waiting: list[_Write] = []

    def write(self, work: Callable[[Connection], Result]) -> Result:
        own = _Write(work)
        with self._lock:
            self._waiting.append(own)
        with self._turn:
            if not own.result.done():
                with self._lock:
                    together, self._waiting = self._waiting, []
                self._write_all(together)
        result: Result = own.result.result()
        return result

    def _write_all(self, together: Sequence[_Write]) -> None:
        try:
            with self._database.begin() as connection:
                results = [each.work(connection) for each in together]
        except BaseException as error:
            if len(together) == 1 or not isinstance(error, Exception):
                for each in together:
                    each.result.set_exception(error)
                return
            for each in together:
                self._write_all([each])
            return
        for each, result in zip(together, results, strict=True):
            each.result.set_result(result)
