from __future__ import annotations

import pytest

from ingest.includes.relative_links import move_links
from tests.ingest.includes.samples import fill

PATHS = {"docs/b/target.md", "docs/b/my page.mdx", "docs/a/both.md", "docs/b/both.md", "top.md"}


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("See [t](target.md).", "See [t](../b/target.md)."),
        ("See [t](./target.md#part 'T').", "See [t](../b/target.md#part 'T')."),
        ("[m](my%20page.mdx)", "[m](../b/my%20page.mdx)"),
        ("[r]\n\n[r]: ./target.md#x", "[r]\n\n[r]: ../b/target.md#x"),
        ("[top](../../top.md)", "[top](../../top.md)"),
        ("[no](none.md) [w](https://host.test/target.md)", None),
        ("`[t](target.md)`\n\n```\n[t](target.md)\n```", None),
        ("[root](/docs/b/target.md) [a](#target.md)", None),
    ],
)
def test_links_lead_on_from_the_page(text: str, moved: str | None):
    for is_beside in (True, False):
        shown = move_links(text, "docs/b/_part.md", "docs/a/page.md", PATHS, is_beside=is_beside)
        assert shown == (text if moved is None else moved)


def test_a_link_that_leads_to_two_pages():
    shown = [
        move_links("[b](both.md)", "docs/b/_p.md", "docs/a/page.md", PATHS, is_beside=is_beside)
        for is_beside in (True, False)
    ]
    assert shown == ["[b](../b/both.md)", "[b](both.md)"]


def test_links_of_a_partial_of_a_partial():
    filled = fill(
        None,
        **{
            "docs/a/page.mdx": "import P from '../../shared/p.mdx'\n\n<P />\n",
            "shared/p.mdx": "import Q from '../docs/b/_q.mdx'\n\n[p](../docs/b/t.md)\n\n<Q />\n",
            "docs/b/_q.mdx": "[q](./t.md)\n",
            "docs/b/t.md": "# T\n",
        },
    )
    assert filled.texts["docs/a/page.mdx"].decode().split() == ["[p](../b/t.md)", "[q](../b/t.md)"]


def test_a_part_in_code_stays_as_it_is():
    page = '```md\n--8<-- "b/_q.md"\n```\n\n--8<-- "b/_q.md"\n'
    filled = fill(None, **{"a.md": page, "b/_q.md": "[q](t.md)\n", "b/t.md": "# T\n"})
    assert filled.texts["a.md"].decode() == "```md\n[q](t.md)\n```\n\n[q](b/t.md)\n"
