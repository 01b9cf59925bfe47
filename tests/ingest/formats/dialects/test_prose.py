from __future__ import annotations

from tests.ingest.formats.reading import blocks, read

ROLES = "See {ticket}`12` and {lid:part}`The rim <rim>`."


def test_roles_of_extensions_are_names_in_myst():
    page = f"```{{note}}\nHot.\n```\n\n{ROLES}"
    assert blocks(read(page))[-1].text == "See `12` and `The rim`."


def test_other_pages_keep_braces_before_code():
    assert blocks(read(ROLES))[-1].text == ROLES


def test_a_bar_in_code_of_html_ends_no_cell():
    page = "| A | B |\n|---|---|\n| <code>a&#124;b</code> <code>c \\| d</code> | e |"
    assert blocks(read(page))[-1].text.endswith("| `a\\|b` `c \\| d` | e |")
    assert blocks(read("Use <code>a&#124;b</code>."))[-1].text == "Use `a|b`."
