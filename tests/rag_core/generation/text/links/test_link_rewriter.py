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
