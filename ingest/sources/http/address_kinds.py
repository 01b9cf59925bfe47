"""Kinds of network addresses: public, private, and those that no source may lead to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from enum import IntEnum

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_V4_BITS = 2**32 - 1


class AddressKind(IntEnum):
    """Nearness of an address to this machine, the nearest last."""

    PUBLIC = 0
    PRIVATE = 1
    FORBIDDEN = 2


# Link-local networks, and where the clouds give their machines' credentials to everyone who asks.
_FORBIDDEN = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",
        "fe80::/10",
        "168.63.129.16/32",  # Azure
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google
        "fd00:c1::a9fe:a9fe/128",  # Oracle
        "fd00:42::42/128",  # Scaleway
        "fd00:a9fe:a9fe::/64",  # Linode
    )
)
_METADATA_NAMES = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.tencentyun.com",
    }
)
# An IPv4 address is the last 32 bits of an address in these networks.
_WITH_IPV4_AT_END = tuple(
    ipaddress.ip_network(text)
    for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/96")
)
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
_LOOPBACK = ipaddress.ip_address("::1")
_NOWHERE = ipaddress.ip_address("::")
_ISATAP = {0x00005EFE, 0x02005EFE}


def judge_address(address: str) -> AddressKind:
    """Return the kind of an address; anything else is private.

    An address that carries an IPv4 address is judged by that one, and by the nearest of several.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return AddressKind.PRIVATE
    return _judge(parsed)


def is_metadata_name(host: str) -> bool:
    """Return whether a name is that of a cloud's metadata server."""
    return host.lower().rstrip(".") in _METADATA_NAMES


def is_literal(host: str) -> bool:
    """Return whether a host is an address in its usual spelling."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Return whether an address leads to this machine."""
    return is_literal(address) and ipaddress.ip_address(address).is_loopback


def is_local_name(host: str) -> bool:
    """Return whether a name is `localhost` or ends in it."""
    return host.lower().rstrip(".").split(".")[-1] == "localhost"


def _judge(address: _Address) -> AddressKind:
    if any(address in network for network in _FORBIDDEN):
        return AddressKind.FORBIDDEN
    if isinstance(address, ipaddress.IPv6Address):
        if inner := [*_list_carried(address)]:
            return _find_nearest(inner)
        # A host of an ISATAP network also has an address of its own.
        if (int(address) >> 32) & _V4_BITS in _ISATAP:
            return max(_judge_range(address), _find_nearest([_take_end(address)]))
    return _judge_range(address)


def _judge_range(address: _Address) -> AddressKind:
    is_site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    is_public = address.is_global and not address.is_multicast and not is_site_local
    return AddressKind.PUBLIC if is_public else AddressKind.PRIVATE


def _find_nearest(addresses: Iterable[_Address]) -> AddressKind:
    return max(_judge(address) for address in addresses)


def _list_carried(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    if address in {_LOOPBACK, _NOWHERE}:
        return
    if any(address in network for network in _WITH_IPV4_AT_END):
        yield _take_end(address)
    elif address in _LOCAL_NAT64:
        yield from _list_local_readings(address)
    elif address.sixtofour:
        yield address.sixtofour
    elif address.teredo:
        yield from address.teredo


def _list_local_readings(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the addresses that a local NAT64 may read.

    RFC 6052 has several lengths of its prefix, and which one it is can't be seen, so an empty
    reading counts only where all are empty.
    """
    bits = int(address)
    upper = bits >> 64  # bits 64 to 71 of the address stay free
    lower = (bits >> 24) & _V4_BITS
    readings = {
        ((upper & 0xFFFF) << 16) | (lower >> 16),
        ((upper & 0xFF) << 24) | (lower >> 8),
        lower,
        bits & _V4_BITS,
    }
    yield from (ipaddress.IPv4Address(reading) for reading in readings - {0} or {0})


def _take_end(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & _V4_BITS)
