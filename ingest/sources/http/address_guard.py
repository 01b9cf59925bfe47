"""Which network addresses a source may lead to: never silently into a private network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from ingest.errors import SourceRefusedError

Resolver = Callable[[str, int], Sequence[str]]
"""Addresses of a host, the best first; raises `OSError` where there are none."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """Ask the system's resolver."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of over 63 characters, an empty one
        raise OSError(f"{host} is no name of a host") from error
    return tuple(dict.fromkeys(str(address[4][0]) for address in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, also where it is wrapped in IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class AddressGuard:
    """Lets a source through to its own host and to public addresses.

    Args:
        host: the one that is configured: it may be private, for whoever named it meant it.
        allow_private: whether other hosts may be private, too.
        resolve: finds the addresses of a host.
    """

    def __init__(self, host: str, *, allow_private: bool, resolve: Resolver) -> None:
        self._host = host.lower()
        self._allow_private = allow_private
        self._resolve = resolve

    def resolve_addresses(self, host: str, port: int) -> Sequence[str]:
        """Addresses to connect to; connecting to these and no others leaves no time to rebind.

        Raises:
            SourceRefusedError: an address is private.
            OSError: the host has none.
        """
        found = self._resolve(host, port)
        free = self._allow_private or host.lower() == self._host
        if not free and not all(is_public(address) for address in found):
            raise SourceRefusedError(
                f"{self._host} leads to {host}, which is in a private network: name that address "
                "itself, or set `allow_private`."
            )
        return found
