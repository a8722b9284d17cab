"""Where a request comes from when proxies stand in between: their word, if it counts."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address

    from reknown.awswire.sigv4 import HttpRequest

_FOR, _PROTOCOL = "x-forwarded-for", "x-forwarded-proto"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of proxies that say truly who has called them, and how."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str]) -> TrustedProxies:
        """From addresses and networks such as 10.0.0.0/8; raises `ValueError`."""
        return cls(tuple(map(ip_network, names)))

    def origin(self, request: HttpRequest, peer: str, *, secure: bool) -> tuple[str, bool]:
        """The client's address and whether it speaks HTTPS, for a connection from `peer`
        that is encrypted if `secure`.

        Each proxy adds at the end whom it was called by, so the last address counts that is not a
        proxy's own; what stands before it may be made up. What is no address ends the search.
        """
        if not self._includes(peer):
            return peer, secure
        client = str(_address(peer))
        for value in reversed(_listed(request, _FOR)):
            address = _address(value)
            if address is None:
                break
            client = str(address)
            if not self._includes(client):
                break
        protocols = _listed(request, _PROTOCOL)
        return client, protocols[-1] == "https" if protocols else secure

    def _includes(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self.networks)


def _listed(request: HttpRequest, name: str) -> list[str]:
    values = b",".join(request.values(name)).decode("latin-1").split(",")
    return [value.strip().lower() for value in values if value.strip()]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """With or without a port; one of IPv4 that came over IPv6 is one of IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
