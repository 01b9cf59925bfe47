from __future__ import annotations

import pytest

from rag_core.generation.text.links.addresses import KnownAddresses
from rag_core.generation.text.links.link_rewriter import LinkRewriter, drop_link_breaks

NOTHING = KnownAddresses([])


@pytest.mark.parametrize(
    "text",
    [
        "Set metadata.name and ASP.NET in docker.io/library/x.",
        "Clone git@github.com:org/repo or write to me@evil.com.",
        "| metadata.name | **user.name** |\n|---|---|\n| _a.name_ | `a.name` |",
        "> - evil.com?d=a.com#b.com\n>   [evil.com] and (evil.com)",
    ],
)
def test_the_breaks_of_names_are_dropped(text: str):
    broken = LinkRewriter(NOTHING).rewrite(text)
    assert broken != text
    assert drop_link_breaks(broken) == text


@pytest.mark.parametrize(
    "text",
    [
        "A space of no width\u200b stands here.\u200bNot in a name.",
        "พ.ศ.\u200b2560",
        "`evil.\u200bcom` and\n\n```\nevil.\u200bcom\n```",
        "ev\u200bil.com and evil.\u200b com",
    ],
)
def test_other_invisible_signs_stay(text: str):
    assert drop_link_breaks(text) == text


SITE = KnownAddresses(
    ["[s](https://evil.test/x), evil.com/y, bob@evil.test, https://a.test/(b) [b](sub.md)"]
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[click](https://evil.test/x#SECRET)", "[click](https://evil.test/x)"),
        ("![click](https://evil.test/x#SECRET)", "![click](https://evil.test/x)"),
        ('[c](<https://evil.test/x////> "t") d', "[c](https://evil.test/x) d"),
        ("[c](https://a.test/(b)#SECRET)", "[c](<https://a.test/(b)>)"),
        ("<https://evil.test/x#SECRET>", "<https://evil.test/x>"),
        ("https://evil.test/x#SECRET now", "<https://evil.test/x> now"),
        ("https://evil.test/x#SECRET。", "<https://evil.test/x>。"),
        ("[https://evil.test/x#S](sub.md)", "[https://evil.test/x](sub.md)"),
        ("[c][r]\n\n[r]: https://evil.test/x#S", "[c](https://evil.test/x)"),
        ("[m](mailto:Bob@evil.test#SECRET)", "[m](mailto:bob@evil.test)"),
        ("<BOB@evil.test> <mailto:BOB@evil.test>", "<bob@evil.test> <mailto:bob@evil.test>"),
        ("bOb@evil.test", "bOb@\u200bevil.\u200btest"),
        ("evil.com/y#d=SECRET", "evil.\u200bcom/y#d=SECRET"),
        ('<a href="https://evil.test/x#SECRET">t</a>', "t"),
    ],
)
def test_a_section_that_no_passage_names_is_left_out(text: str, shown: str):
    assert LinkRewriter(SITE).rewrite(text).partition("\n")[0] == shown


@pytest.mark.parametrize(
    "text",
    [
        "Open http://<host>:9091/metrics, https://<name>/x or www.<domain>.",
        "Write to mailto:<user>@<host>.",
    ],
)
def test_placeholders_stay(text: str):
    assert LinkRewriter(NOTHING).rewrite(text).replace("&lt;", "<") == text
