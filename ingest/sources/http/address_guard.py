"""A guard of network addresses: private ones are for a source that was told so."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from ingest.errors import SourceRefusedError
from ingest.sources.http.address_kinds import (
    AddressKind,
    is_literal,
    is_local_name,
    is_loopback,
    is_metadata_name,
    judge_address,
)

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host, the best first; raises `OSError` if there are none."""


def resolve_host(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of a host by the system's resolver."""
    try:
        records = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label is empty or over 63 characters
        raise OSError(f"{host} is not a host name") from error
    return tuple(dict.fromkeys(str(address[4][0]) for address in records))


def is_public(address: str) -> bool:
    """Return whether an address belongs to the public internet."""
    return judge_address(address) is AddressKind.PUBLIC


class AddressGuard:
    """Allows public addresses, and the source's own host where a person chose its network.

    Args:
        host: host of the configured address.
        port: its port; another port of the same host counts as another host.
        allow_private: whether names and redirects may lead to private networks.
        resolve: returns the addresses of a host.
    """

    def __init__(self, host: str, port: int, *, allow_private: bool, resolve: Resolver) -> None:
        self._host = host.lower().rstrip(".")
        self._port = port
        self._allow_private = allow_private
        self._resolve = resolve

    def resolve_addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all of them allowed.

        The caller connects to just these: a second look-up could return a private one.

        Raises:
            SourceRefusedError: an address is private, link-local or a metadata address.
            OSError: the host has no address.
        """
        host = host.lower().rstrip(".")
        is_own = (host, port) == (self._host, self._port)
        if is_metadata_name(host):
            raise self._build_forbidden_error(host, is_own=is_own)
        addresses = self._resolve(host, port)
        if not addresses:
            raise OSError(f"{host} has no address")
        kind = max(judge_address(address) for address in addresses)
        if kind is AddressKind.FORBIDDEN:
            raise self._build_forbidden_error(host, is_own=is_own)
        if kind is AddressKind.PRIVATE and not (
            self._allow_private or (is_own and _is_chosen(host, addresses))
        ):
            raise self._build_private_error(host, is_own=is_own)
        return addresses

    def _build_forbidden_error(self, host: str, *, is_own: bool) -> SourceRefusedError:
        lead = host if is_own else f"{self._host} leads to {host}, which"
        return SourceRefusedError(
            f"{lead} is a link-local or metadata address, and docent never connects to those."
        )

    def _build_private_error(self, host: str, *, is_own: bool) -> SourceRefusedError:
        lead = host if is_own else f"{self._host} leads to {host}, which"
        return SourceRefusedError(
            f"{lead} is in a private network: write its IP address, or give the source "
            '`"allow_private": true` in DOCENT_SOURCES.'
        )


def _is_chosen(host: str, addresses: Sequence[str]) -> bool:
    """Return whether the host itself says that it is private.

    What another name leads to is up to the owner of the name.
    """
    return is_literal(host) or (is_local_name(host) and all(map(is_loopback, addresses)))
