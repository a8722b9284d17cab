"""The process that evaluates.

    python -m reknown.services.evaluations.child PARENT ADDRESS_SPACE

It reads a task from standard input, writes messages to standard output and ends. It takes the
time that requests leave, and can be killed at any moment: templates that are made stay made.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import BinaryIO

import msgspec

from reknown.biometrics.errors import ReknownError
from reknown.confinement import bound_memory, die_with_parent, give_up_network
from reknown.services.evaluations.messages import TASKS, EvaluationFailed, Looked, Message

_TELL_SECONDS = 1.0
_PATIENCE = 15


def main(parent: int, address_space: int) -> None:
    """Works on the task of the process `parent`; errors become a message."""
    die_with_parent()
    give_up_network()
    bound_memory(address_space)
    os.nice(_PATIENCE)
    if os.getppid() != parent:  # it ended before we were to die with it
        sys.exit(1)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    # libraries must not write between our messages
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    task = TASKS.decode(sys.stdin.buffer.read())
    with SignOfLife(answers) as teller:
        answer: Message
        try:
            from reknown.services.evaluations.measuring import perform  # noqa: PLC0415

            answer = perform(task, teller.looked)
        except ReknownError as error:
            answer = EvaluationFailed(str(error))
        except MemoryError:
            answer = EvaluationFailed("it needs more memory than it may have: take fewer pictures")
    send(answers, answer)


class SignOfLife:
    """Says every second that the work goes on, and how far it is."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._done = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> SignOfLife:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def looked(self, done: int, _total: int) -> None:
        """So many pictures are done."""
        self._done = done

    def _tell(self) -> None:
        while not self._over.wait(_TELL_SECONDS):
            send(self._answers, Looked(self._done))


def send(answers: BinaryIO, message: Message) -> None:
    """One message, whole."""
    data = memoryview(msgspec.json.encode(message) + b"\n")
    while data:
        data = data[answers.write(data) :]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
