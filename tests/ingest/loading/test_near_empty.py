from __future__ import annotations

import pytest

from ingest.documents import Block, Section
from ingest.loading.near_empty import group_sections, is_near_empty


@pytest.mark.parametrize(
    "text",
    [
        "8080",
        "- `port`",
        "[a](b.md)",
        "1. [the first page](a.md)\n2. [the second](b.md)",
        "[![Build](badge.svg)](https://ci.test/x) <https://e.test/a> https://e.test/b",
        "[a](x_(y).md) | [b](z.md)",
        "See [the limits](limits.md).",
        "```sh\nmake\n```",
        "\u306a\u3057",
        "---",
    ],
)
def test_near_empty(text: str):
    assert is_near_empty(text)


@pytest.mark.parametrize(
    "text",
    [
        "Port 8080.",
        "| a |\n|---|\n| b |",
        "[a](b.md) tells why",
        "- [a](a.md): the rules",
        "\u5bc6\u7801\u662f\u7a7a\u7684",
        "[a] (b)",
        "[a](b " * 3,
        "[a](b.md) " * 1_000,
    ],
)
def test_not_near_empty(text: str):
    assert not is_near_empty(text)


def build(path: str, text: str) -> Section:
    headings = tuple(path.split("/")) if path else ()
    return Section(headings, "", (Block("paragraph", text),) if text else ())


def join(*sections: tuple[str, str]) -> list[tuple[str, list[str], list[str]]]:
    groups = group_sections([build(*section) for section in sections])
    return [
        ("/".join(g.section.headings), [b.text for b in g.before], [b.text for b in g.after])
        for g in groups
    ]


LONG = "Some words in a row."


def test_a_section_with_more_stays_alone():
    assert join(("A", LONG), ("B", LONG)) == [("A", [], []), ("B", [], [])]


def test_without_text_it_is_no_section():
    assert join(("A", ""), ("B", LONG)) == [("B", [], [])]


def test_the_first_section_below_takes_it():
    assert join(("A", LONG), ("B", "x"), ("B/C", LONG)) == [("A", [], []), ("B/C", ["x"], [])]
    assert join(("", "x"), ("A", LONG)) == [("A", ["x"], [])]


def test_the_neighbour_that_shares_more_headings_takes_it():
    assert join(("A", LONG), ("A/B", "x"), ("C", LONG)) == [("A", [], ["B:", "x"]), ("C", [], [])]
    assert join(("A", LONG), ("B/C", "x"), ("B/D", LONG)) == [
        ("A", [], []),
        ("B/D", ["C:", "x", "D:"], []),
    ]


def test_a_heading_that_ends_in_a_sign_has_no_second_one():
    assert join(("A", LONG), ("Why?", "x")) == [("A", [], ["Why?", "x"])]


def test_many_in_a_row():
    sections = [("A", LONG), *((f"A/{n}", "x") for n in range(3)), ("B", LONG)]
    assert join(*sections) == [("A", [], ["0:", "x", "1:", "x", "2:", "x"]), ("B", [], [])]


def test_the_first_of_a_page_joins_the_next():
    assert join(("A", "x"), ("B", LONG)) == [("B", ["A:", "x", "B:"], [])]
    assert join(("A", "[x](y)"), ("B", "[z](y)"), ("C", LONG)) == [
        ("C", ["A:", "[x](y)", "B:", "[z](y)", "C:"], []),
    ]


def test_a_page_that_has_nothing_else_keeps_it():
    assert join(("A", "x")) == [("A", [], [])]
    assert join(("A", "x"), ("B", "y")) == [("A", [], ["B:", "y"])]
