from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.website import sitemaps
from ingest.sources.website.sitemaps import parse_links, parse_llms, parse_sitemap

BASE = "https://h.example/docs/sitemap.xml"


def test_a_sitemap_in_any_namespace():
    xml = "<urlset><url><loc> https://h.example/a </loc><lastmod>x</lastmod></url></urlset>"
    assert parse_sitemap(xml.encode(), BASE).pages == ("https://h.example/a",)


def test_what_is_packed_has_a_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sitemaps, "MAX_SITEMAP_BYTES", 1_000)
    with pytest.raises(ValueError, match="too large"):
        parse_sitemap(gzip.compress(b" " * 5_000), BASE)


def test_entities_are_refused():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><urlset>&a;</urlset>'
    with pytest.raises(ValueError, match="document type"):
        parse_sitemap(bomb, BASE)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_sitemap_or_none(data: bytes):
    for given_ in (data, b"\x1f\x8b" + data, gzip.compress(data)):
        with pytest.raises(ValueError, match=r"."):
            parse_sitemap(given_, BASE)


@given(st.lists(st.text(max_size=40)))
def test_places_of_free_text_are_addresses(places: list[str]):
    escaped = [place.replace("&", "&amp;").replace("<", "&lt;") for place in places]
    items = "".join(f"<url><loc>{place}</loc></url>" for place in escaped)
    try:
        found = parse_sitemap(f"<urlset>{items}</urlset>".encode(errors="replace"), BASE)
    except ValueError:
        return  # control characters are no XML
    assert all(place.startswith(("http://", "https://")) for place in found.pages)


def test_links_of_an_llms_txt():
    text = '- [A [1]](a.md): x\n- [B](</b.md> "t") ![C](c.png)\n[no](  )\n- [A](a.md)'
    assert parse_llms(text, "https://h.example/llms.txt") == (
        "https://h.example/a.md",
        "https://h.example/b.md",
        "https://h.example/c.png",
    )


def test_a_sitemap_ends_with_the_last_address_that_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sitemaps, "MAX_ADDRESSES", 2)
    items = "".join(f"<url><loc>/{n}</loc></url>" for n in range(3))
    assert len(parse_sitemap(f"<urlset>{items}".encode(), BASE).pages) == 2
    with pytest.raises(
        ValueError, match="no element found"
    ):  # its end is missed only if it is read
        parse_sitemap(b"<urlset><url><loc>/0</loc></url>", BASE)


def test_a_sitemap_is_parsed_at_once(monkeypatch: pytest.MonkeyPatch):
    calls = []

    class Parser:
        def Parse(self, data: bytes, final: bool) -> None:  # noqa: N802
            calls.append((len(data), final))

    monkeypatch.setattr(sitemaps.expat, "ParserCreate", lambda **_: Parser())
    with pytest.raises(ValueError, match="first element"):
        parse_sitemap(b"<urlset " + b"a" * 200_000, BASE)
    assert calls == [(200_008, True)]


def test_an_llms_txt_is_read_up_to_its_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sitemaps, "MAX_LLMS_CHARACTERS", 20)
    assert parse_llms("[a](/a)" + " " * 20 + "[b](/b)", BASE) == ("https://h.example/a",)
    # An address in parentheses, and one that never ends.
    assert parse_llms("[a](/a_(b)) [c](/c(", BASE) == ("https://h.example/a_(b)",)


@given(st.text())
def test_any_text_has_links_or_none(text: str):
    for found in (parse_llms(text, BASE), parse_links(text, BASE).links):
        assert all(place.startswith(("http://", "https://")) for place in found)


def test_broken_html_has_links_all_the_same():
    html = "<a href=b><A HREF='/c'/><a><div <link rel='X canonical' href=/d><a href=b>"
    found = parse_links(html, BASE)
    assert found.links == ("https://h.example/docs/b", "https://h.example/c")
