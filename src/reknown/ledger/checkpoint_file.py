"""Checkpoints in a file beside the database: what was cut off or replaced there is noticed here."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.proofs.reknown_check import read_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.proofs.reknown_check import Checkpoint

NAME = "ledger.checkpoints"
_LARGEST = 2**20
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A line of JSON each, oldest first; several processes may add to it."""

    path: Path

    def append(self, note: str) -> None:
        """Adds a checkpoint; the ledger goes on where that cannot be written, with a line."""
        line = json.dumps({"note": note}).encode() + b"\n"
        try:
            self._shorten()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.path, flags, 0o600)
            try:
                os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            _logger.warning("the checkpoints of the ledger cannot be kept: %s", error)

    def last(self) -> Checkpoint | None:
        """The newest one, None where there is none."""
        found = None
        for _, checkpoint in self.read():
            found = checkpoint or found
        return found

    def read(self) -> Iterator[tuple[int, Checkpoint | None]]:
        """Each with the number of its line; None for a line that is none.

        The last one may be half written where a process was killed, and is passed over then.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        # what is behind the last end of a line was never finished
        for number, line in enumerate(lines[:-1], start=1):
            yield number, _checkpoint(line)

    def _shorten(self) -> None:
        """Forgets the older half of a long file."""
        try:
            if self.path.stat().st_size <= _LARGEST:
                return
        except FileNotFoundError:
            return
        lines = self.path.read_bytes().splitlines(keepends=True)
        waiting = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        waiting.write_bytes(b"".join(lines[len(lines) // 2 :]))
        waiting.chmod(0o600)
        waiting.replace(self.path)


def _checkpoint(line: bytes) -> Checkpoint | None:
    try:
        return read_checkpoint(json.loads(line)["note"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
