from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.website.page_links import PageLinks, parse_links

BASE = "https://h.example/docs/a"


def test_broken_html_has_links_all_the_same():
    html = "<a href=b><A HREF='/c'/><a><div <link rel='X canonical' href=/d><a href=b>"
    found = parse_links(html, BASE)
    assert found.links == ("https://h.example/docs/b", "https://h.example/c")


def test_what_a_page_says_of_itself():
    found = parse_links(
        "<base href='/x/'><link rel=canonical href=a><link rel=canonical href=b>"
        "<link rel=alternate type=text/markdown href=a.md>"
        "<link rel=alternate type=application/rss+xml href=feed>",
        BASE,
    )
    assert found == PageLinks("https://h.example/x/a", (), "https://h.example/x/a.md", "")


def test_the_text_of_two_pages_is_the_same_if_their_words_are():
    first = parse_links("<p class=a>One  <b>two</b><script>var x = 1</script>", BASE)
    assert first.text_hash == parse_links("<p>One</p>\n<p>two<script>2</script>", BASE).text_hash
    assert first.text_hash != parse_links("<p>One", BASE).text_hash


@given(st.text())
def test_any_text_has_links_or_none(text: str):
    for each in parse_links(text, BASE).links:
        assert each.startswith(("http://", "https://"))
