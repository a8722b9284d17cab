"""What a transaction does last of all, just before it is committed.

Locks that everybody needs are taken then, in one order, and held for a moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

    Act = Callable[[Connection, Sequence[Any]], None]

_WAITING, _READY = "waiting for the commit", "acts at commits"


def before_commit(connection: Connection, act: Act, item: object) -> None:
    """Runs `act` once at the end of this transaction, with all items that were given for it.

    Items of savepoints that were rolled back since are among them: `act` has to look.
    """
    if not connection.engine.get_execution_options().get(_READY):
        raise RuntimeError("this engine does nothing before a commit: see act_at_commits")
    connection.info.setdefault(_WAITING, {}).setdefault(act, []).append(item)


def act_at_commits(database: Engine) -> None:
    """Makes `before_commit` work on an engine; what else listens to its commits comes after."""
    database.update_execution_options(**{_READY: True})
    event.listen(database, "begin", _forget)
    event.listen(database, "commit", _act)


def _forget(connection: Connection) -> None:
    """What a transaction left that was never committed."""
    connection.info.pop(_WAITING, None)


def _act(connection: Connection) -> None:
    for act, items in connection.info.pop(_WAITING, {}).items():
        act(connection, items)
