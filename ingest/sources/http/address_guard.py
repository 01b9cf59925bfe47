"""Network addresses that a source may lead to: private ones only by its options."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from ingest.errors import SourceRefusedError

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host, the best first; raises `OSError` if there are none."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of a host by the system's resolver."""
    try:
        records = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label is empty or over 63 characters
        raise OSError(f"{host} is no name of a host") from error
    return tuple(dict.fromkeys(str(address[4][0]) for address in records))


def is_public(address: str) -> bool:
    """Return whether an address belongs to the public internet.

    An IPv4 address inside an IPv6 one counts as itself.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = parsed.ipv4_mapped or parsed.sixtofour
        if embedded is None and parsed in _NAT64:
            embedded = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(str(embedded))
    return parsed.is_global and not parsed.is_multicast


class AddressGuard:
    """Allows the source's own host and public addresses.

    Args:
        host: host of the configured address; it may be private, since a person chose it.
        allow_private: whether other hosts may be private, too.
        resolve: returns the addresses of a host.
    """

    def __init__(self, host: str, *, allow_private: bool, resolve: Resolver) -> None:
        self._host = host.lower()
        self._allow_private = allow_private
        self._resolve = resolve

    def resolve_addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all of them allowed.

        The caller connects to just these: a second look-up could return a private one.

        Raises:
            SourceRefusedError: an address is private.
            OSError: the host has no address.
        """
        addresses = self._resolve(host, port)
        is_exempt = self._allow_private or host.lower() == self._host
        if not is_exempt and not all(is_public(address) for address in addresses):
            raise SourceRefusedError(
                f"{self._host} leads to {host}, which is in a private network: name that address "
                "itself, or set `allow_private`."
            )
        return addresses
