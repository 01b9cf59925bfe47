# ruff: noqa: RUF001  (signs of other languages)

from __future__ import annotations

import pytest

from rag_core.generation.text.links.addresses import (
    KnownAddresses,
    find_addresses,
    find_link_breaks,
    read_host,
)
from tests.rag_core.fakes import make_passage

KNOWN = KnownAddresses(["See https://acme.com/docs, [b](sub/b.md) and **help@acme.com**."])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://a.test/x, or www.a.test.", ["https://a.test/x", "www.a.test"]),
        ("metadata.name and evil.sh(x)", ["metadata.name", "evil.sh"]),
        ("a.evil.com．foobar", ["a.evil.com"]),
        ("evil.com．com--", ["evil.com．com--"]),
        ("evil。com and evil．com", ["evil。com", "evil．com"]),
        ("好" * 90 + "evil.com", ["evil.com"]),
        ("Milvus。然后 v2.6.x, 1.2.3 and example.com", []),
        ("请看。docs/conf.py", []),
        ("https://`evil", ["https://"]),
        ("sftp://1.acme.com/x and ftp://b", ["1.acme.com/x", "ftp://b"]),
    ],
)
def test_addresses_are_what_a_reader_may_link(text: str, found: list[str]):
    assert [address.text for address in find_addresses(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "**help@acme.com**",
        "_help@acme.com_",
        "'help@acme.com'",
        "https://acme.com/docs",
        "acme.com",
    ],
)
def test_known_addresses_are_known_within_emphasis(text: str):
    assert list(KNOWN.find_unknown(text)) == []


@pytest.mark.parametrize(
    ("target", "spelling"),
    [
        ("https://acme.com/docs#SECRET", "https://acme.com/docs"),
        ("https://ACME.com/docs", "https://acme.com/docs"),
        ("https://acme.com/docs////", "https://acme.com/docs"),
        ("HTTPS://acme.com/x/#part", "https://acme.com/x#part"),
        ("https://acme.com/x#other", "https://acme.com/x"),
        ("mailto:HeLp@acme.com#SECRET", "mailto:help@acme.com"),
        ("sub/b.md/#SECRET", "sub/b.md"),
        ("https://acme.com/m\u00fcll", "https://acme.com/m%C3%BCll"),
        ("https://acme.com/Docs", ""),
        ("https://acme.com/docs?q=SECRET", ""),
        ("#SECRET", ""),
    ],
)
def test_another_spelling_of_a_known_address_is_that_of_the_passages(target: str, spelling: str):
    text = (
        "See https://acme.com/docs, [b](sub/b.md), help@acme.com, [p](#part)"
        " and <https://acme.com/x#part>, https://acme.com/m%C3%BCll"
    )
    known = KnownAddresses([text])
    assert known.find_spelling(target) == spelling
    assert not known.is_known(target)
    assert not spelling or known.is_known(spelling)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HELP@ACME.COM", ""),
        ("acme.com/docs#SECRET", ""),
        ("https://acme.com/docs/#SECRET", "https://acme.com/docs"),
        ("ACME.COM", ""),
        ("acme.com/SECRET", ""),
    ],
)
def test_another_spelling_in_prose_is_unknown(text: str, shown: str):
    (address,) = KNOWN.find_unknown(text)
    assert KNOWN.find_shown(address) == shown


def test_sections_of_a_passages_own_page_are_known():
    known = KnownAddresses.of([make_passage("See [setup](#setup).")])
    assert known.is_known("https://docs.example/en/storage.md#setup")
    assert not known.is_known("https://docs.example/en/storage.md#other")


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("https://acme.com/docs—yes", "https://acme.com/docs"),
        ("https://acme.com/docs)evil.com", "https://acme.com/docs"),
        ("https://acme.com/docs是的", "https://acme.com/docs"),
        ("https://acme.com/docs#SECRET是的", "https://acme.com/docs#SECRET"),
        ("https://acme.com/docs/secret", ""),
        ("https://acme.com/docs?q=secret", ""),
        ("https://acme.com.evil.com/docs", ""),
        ("https://acme.com/docs@evil.com", ""),
        ("https://acme.com/docs\\@evil.com", "https://acme.com/docs"),
    ],
)
def test_the_known_part_of_an_address_ends_before_other_words(address: str, part: str):
    assert KNOWN.find_part(address) == part


def test_breaks_are_found_in_names_alone():
    assert find_link_breaks("x evil.\u200bcom a.\u200b b.\u200bnothing \u200bc") == [7]


def test_the_host_is_that_behind_the_user():
    assert read_host("https://acme.com@Evil.test/x") == "evil.test"
    assert read_host("sub/b.md") == ""
