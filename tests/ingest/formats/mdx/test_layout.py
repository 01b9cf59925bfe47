from __future__ import annotations

from ingest.formats.mdx.layout import Layout, join_blocks


def lay_out(*parts: str | tuple[str]) -> str:
    layout = Layout()
    for part in parts:
        if isinstance(part, str):
            layout.add_text(part)
        else:
            layout.add_block(part[0])
    return layout.join()


def test_lines_lose_the_indent_that_they_share():
    assert lay_out("\n  a\n    b\n\n  c") == "\na\n  b\n\nc"
    assert lay_out("first\n  a\n    b") == "first\na\n  b"


def test_code_does_not_count_for_the_indent():
    assert lay_out("\n  ```\nx\n    y\n  ```") == "\n```\nx\n  y\n```"


def test_blocks_stand_in_the_indent_of_their_line():
    assert lay_out("- a\n  ", ("b\nc",), "\n- d") == "- a\n\n  b\n  c\n\n- d"
    assert lay_out("- ", ("b\nc",)) == "- b\n  c\n"
    assert lay_out("> a\n> ", ("b\nc",)) == "> a\n>\n> b\n> c\n>"
    assert lay_out("a\n", ("",), "\nb") == "a\n\nb"


def test_where_a_line_stands():
    layout = Layout()
    layout.add_text("| a\n  - ")
    assert layout.is_at_start
    assert not layout.is_in_row
    layout.add_text("b\n## c")
    assert layout.is_in_heading
    layout.postpone_block("below")
    layout.add_text(" d\ne")
    assert layout.join() == "| a\n  - b\n## c d\n\nbelow\n\ne"


def test_blocks_are_joined():
    assert join_blocks(["a\n", "", "\n", "b"]) == "a\n\nb"
