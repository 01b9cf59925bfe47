"""Addresses of servers from the settings: checked, and without their secrets in sentences."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx2

from rag_core.errors import SettingsError


def redact_address(address: str) -> str:
    """Return an address without user, password, query and fragment.

    A path without `://` is returned as it is. A password may hold signs that should have been
    escaped, so what could be a part of one is left out, too.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    head, at, tail = rest.rpartition("@")
    if re.search(r"[?#]", head):  # a password, or a query with an `@`: nothing tells which
        return f"{scheme}://…"
    doubtful = "…@" if at and "/" in head else ""
    return f"{scheme}://{doubtful}{re.split('[?#]', tail)[0]}"


def check_port(variable: str, address: str) -> None:
    """Check that the port of an address is a number.

    Raises:
        SettingsError: it is none; the sentence does not quote it, as it may be a password.
    """
    try:
        _ = urlsplit(address).port
    except ValueError as error:
        raise SettingsError(
            f"{variable} has no valid port: write a number behind the host, and `%40` or `%2F` for "
            "`@` or `/` in a password."
        ) from error


def parse_http_address(variable: str, address: str) -> httpx2.URL:
    """Parse the address of a web server from a setting.

    Raises:
        SettingsError: it is none; the sentence does not quote it, as it may hold a password.
    """
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:  # such as a port that is not a number
        url = httpx2.URL()
    # httpx2 would escape a blank, and look for a host of that name.
    if url.scheme not in {"http", "https"} or not url.host or re.search(r"\s", address):
        raise SettingsError(
            f"{variable} is not an address: it must be http:// or https:// with a host, and no "
            "spaces."
        )
    return url
