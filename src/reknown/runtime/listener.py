"""The socket that is listened on, and how clients address it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.configuration import Server

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM form; raises `InputError` when they cannot be used together."""

    certificate: Path
    key: Path

    def __post_init__(self) -> None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise InputError(
                f"cannot serve HTTPS with {self.certificate} and {self.key}: {error}"
            ) from error

    @classmethod
    def of(cls, server: Server) -> Tls | None:
        """What the settings say; None for plain HTTP."""
        if server.tls_certificate is None or server.tls_key is None:
            return None
        return cls(server.tls_certificate, server.tls_key)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; raises `InputError`, as for a port in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small messages at once only if the protocol is named
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        advice = "stop what runs there or choose another --port"
        raise InputError(
            f"cannot listen on {host} port {port}: {error.strerror}: {advice}"
        ) from error
    return listener


def address_of(server: Server, port: int) -> str:
    """The URL that clients on this machine use."""
    scheme = "http" if server.tls_certificate is None else "https"
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"
