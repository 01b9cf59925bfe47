"""No network in tests: calls that leave the loopback interface are refused and remembered.

An audit hook sees every socket of Python, also those made by libraries that took a reference to
`socket.socket` early. gRPC (pymilvus) opens its sockets in C and is not seen; nor are child
processes.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

CONNECTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}

_refused: list[str] = []


class NetworkBlockedError(RuntimeError):
    """A test tried to reach something outside of the loopback interface."""


def install() -> None:
    """Guard this process until it ends: Python has no way to take an audit hook back."""
    sys.addaudithook(_hook)


def take_refused() -> list[str]:
    """Return the refused calls since the last one, and forget them."""
    taken = _refused[:]
    _refused.clear()
    return taken


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event in CONNECTS:
        address = args[1]
        # A path is a Unix socket, None a datagram on a socket that is already connected.
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            _refuse(f"{event} {address[0]}:{address[1]}")
    elif event in LOOKUPS and not _is_local_name(args[0]):
        _refuse(f"{event} {args[0]}")


def _refuse(what: str) -> None:
    _refused.append(what)
    raise NetworkBlockedError(f"{what}: tests may only use the loopback interface")


def _is_loopback(host: Any) -> bool:
    try:
        return ipaddress.ip_address(_text(host)).is_loopback
    except ValueError:
        return _text(host) in {"", "localhost"}


def _is_local_name(host: Any) -> bool:
    """Tell whether a name is looked up without a server: a number or localhost."""
    if host is None or _text(host) in {"", "localhost"}:
        return True
    try:
        ipaddress.ip_address(_text(host))
    except ValueError:
        return False
    return True


def _text(host: Any) -> str:
    return host.decode() if isinstance(host, bytes) else str(host)
