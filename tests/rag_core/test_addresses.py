"""Addresses of servers show no secrets, and are checked without being quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.addresses import check_port, parse_http_address, redact_address
from rag_core.errors import SettingsError


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:19530", "http://127.0.0.1:19530"),
        ("https://root:secret@host:1/path?key=secret#secret", "https://host:1/path"),
        ("https://user:se@cret@host/v1", "https://host/v1"),
        ("https://user:se/cret@host/v1", "https://…@host/v1"),
        ("https://user:1/cret@host/v1", "https://…@host/v1"),
        ("https://user:se?cret@host/v1", "https://…"),
        ("https://user:se#cret@host/v1", "https://…"),
        ("https://host/v1?mail=secret@secret", "https://…"),
        ("data/milvus.db", "data/milvus.db"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str):
    assert redact_address(address) == shown


@given(st.text(min_size=1))
def test_no_password_is_shown(password: str):
    shown = redact_address(f"https://user:⟦{password}⟧@host.test/v1?key=⟦{password}⟧")
    assert "⟦" not in shown
    assert "⟧" not in shown


@pytest.mark.parametrize(
    "address",
    [
        "http://user:canary@host:port/v1",
        "http://canary:x/y@host",
        "ftp://canary",
        "canary",
        "http://",
        "http://[::1",
        "http://canary host/v1",
        "http://host ",
        "",
    ],
)
def test_what_is_no_address_is_one_sentence(address: str):
    with pytest.raises(SettingsError) as raised:
        parse_http_address("OPENAI_BASE_URL", address)
    assert "OPENAI_BASE_URL is not an address" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_an_address_is_taken():
    assert parse_http_address("X", "http://user:pw@127.0.0.1:8000/v1").port == 8000


def test_a_port_is_a_number():
    check_port("X", "http://host:19530")
    check_port("X", "http://host")
    for address in ("http://u:canary@host:port", "http://u:canary/x@host", "http://h:70000"):
        with pytest.raises(SettingsError, match="has no valid port") as raised:
            check_port("X", address)
        assert "canary" not in str(raised.value)
