"""A transport of httpx2 that connects to checked addresses only."""

from __future__ import annotations

from collections.abc import Callable
from urllib.request import getproxies, proxy_bypass

import httpx2

from ingest.sources.http.address_guard import AddressGuard


class PinnedTransport(httpx2.BaseTransport):
    """Connects to the addresses that the guard has checked, and looks up no name again.

    Args:
        guard: resolves and checks names.
        build_transport: returns a transport that uses the given proxy; empty for none.
    """

    def __init__(
        self, guard: AddressGuard, build_transport: Callable[[str], httpx2.BaseTransport]
    ) -> None:
        self._guard = guard
        self._build_transport = build_transport
        self._by_host: dict[str, httpx2.BaseTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request to the first address that accepts the connection."""
        host, port = request.url.host, request.url.port or get_default_port(request.url)
        proxy = _find_proxy(request.url)
        try:
            addresses = self._guard.resolve_addresses(host, port)
        except OSError as error:
            if not proxy:
                raise httpx2.ConnectError(f"{host} has no address", request=request) from error
        if proxy:
            return self._get_transport(proxy, proxy=proxy).handle_request(request)
        # One transport for each host: a connection belongs to the name its certificate is for.
        transport = self._get_transport(host)
        for address in addresses[:-1]:
            try:
                return transport.handle_request(_pin_address(request, address))
            except httpx2.ConnectError:
                continue
        return transport.handle_request(_pin_address(request, addresses[-1]))

    def close(self) -> None:
        """Close the transports."""
        for transport in self._by_host.values():
            transport.close()

    def _get_transport(self, key: str, *, proxy: str = "") -> httpx2.BaseTransport:
        if key not in self._by_host:
            self._by_host[key] = self._build_transport(proxy)
        return self._by_host[key]


def _pin_address(request: httpx2.Request, address: str) -> httpx2.Request:
    """Return the same request, sent to an address.

    The Host header and the name for the certificate stay the same.
    """
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address.partition("%")[0]),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )


def _find_proxy(url: httpx2.URL) -> str:
    """Return the environment's proxy for a URL; empty for none.

    The proxy resolves the name itself.
    """
    return "" if proxy_bypass(url.host) else getproxies().get(url.scheme, "")


def get_default_port(url: httpx2.URL) -> int:
    """Return the port of an address that names none."""
    return 443 if url.scheme == "https" else 80
