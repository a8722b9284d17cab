"""Where a server listens for commands on its data folder, and who may be at the other end.

The socket lies in the folder, which its owner alone can enter, and is its owner's alone. Both ends
ask the system who the other one is.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.storage.modes import OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "serve.sock"
# <linux/un.h>, without the zero at the end
_LONGEST_ADDRESS = 107
_DESCRIPTORS = Path("/proc/self/fd")
_CREDENTIALS = struct.Struct("3i")
_ROOT = 0
_WAIT_SECONDS = 2.0


@contextmanager
def address_in(folder: Path, name: str = NAME) -> Iterator[str]:
    """An address of that socket, good while the context lasts; raises `OSError`.

    Where the path is longer than an address may be, it goes by a descriptor of the folder.
    """
    path = str(folder / name)
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_DESCRIPTORS / str(descriptor) / name)
    finally:
        os.close(descriptor)


def owner_of(folder: Path) -> int:
    """The user to whom the folder belongs; raises `OSError`."""
    return os.stat(folder).st_uid


def call(folder: Path) -> socket.socket | None:
    """A connection to the server of this folder, None where there is none to be trusted.

    The folder must be this very user's and closed to others, and so must be the socket. The
    server is of the same user, or root.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        place = os.lstat(folder / NAME)  # which may be a link to anywhere
        if _is_own(os.stat(folder)) and _is_own(place) and stat.S_ISSOCK(place.st_mode):
            connection.settimeout(_WAIT_SECONDS)
            with address_in(folder) as address:
                connection.connect(address)
            if user_of(connection) in {os.geteuid(), _ROOT}:
                return connection
    except OSError:  # nobody listens: a server was here, or is busy beyond measure
        pass
    connection.close()
    return None


def may_ask(connection: socket.socket, owner: int) -> bool:
    """Whether the other end is the folder's owner, or root; raises `OSError`."""
    return user_of(connection) in {owner, _ROOT}


def user_of(connection: socket.socket) -> int:
    """Who was at the other end when the connection was made; raises `OSError`."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(credentials)[1])


def _is_own(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & OTHERS
