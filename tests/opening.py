"""`reknown` whose indexes are worth opening early however small: `opening.py (ever|once) serve`."""

from __future__ import annotations

import sys
import threading
from typing import Any
from unittest import mock

from reknown.cli.main import app
from reknown.gallery.cache import IndexCache
from reknown.services.galleries import opening


def program(how: str) -> tuple[str, ...]:
    """The command line of it, for `servers.serving`; opening takes for `ever` or is done `once`."""
    return sys.executable, __file__, how


def main() -> None:
    how, current = sys.argv.pop(1), IndexCache.current

    def current_or_not(indexes: IndexCache, connection: Any, collection: str) -> Any:
        view = current(indexes, connection, collection)
        if how == "ever":
            threading.Event().wait()
        return view

    with (
        mock.patch.object(opening, "_LEAST", 1),
        mock.patch.object(IndexCache, "current", current_or_not),
    ):
        app()


if __name__ == "__main__":
    main()
