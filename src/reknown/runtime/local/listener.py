"""A server's end: extracts for commands of its folder's owner, in turns beside those of the API."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ImageError
from reknown.runtime.local.conversion import refusal, to_message
from reknown.runtime.local.messages import (
    LONGEST_REQUEST,
    Accepted,
    Answer,
    Busy,
    Extract,
    Unable,
    hello,
    receive,
    send,
)
from reknown.runtime.local.place import NAME, address_in, call, may_ask, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import Protocol

    from structlog.typing import FilteringBoundLogger

    from reknown.configuration import Settings
    from reknown.services.executor import Executor

    class Turns(Protocol):
        """Whose turn it is, as `api.pool.Pool` says."""

        def turn(self, key: str) -> AbstractContextManager[bool]:
            """Whether the key may have one at once."""


# A name that no access key has: all commands together are one that shares with the others.
_KEY = "local commands"
# Each may hold one request in memory.
_CONNECTIONS = 32
_BACKLOG = 64
# A command may think between two images; a message is on this machine already.
_IDLE_SECONDS, _MESSAGE_SECONDS = 60.0, 5.0
_MOST_PATIENCE = 0.5
_POLL_SECONDS = 0.01
_STOP_SECONDS = 2.0


class CommandListener:
    """Listens while the context lasts; raises nothing where it cannot, but says so in the log."""

    def __init__(
        self, settings: Settings, executor: Executor, turns: Turns, log: FilteringBoundLogger
    ) -> None:
        self._folder = settings.data
        self._wanted = settings.server.local_commands
        self._hello = hello(settings)
        self._executor = executor
        self._turns = turns
        self._log = log
        self._socket: socket.socket | None = None
        self._inode = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._talks: dict[threading.Thread, socket.socket] = {}

    def __enter__(self) -> CommandListener:
        try:
            if self._wanted:
                self._listen()
        except OSError as error:
            self._log.warning("commands load models themselves", reason=error.strerror)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        with self._lock:
            talks = dict(self._talks)
        deadline = time.monotonic() + _STOP_SECONDS
        for thread, connection in talks.items():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # what is being done is still answered
            thread.join(max(deadline - time.monotonic(), 0))

    def stop(self) -> None:
        """Takes nothing more; at once, from any thread."""
        self._stopped.set()
        if self._socket is None:
            return
        with suppress(OSError):
            path = self._folder / NAME
            if os.lstat(path).st_ino == self._inode:  # and not that of a server after this one
                path.unlink()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    @property
    def at_work(self) -> int:
        """How many connections have not ended."""
        with self._lock:
            return len(self._talks)

    def _listen(self) -> None:
        if not hasattr(socket, "SO_PEERCRED"):
            return
        other = call(self._folder)
        if other is not None:
            other.close()
            self._log.info("commands ask another server of this folder")
            return
        self._owner = owner_of(self._folder)
        # under another name until it is its owner's alone, and then in place of a stale one
        name = f"{NAME}.{os.getpid()}"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with suppress(FileNotFoundError):
                (self._folder / name).unlink()
            with address_in(self._folder, name) as address:
                listener.bind(address)
            made = self._folder / name
            made.chmod(0o600)
            self._inode = os.lstat(made).st_ino
            listener.listen(_BACKLOG)
            made.replace(self._folder / NAME)
        except BaseException:
            listener.close()
            raise
        self._socket = listener
        threading.Thread(
            target=self._accept, args=(listener,), daemon=True, name="commands"
        ).start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                if not self._stopped.wait(_POLL_SECONDS * 10):  # out of descriptors, perhaps
                    continue
                return
            self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        thread = threading.Thread(
            target=self._talk, args=(connection,), daemon=True, name="command"
        )
        with self._lock:
            if len(self._talks) < _CONNECTIONS:
                self._talks[thread] = connection
                try:
                    thread.start()
                except RuntimeError:  # the system has no more threads
                    del self._talks[thread]
            if thread not in self._talks:
                connection.close()

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(EOFError, OSError, ValueError):
                if not may_ask(connection, self._owner):
                    return
                send(connection, self._hello, _MESSAGE_SECONDS)
                while not self._stopped.is_set():
                    request: Extract = receive(
                        connection, Extract, LONGEST_REQUEST, _IDLE_SECONDS, _MESSAGE_SECONDS
                    )
                    send(connection, self._answer(connection, request), _MESSAGE_SECONDS)
        finally:
            with self._lock:
                del self._talks[threading.current_thread()]

    def _answer(self, connection: socket.socket, request: Extract) -> Answer:
        with self._turn(min(request.patience_ms / 1000, _MOST_PATIENCE)) as granted:
            if not granted:
                return Busy()
            send(connection, Accepted(), _MESSAGE_SECONDS)
            try:
                return to_message(self._executor.extract(request.data, request.policy))
            except ImageError as error:
                return refusal(error)
            except Exception:  # whatever it is, the command finds it out for itself
                return Unable()

    @contextmanager
    def _turn(self, seconds: float) -> Iterator[bool]:
        """One at once, or as soon as nobody else waits for it."""
        deadline = time.monotonic() + seconds
        while True:
            with self._turns.turn(_KEY) as granted:
                if granted or time.monotonic() >= deadline or self._stopped.is_set():
                    yield granted
                    return
            time.sleep(_POLL_SECONDS)
