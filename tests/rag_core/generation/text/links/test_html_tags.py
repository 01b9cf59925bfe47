from __future__ import annotations

import pytest

from rag_core.generation.text.links.html_tags import is_link_tag, neutralise_tags

KNOWN = "https://known.example/a"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<b class='x'>a</b><br/><details open>", "<b class='x'>a</b><br/><details open>"),
        (f'<a href="{KNOWN}">a</a>', f'<a href="{KNOWN}">a</a>'),
        ('<a href="https://evil.com">a</a>', "a"),
        (f'<a href="{KNOWN}" onclick=x()>a</a>', "a"),
        ('<img src="//evil.com" alt="a chart">', "a chart"),
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("<p style='background:url(//evil.com)'>", "&lt;p style='background:url(//evil.com)'>"),
        ("<a href='https://evil.com", "&lt;a href='https://evil.com"),
        ("<div title='evil.com/a&b'>", "&lt;div title='evil.com/a&b'>"),
    ],
)
def test_tags_that_do_something_become_text(source: str, shown: str):
    assert neutralise_tags(source, lambda address: address == KNOWN) == shown


def test_a_tag_of_a_link_opens_or_closes_it():
    assert is_link_tag("<a href=x>", closing=False)
    assert is_link_tag("</A>", closing=True)
    assert not is_link_tag("</a>", closing=False)
    assert not is_link_tag("<abbr>", closing=False)
