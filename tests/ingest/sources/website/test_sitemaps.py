from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.website import sitemaps
from ingest.sources.website.sitemaps import Sitemap, parse_sitemap

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


def test_a_sitemap_ends_with_the_last_address_that_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sitemaps, "MAX_ADDRESSES", 2)
    items = "".join(f"<url><loc>/{n}</loc></url>" for n in range(3))
    assert len(parse_sitemap(f"<urlset>{items}".encode(), BASE).pages) == 2
    # Its end is missed only if it is read.
    cut = parse_sitemap(b"<urlset><url><loc>/0</loc></url>", BASE)
    assert (len(cut.pages), cut.fault) == (1, "no element found: line 1, column 32")


WHOLE = "<urlset><url><loc>/a?x=1&amp;y=2</loc></url><url><loc>/b</loc></url></urlset>"


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + WHOLE.encode(),
        ('<?xml version="1.0"?>' + WHOLE).encode("utf-16"),
    ],
)
def test_a_byte_order_mark_is_no_fault(data: bytes):
    assert parse_sitemap(data, BASE) == Sitemap(
        ("https://h.example/a?x=1&y=2", "https://h.example/b"), ()
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\n\n" + b'<?xml version="1.0" encoding="UTF-8"?>' + WHOLE.encode(),
        b"\xef\xbb\xbf\n" + b'<?xml version="1.0" encoding="UTF-8"?>' + WHOLE.encode(),
        b"<br /><b>Warning</b>: in x.php\n" + b'<?xml version="1.0"?>' + WHOLE.encode(),
        WHOLE.replace("&amp;", "&").encode(),
        WHOLE.replace("</url></urlset>", "</url><url><loc>/c").encode(),
        WHOLE.replace("</url><url>", "</url></bad><url>").encode(),
        WHOLE.replace("<url><loc>/b", "<image:loc>/i</image:loc><url><loc>/b").encode(),
        WHOLE.replace("/b", "/b").encode() + b"<!-- rendered in 3 ms",
        WHOLE.replace("<url>", "<url>\x01<priority>\xff</priority>").encode("latin-1"),
        ("\n" + '<?xml version="1.0"?>' + WHOLE).encode("utf-16"),
        WHOLE.replace("loc", "s:loc").replace("urlset", "s:urlset").encode(),
        WHOLE.replace("<loc>/a?x=1&amp;y=2", "&<loc><![CDATA[/a?x=1&y=2]]>").encode(),
        gzip.compress(WHOLE.encode() + b"<!--" + bytes(range(256)) * 20, mtime=0)[:-300],
        gzip.compress(WHOLE.encode(), mtime=0) + b"rubbish",
    ],
)
def test_of_a_broken_sitemap_all_whole_addresses_are_read(data: bytes):
    found = parse_sitemap(data, BASE)
    assert found.pages == ("https://h.example/a?x=1&y=2", "https://h.example/b")
    assert found.fault


def test_an_address_in_a_comment_is_none():
    data = b"<urlset><!-- <url><loc>/old</loc></url> --><url><loc>/a?x&y</loc></url></urlset>"
    assert parse_sitemap(data, BASE).pages == ("https://h.example/a?x&y",)


def test_an_empty_place_is_no_address():
    assert parse_sitemap(b"<urlset><url><loc> </loc></url></urlset>", BASE) == Sitemap((), ())
    assert parse_sitemap(b"<urlset><url>&<loc></loc></url></urlset>", BASE).pages == ()


def test_a_broken_list_of_sitemaps():
    found = parse_sitemap(b"\n<sitemapindex><sitemap><loc>/a.xml?x&y</loc></sitemap>", BASE)
    assert found.sitemaps == ("https://h.example/a.xml?x&y",)


@pytest.mark.parametrize(
    "data",
    [
        b"<p>not & xml <urlset>",
        b"<html><body>&nbsp;<pre><urlset><url><loc>/a</loc>",
        b"& <!DOCTYPE x [<!ENTITY a 'b'>]><urlset><url><loc>/a</loc>",
        b"x" * 20_000 + b"<urlset><url><loc>/a</loc>",
    ],
)
def test_what_only_has_a_sitemap_in_it_is_none(data: bytes):
    if b"<p>" in data:
        assert parse_sitemap(data, BASE).pages == ()
        return
    with pytest.raises(ValueError, match=r"."):
        parse_sitemap(data, BASE)


@given(st.integers(0, len(WHOLE)), st.text("<&>]![/ab", max_size=8))
def test_a_sitemap_with_a_fault_anywhere_names_no_other_page(place: int, fault: str):
    broken = WHOLE[:place] + fault + WHOLE[place:]
    try:
        found = parse_sitemap(broken.encode(), BASE)
    except ValueError:
        return
    assert all(each.startswith("https://h.example/") for each in found.pages)


def test_a_sitemap_is_parsed_at_once(monkeypatch: pytest.MonkeyPatch):
    calls = []

    class Parser:
        def Parse(self, data: bytes, final: bool) -> None:  # noqa: N802
            calls.append((len(data), final))

    monkeypatch.setattr(sitemaps.expat, "ParserCreate", lambda **_: Parser())
    with pytest.raises(ValueError, match="first element"):
        parse_sitemap(b"<urlset " + b"a" * 200_000, BASE)
    assert calls == [(200_008, True)]
