"""Processes of Reknown that are forked from one that has imported it already.

A start takes between one and two seconds of processor, nearly all for imports, and the tests
start hundreds. What is run is the very program; tests of how a process starts, ends or is told
its limits execute it anew (`tests/e2e`).
"""

from __future__ import annotations

import atexit
import gc
import inspect
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from ctypes import CDLL
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_LONGEST = 1 << 20
# What a process that runs already can take over from its environment.
_OURS = ("REKNOWN_", "AWS_", "XDG_", "HOME", "TZ")
# Figures that processes share are settled when their library is imported.
_SHARED = "--processes"
_LEFT_OUT = (
    *("reknown.runtime.cluster", "reknown.evaluation", "reknown.reporting"),
    *("reknown.gallery.vectors.libkernel", "reknown.__main__", "reknown.storage.migrations"),
)
# Imported by what is run, when it runs.
_LATE = ("platformdirs", "pydantic.type_adapter", "threadpoolctl", "uvicorn.lifespan.on")


class Forked(subprocess.Popen[Any]):
    """`reknown` with arguments, as `subprocess.Popen` would run it; by keyword alone.

    Runs it anew where the environment asks for what is settled when an interpreter starts.
    """

    def _execute_child(self, args: Any, *rest: Any) -> None:
        names = inspect.getfullargspec(super()._execute_child).args[2:]  # type: ignore[misc]
        given = dict(zip(names, rest, strict=False))
        environment = dict(os.environ if given["env"] is None else given["env"])
        if _SHARED in args or not _can_fork(environment):
            super()._execute_child(args, *rest)  # type: ignore[misc]
            return
        read, write = os.pipe()
        ends = [given[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        standard = [number if end == -1 else end for number, end in enumerate(ends)]
        task = {
            "words": [os.fsdecode(word) for word in args],
            "environment": environment,
            "folder": os.fspath(given["cwd"] or Path.cwd()),
        }
        with os.fdopen(read, "rb") as answer:
            mother = _mother()
            _adopt_orphans(yes=True)  # what is forked is nobody's at first, and ours from then on
            socket.send_fds(mother, [json.dumps(task).encode()], [*standard, write])
            os.close(write)
            self.pid = int(answer.read())
            _adopt_orphans(yes=False)
        self._child_created = True
        for end in ends:
            if end != -1:
                os.close(end)


def run(
    command: Sequence[object],
    *,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    typed: str = "",
    check: bool = False,
) -> subprocess.CompletedProcess[str]:
    """What a command says, as `subprocess.run` would; `typed` is on its standard input."""
    words, pipe = [str(word) for word in command], subprocess.PIPE
    with Forked(
        words, env=env, cwd=cwd, text=True, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        out, errors = process.communicate(typed, timeout=60)
    done = subprocess.CompletedProcess(words, process.returncode, out, errors)
    if check:
        done.check_returncode()
    return done


def printed(command: list[str], environment: dict[str, str] | None = None) -> str:
    """What a command prints; raises `CalledProcessError`."""
    return run(command, env=environment, check=True).stdout


def _can_fork(environment: dict[str, str]) -> bool:
    changed = environment.items() ^ os.environ.items()
    return sys.platform == "linux" and all(name.startswith(_OURS) for name, _ in changed)


def _adopt_orphans(*, yes: bool) -> None:
    CDLL(None).prctl(_ADOPT_ORPHANS, int(yes))


@cache
def _mother() -> socket.socket:
    """The way to the process that has imported everything, one for this process."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, __file__, str(its.fileno())]
    process = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
    its.close()
    atexit.register(process.kill)
    return ours


def main(line: socket.socket) -> None:
    """Imports Reknown and forks for each task; what is forked runs it."""
    CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    for module in pkgutil.walk_packages(import_module("reknown").__path__, "reknown."):
        if not module.name.startswith(_LEFT_OUT):
            import_module(module.name)
    for name in _LATE:
        import_module(name)
    gc.collect()
    gc.freeze()  # what collectors do not look at stays shared
    while True:
        data, descriptors, _, _ = socket.recv_fds(line, _LONGEST, 4)
        if not data:
            return
        if _forked(descriptors):
            line.close()
            _run(**json.loads(data))
        for each in descriptors:
            os.close(each)


def _forked(descriptors: list[int]) -> bool:
    """Whether this is the new process: a child of a child that has ended, so nobody's."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    grandchild = os.fork()
    if grandchild:
        os.write(descriptors[3], b"%d\n" % grandchild)
        os._exit(0)
    for number, each in enumerate(descriptors[:3]):
        os.dup2(each, number)
    for each in descriptors:
        os.close(each)
    CDLL(None).prctl(_DIE_WITH_PARENT, 0)
    return True


def _run(words: list[str], environment: dict[str, str], folder: str) -> None:
    from reknown.cli.main import app

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = words
    try:
        app()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _leave(end.code or 0)
        raise


def _leave(status: int) -> None:
    """Ends as an interpreter does, but takes nothing apart: of all that was imported, that takes
    longer than most commands.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(OSError):  # nobody reads it: the interpreter has a status for that
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
