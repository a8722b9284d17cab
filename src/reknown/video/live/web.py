"""Cameras on the web: what FFmpeg reads is fetched here, from the camera and from nowhere else.

FFmpeg's own client follows redirects anywhere, believes any certificate and takes playlists' word
for what to open.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from reknown.video.live.messages import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_MOST_AT_ONCE = 65_536
_PORTS = {"http": 80, "https": 443}
_REFUSALS = frozenset({401, 403})
_MISSING = frozenset({404, 410})


class Web:
    """Opens addresses of one camera; `trouble` is the last that it met."""

    def __init__(
        self,
        place: str,
        user: str | None,
        password: str | None,
        authorities: str | None,
        hosts: Sequence[str],
        timeout: float,
    ) -> None:
        self._place = urlsplit(place)
        self._hosts = frozenset(hosts)
        self._timeout = timeout
        self.trouble: Trouble | None = None
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=_context(authorities)),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
            _Redirects(self),
            *_authentication(self._place, user, password),
        ):
            self._opener.add_handler(handler)

    def open(self, address: str, limit: int | None = None) -> Body:
        """What is there, `limit` bytes of it at most; raises `TroubleError`."""
        try:
            self.require(address)
            return Body(self, self._opener.open(address, timeout=self._timeout), limit)
        except TroubleError as error:
            self.fail(error.trouble)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.fail(_trouble(error))

    def require(self, address: str) -> None:
        """Raises `TroubleError` for an address that is not the camera's."""
        try:
            parts = urlsplit(address)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            raise TroubleError(Trouble.ELSEWHERE) from None
        host = (parts.hostname or "").lower()
        weaker = self._place.scheme == "https" and parts.scheme != "https"
        if parts.scheme not in _PORTS or weaker or "@" in parts.netloc:
            raise TroubleError(Trouble.ELSEWHERE)
        if host in self._hosts or f"{host}:{port}" in self._hosts:
            return
        if host != self._place.hostname or not self._is_port(parts):
            raise TroubleError(Trouble.ELSEWHERE)

    def fail(self, trouble: Trouble) -> NoReturn:
        """Raises it, and remembers it for when FFmpeg says only that something failed."""
        self.trouble = trouble
        raise TroubleError(trouble)

    def _is_port(self, parts: SplitResult) -> bool:
        ours, theirs = (each.port or _PORTS[each.scheme] for each in (self._place, parts))
        return ours == theirs or (ours, theirs) == (_PORTS["http"], _PORTS["https"])


class Body:
    """A body in the form that PyAV reads; it has no end but its own and the limit."""

    def __init__(self, web: Web, answer: Any, limit: int | None) -> None:
        self._web = web
        self._answer = answer
        self._left = limit
        self._failed: Trouble | None = None

    def read(self, size: int) -> bytes:
        """What has come, `size` bytes at most; nothing at the end. Raises `TroubleError`."""
        if self._failed is not None:  # FFmpeg asks once more
            self._web.fail(self._failed)
        size = min(size, _MOST_AT_ONCE)
        if self._left is not None:
            size = min(size, self._left)
        try:
            data: bytes = self._answer.read1(size) if size else b""
        except TimeoutError:
            self._failed = Trouble.NO_ANSWER
            self._web.fail(self._failed)
        except (OSError, ValueError, http.client.HTTPException):
            self._failed = Trouble.BROKE_OFF
            self._web.fail(self._failed)
        if self._left is not None:
            self._left -= len(data)
        return data

    def close(self) -> None:
        """Ends the connection."""
        with suppress(OSError):
            self._answer.close()


def require_trusted(host: str, port: int, authorities: str | None, timeout: float) -> None:
    """Raises `TroubleError` unless who answers there has a certificate that is believed."""
    context = _context(authorities)
    try:
        with (
            socket.create_connection((host, port), timeout) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return
    except OSError as error:
        raise TroubleError(_trouble(error)) from None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows what stays with the camera."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        self._web.require(args[-1])
        request = super().redirect_request(*args)
        args[1].close()  # the library would read all of this page, which may have no end
        return request


def _context(authorities: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except (OSError, ssl.SSLError):
        raise TroubleError(Trouble.UNTRUSTED) from None


def _authentication(
    place: SplitResult, user: str | None, password: str | None
) -> list[urllib.request.BaseHandler]:
    if user is None:
        return []
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, f"{place.scheme}://{place.netloc}/", user, password or "")
    return [
        urllib.request.HTTPDigestAuthHandler(passwords),
        urllib.request.HTTPBasicAuthHandler(passwords),
    ]


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in _REFUSALS:
            return Trouble.REFUSED
        return Trouble.MISSING if error.code in _MISSING else Trouble.NO_ANSWER
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Trouble.UNTRUSTED
    if isinstance(reason, TimeoutError | http.client.HTTPException | ValueError):
        return Trouble.NO_ANSWER
    return Trouble.UNREACHABLE
