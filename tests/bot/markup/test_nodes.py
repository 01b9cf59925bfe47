"""Nodes of parsed Markdown give their words, cells and lines."""

import pytest
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.markup.nodes import extract_text, list_cells, prefix_lines


def parse(text: str) -> SyntaxTreeNode:
    return SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text)).children[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# A **bold** `title`", "A bold title"),
        ("two\nlines  \nand a third", "two lines and a third"),
        ("[a  page](https://a.b) ![picture](c.png)", "a page picture"),
    ],
)
def test_the_words_of_a_node_stand_on_one_line(text: str, words: str):
    assert extract_text(parse(text)) == words


def test_the_cells_of_a_table_begin_with_its_header():
    rows = list_cells(parse("| a | b |\n|---|---|\n| 1 | |\n| 2 | 3 |"))
    words = [[extract_text(cell) for cell in row] for row in rows]
    assert words == [["a", "b"], ["1", ""], ["2", "3"]]


def test_each_line_has_its_prefix():
    assert prefix_lines("a\nb\n\nc", "- ", "  ") == "- a\n  b\n  \n  c"
