from __future__ import annotations

from tests.ingest.formats.reading import blocks, read

ROLES = "See {ticket}`12` and {lid:part}`The rim <rim>`."


def test_roles_of_extensions_are_names_in_myst():
    page = f"```{{note}}\nHot.\n```\n\n{ROLES}"
    assert blocks(read(page))[-1].text == "See `12` and `The rim`."


def test_other_pages_keep_braces_before_code():
    assert blocks(read(ROLES))[-1].text == ROLES
