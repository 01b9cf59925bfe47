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


def guard(host: str, *addresses: str, port: int = 443, private: bool = False) -> AddressGuard:
    return AddressGuard(host, port, allow_private=private, resolve=lambda *_: addresses)


@pytest.mark.parametrize(
    ("host", "asked"), [("localhost.", "localhost"), ("LocalHost", "localhost.")]
)
def test_a_host_with_a_dot_at_its_end_is_the_same_host(host: str, asked: str):
    assert guard(host, "127.0.0.1").resolve_addresses(asked, 443) == ("127.0.0.1",)
    with pytest.raises(SourceRefusedError, match=r"^localhost leads to docs\.example"):
        guard(host, "127.0.0.1").resolve_addresses("docs.example.", 443)


@pytest.mark.parametrize("host", ["metadata.google.internal.", "METADATA", "instance-data."])
def test_a_metadata_server_by_any_spelling_of_its_name(host: str):
    with pytest.raises(SourceRefusedError, match="metadata address"):
        guard(host, "8.8.8.8", private=True).resolve_addresses(host, 443)


def test_one_private_address_of_several_is_enough_to_be_refused():
    gate = guard("docs.example", "8.8.8.8", "10.0.0.1")
    with pytest.raises(SourceRefusedError, match=r"docs\.example leads to other\.example"):
        gate.resolve_addresses("other.example", 443)
    with pytest.raises(SourceRefusedError, match=r"^docs\.example is in a private network"):
        gate.resolve_addresses("DOCS.example", 443)
    allowed = guard("docs.example", "8.8.8.8", "10.0.0.1", private=True)
    assert allowed.resolve_addresses("other.example", 443) == ("8.8.8.8", "10.0.0.1")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        *(("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("127.0.0.1", "127.0.0.1")),
        *(("localhost", "127.0.0.1"), ("docs.localhost", "::1"), ("LOCALHOST.", "127.0.0.1")),
    ],
)
def test_a_host_that_says_itself_that_it_is_private(host: str, address: str):
    assert guard(host, address).resolve_addresses(host, 443) == (address,)
    with pytest.raises(SourceRefusedError, match="private network"):
        guard(host, address).resolve_addresses(host, 8443)


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.1", "127.0.0.1"), ("2130706433", "127.0.0.1"), ("docs.localhost", "10.0.0.1")],
)
def test_a_host_that_hides_it(host: str, address: str):
    with pytest.raises(SourceRefusedError, match="private network"):
        guard(host, address).resolve_addresses(host, 443)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "168.63.129.16", "fd00:ec2::254", "::169.254.1.1"]
)
def test_link_local_and_metadata_addresses_are_for_nobody(address: str):
    for host in (address, "docs.example"):
        with pytest.raises(SourceRefusedError, match="never connects"):
            guard(host, address, private=True).resolve_addresses(host, 443)
    with pytest.raises(SourceRefusedError, match="never connects"):
        guard("docs.example", address, private=True).resolve_addresses("other.example", 443)


def test_a_metadata_server_is_known_by_its_name():
    gate = guard("docs.example", "8.8.8.8", private=True)
    with pytest.raises(SourceRefusedError, match="never connects"):
        gate.resolve_addresses("Metadata.Google.internal.", 80)


def test_a_name_without_addresses():
    with pytest.raises(OSError, match="has no address"):
        guard("docs.example").resolve_addresses("docs.example", 443)


def test_the_system_knows_this_machine():
    assert "127.0.0.1" in resolve_host("127.0.0.1", 80)
