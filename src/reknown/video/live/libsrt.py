"""The system's libsrt: messages of MPEG-TS that come over SRT, as a stream of bytes.

FFmpeg in PyAV's wheels has none. Of libsrt's C interface (https://github.com/Haivision/srt) only
functions are used whose arguments are numbers and bytes.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reknown.video.live.messages import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from reknown.video.live.messages import Open

# With ciphers of OpenSSL, or whatever it was built with, and Debian's with those of GnuTLS.
_NAMES = ("libsrt.so.1.5", "libsrt-gnutls.so.1.5")
# <srt/srt.h>: options of a socket, reasons for a rejection, the kind of error that is a timeout
_RCVTIMEO, _PASSPHRASE, _CONNTIMEO, _RCVLATENCY, _STREAMID, _PEERIDLETIMEO = 14, 26, 36, 43, 46, 55
_UNKNOWN, _SYSTEM, _PEER, _BAD_SECRET, _UNSECURE, _TIMEOUT = 0, 1, 2, 10, 11, 16
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 1401, 1403, 1404
_AGAIN, _KINDS = 6, 1000
_REFUSALS = frozenset({_PEER, _BAD_SECRET, _UNSECURE, _UNAUTHORIZED, _FORBIDDEN})
_NOBODY = frozenset({_UNKNOWN, _SYSTEM, _TIMEOUT})
_LONGEST_MESSAGE = 1456
_LOG_CRIT = 2


def find_libsrt() -> ctypes.CDLL | None:
    """The library, if the system has it."""
    for name in _NAMES:
        with suppress(OSError):
            return ctypes.CDLL(name)
    return None


def version_of(library: ctypes.CDLL) -> str:
    """Such as 1.5.1."""
    number = library.srt_getversion()
    return f"{number >> 16}.{number >> 8 & 255}.{number & 255}"


class SrtStream:
    """A connection in the form that PyAV reads; `trouble` is what it ended with."""

    def __init__(self, order: Open, waits: Callable[[], None]) -> None:
        """Calls the camera, or is called by it, and tells `waits` meanwhile that nobody has.

        Raises `TroubleError`, and `OSError` for a name that is none.
        """
        library = find_libsrt()
        if library is None:
            raise TroubleError(Trouble.NO_SRT)
        library.srt_setloglevel(_LOG_CRIT)
        library.srt_resetlogfa(None, ctypes.c_size_t(0))
        library.srt_startup()
        self._library, self._order = library, order
        self._message = ctypes.create_string_buffer(_LONGEST_MESSAGE)
        self._rest = b""
        self.trouble: Trouble | None = None
        assert order.srt is not None
        self._settings = order.srt
        self._socket = self._listen(waits) if order.srt.listens else self._call()

    def read(self, size: int) -> bytes:
        """What has come, `size` bytes at most; raises `TroubleError`."""
        if self.trouble is not None:  # FFmpeg asks once more
            self._fail(self.trouble)
        if not self._rest:
            count = self._library.srt_recvmsg(self._socket, self._message, _LONGEST_MESSAGE)
            if count <= 0:
                self._fail(Trouble.NO_ANSWER if self._is_timeout() else Trouble.BROKE_OFF)
            self._rest = self._message.raw[:count]
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Says so to the other side."""
        self._library.srt_close(self._socket)

    def _call(self) -> int:
        trouble = Trouble.UNREACHABLE
        for address in _addresses(self._order.place):
            made = self._new_socket()
            if self._library.srt_connect(made, address, len(address)) == 0:
                return made
            reason = self._library.srt_getrejectreason(made)
            self._library.srt_close(made)
            trouble = _trouble(reason)
            if trouble is not Trouble.UNREACHABLE:
                break
        raise TroubleError(trouble)

    def _listen(self, waits: Callable[[], None]) -> int:
        address, *_ = _addresses(self._order.place)
        listener = self._new_socket()
        bound = self._library.srt_bind(listener, address, len(address)) == 0
        if not bound or self._library.srt_listen(listener, 1) != 0:
            raise TroubleError(Trouble.NOT_OURS)
        listeners, pause = (ctypes.c_int * 1)(listener), round(self._order.silent * 1000 / 2)
        while (made := self._library.srt_accept_bond(listeners, 1, ctypes.c_int64(pause))) < 0:
            if not self._is_timeout():
                raise TroubleError(Trouble.BROKE_OFF)
            waits()
        self._library.srt_close(listener)  # one camera, and no other in its place
        self._set(made, _RCVTIMEO, self._order.silent)
        return int(made)

    def _new_socket(self) -> int:
        made = int(self._library.srt_create_socket())
        silent = self._order.silent
        # silence is found out about by who reads: the connection is not to break off before
        for option, seconds in (
            (_RCVTIMEO, silent),
            (_CONNTIMEO, silent),
            (_PEERIDLETIMEO, 2 * silent),
            (_RCVLATENCY, self._settings.latency / 1000),
        ):
            self._set(made, option, seconds)
        for option, text in (
            (_PASSPHRASE, self._settings.passphrase),
            (_STREAMID, self._settings.stream_id),
        ):
            if text is not None:
                self._set(made, option, text)
        return made

    def _set(self, made: int, option: int, value: float | str) -> None:
        told = value.encode() if isinstance(value, str) else struct.pack("i", round(value * 1000))
        if self._library.srt_setsockflag(made, option, told, len(told)) != 0:
            raise TroubleError(Trouble.NO_SRT)  # one without ciphers

    def _is_timeout(self) -> bool:
        return int(self._library.srt_getlasterror(None)) // _KINDS == _AGAIN

    def _fail(self, trouble: Trouble) -> NoReturn:
        self.trouble = trouble
        raise TroubleError(trouble)


def _trouble(reason: int) -> Trouble:
    if reason in _REFUSALS:
        return Trouble.REFUSED_CALL
    if reason == _NOT_FOUND:
        return Trouble.MISSING
    return Trouble.UNREACHABLE if reason in _NOBODY else Trouble.NO_ANSWER


def _addresses(place: str) -> list[bytes]:
    """A `struct sockaddr` for each family that the host has."""
    parts = urlsplit(place)
    found: dict[int, bytes] = {}
    for family, _, _, _, address in socket.getaddrinfo(
        parts.hostname, parts.port, type=socket.SOCK_DGRAM
    ):
        found.setdefault(family, _sockaddr(family, address))
    return list(found.values())


def _sockaddr(family: int, address: Any) -> bytes:
    host, port, *more = address
    head = struct.pack("=H", family) + struct.pack("!H", port)
    if family == socket.AF_INET6:
        flow, scope = more
        packed = socket.inet_pton(family, host.partition("%")[0])
        return head + struct.pack("!I", flow) + packed + struct.pack("=I", scope)
    return head + socket.inet_aton(host) + bytes(8)
