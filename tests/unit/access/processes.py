"""Run by test_processes: forks processes that start at the same time.

    processes.py FOLDER LOCATION PROCESSES   each loads the vault and ensures the first key

Prints a line for each: a key derived from the master key, then the id of the access key that
it made or `none`.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from reknown.services.access import ensure_key
from reknown.services.context import Actor, Context
from reknown.services.master_key import open_vault
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from reknown.services.context import Platform


def work(folder: Path, location: str, start: float) -> None:
    engine = open_database(location)
    time.sleep(max(0.0, start - time.monotonic()))
    context = Context(cast("Platform", SimpleNamespace(database=engine)), Actor("tester"))
    vault = open_vault(context, folder, None)
    made = ensure_key(context, vault)
    engine.dispose()
    line = f"{vault.derive('test').hex()} {made[0].key_id if made else 'none'}\n"
    os.write(1, line.encode())


def fork(folder: Path, location: str, start: float) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        work(folder, location, start)
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


if __name__ == "__main__":
    where, database, count = sys.argv[1:]
    open_database(database).dispose()
    moment = time.monotonic() + 0.3
    children = [fork(Path(where), database, moment) for _ in range(int(count))]
    sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
