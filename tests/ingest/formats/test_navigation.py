from __future__ import annotations

from textwrap import dedent

import pytest

from ingest.documents import Page
from ingest.formats import read_document

SUMMARY = """\
# Summary

[Introduction](README.md)

# Guide

- [Installation](guide/installation.md)
    - [On Linux](guide/linux.md)
- [Why we did it](guide/history.md)
- [Draft]()

---

[Contributors](misc/contributors.md)
"""
TOCTREE = (
    "<main><h1>Guides</h1><div class='toctree-wrapper compound'><p class='caption'>First</p>"
    "<ul><li><a href='install.html'>Installing</a></li></ul></div></main>"
)
GENINDEX = (
    "<div role=main><h1>Index</h1><a href='#A'><b>A</b></a><h2 id=A>A</h2><table>"
    "<tr><td><ul><li><a href='api.html#a.add'>add() (in module a)</a></li>"
    "<li><a href='api.html#a.B'>B (class in a)</a></li></ul></td></tr></table></div>"
)
SEARCH = (
    "<div role=main><h1>Search</h1><p>Please activate JavaScript to enable the search.</p>"
    "<div id='search-results'></div></div><script src='searchtools.js'></script>"
)


def count_blocks(text: str, path: str) -> int:
    page = Page("s", path, f"https://h.example/docs/{path}", dedent(text).encode())
    return sum(len(section.blocks) for section in read_document(page).sections)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("SUMMARY.md", SUMMARY),
        ("src/SUMMARY.md", SUMMARY),
        ("_sidebar.md", "* [Home](/)\n* [Why docent](why.md)"),
        ("index.html", TOCTREE),
        ("genindex.html", GENINDEX),
        ("search.html", SEARCH),
        ("404.html", "<main><h1>Page not found</h1><p>Go <a href='/'>home</a>.</p></main>"),
        ("404.md", "# 404\n\nNot here."),
        (
            "tags/cloud.html",
            (
                "<h1>Cloud</h1><ul><li>May 3 <a href='/x'>The new way to scale</a></ul>"
                "<p><a href='/y'>Faster queries in the cloud</a>"
            ),
        ),
        ("index.md", "# Docs\n\n- [Install](install.md)\n- [Upgrade guide](guide/upgrade.md)\n"),
        (
            "api/index.md",
            (
                "# API\n\n- [`add_user`](https://h.example/docs/api/add-user)\n"
                "- [`drop_user`](https://h.example/docs/api/drop-user)\n"
            ),
        ),
    ],
)
def test_a_page_that_only_leads_to_others_has_no_text(path: str, text: str):
    assert count_blocks(text, path) == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "faq.md",
            """\
            # FAQ

            - [Can I restore a backup?](restore.md) Yes, from each of the last 30 days.
            - [Is there a limit?](limits.md) 200 mails an hour.
            """,
        ),
        (
            "changelog.md",
            "# Changelog\n\n- Faster ([#12](https://forge.example/12))\n- [Fix](/fix) of search\n",
        ),
        (
            "downloads.md",
            "# Downloads\n\n- [Windows](/files/docent.msi)\n- [Linux](/files/docent.tar.gz)\n",
        ),
        (
            "downloads.md",
            (
                "# Downloads\n\n- [Version for Windows 11 and newer](/dl/w)\n"
                "- [Version for old machines without AVX](/dl/old)\n"
            ),
        ),
        (
            "links.md",
            "# Links\n\n- [Forum](https://forum.example/)\n- [Chat](https://chat.example/)\n",
        ),
        (
            "summary.md",
            "# Summary\n\nThe plan costs 5 euros. See [prices](prices.md), [more](m.md).",
        ),
        ("search.html", "<main><h1>Search</h1><p>Type a word and press Enter.</p></main>"),
        ("tags.md", "# Tags\n\nA tag groups pages. [Create](create.md) one and [use](use.md) it."),
        ("errors/404.md", "# 404\n\nThe gateway answers so if no route matches."),
        ("404.md", "# 404\n\n" + "The gateway answers 404 if no route matches the request. " * 20),
        ("one.md", "# One\n\n[Install](install.md)\n"),
    ],
)
def test_what_says_something_stays(path: str, text: str):
    assert count_blocks(text, path) > 0


def test_a_page_keeps_its_prose_beside_a_list_of_pages():
    text = TOCTREE.replace("<div class", "<p>Read these in order.</p><div class", 1)
    assert count_blocks(text, "index.html") == 1
