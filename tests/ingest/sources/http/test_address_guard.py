from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SourceRefusedError
from ingest.sources.http.address_guard import AddressGuard, is_public, resolve_host


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0"),
        *("fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "no"),
    ],
)
def test_private(address: str):
    assert not is_public(address)


@given(st.ip_addresses())
def test_every_address_is_one_or_the_other(address):
    assert is_public(str(address)) in {True, False}


def test_one_private_address_of_several_is_enough_to_be_refused():
    gate = AddressGuard(
        "docs.example", allow_private=False, resolve=lambda *_: ("8.8.8.8", "10.0.0.1")
    )
    with pytest.raises(SourceRefusedError, match=r"docs\.example leads to other\.example"):
        gate.resolve_addresses("other.example", 443)
    assert gate.resolve_addresses("DOCS.example", 443) == ("8.8.8.8", "10.0.0.1")


def test_the_system_knows_this_machine():
    assert "127.0.0.1" in resolve_host("127.0.0.1", 80)
