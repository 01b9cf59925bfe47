"""Code of HTML pages, without the numbers of its lines."""

from __future__ import annotations

import re

from bs4.element import NavigableString, Tag

from ingest.formats.html_elements.tables import list_cells, list_rows

_NUMBERED = (
    ".blob-num, .gutter, .hljs-ln-numbers, .line-number, .line-numbers, .line-numbers-rows, "
    ".line-numbers-wrapper, .linenodiv, .lineno, .linenos, .ln, .lnt, .rouge-gutter, "
    "[class*=codeLineNumber], [data-line-number]"
)
_NUMBERS = re.compile(r"[\d\s.:|]*")
_CODE_CELL = re.compile(r"blob-code|code|hljs-ln|line|lnt")


def drop_line_numbers(main: Tag) -> None:
    """Drop the numbers beside lines of code.

    They are a column, or in each line. A listing that has a row of a table for each line becomes
    one block of code.
    """
    for table in main.find_all("table"):
        lines = [cells for cells in map(list_cells, list_rows(table)) if cells]
        if len(lines) > 1 and all(map(_is_numbered_line, lines)):
            _join_lines(table, [cells[1] for cells in lines])
    listings: dict[int, Tag] = {}
    for tag in main.select(_NUMBERED):
        # A page may use these names for other things, such as the code itself.
        if _NUMBERS.fullmatch(tag.get_text()):
            outer = tag.find_parent("table")
            tag.extract()
            if outer:
                listings[id(outer)] = outer
    for listing in listings.values():
        _replace_listing(listing)


def end_lines(main: Tag) -> None:
    """End each line of code that is an element, once."""
    for line in main.select("pre div, pre li"):
        if line.find(["div", "li"]) is None and not _is_line_end(line):
            line.append("\n")
    for tag in main.select("pre div, pre li, pre ol, pre ul"):
        tag.name = "span"


def _is_line_end(line: Tag) -> bool:
    """Return whether a line of code already ends with a break."""
    if line.get_text().endswith("\n"):
        return True
    last: Tag = line
    while last.next_sibling is None and last.parent is not None and last.parent.name != "pre":
        last = last.parent
    return isinstance(last.next_sibling, NavigableString) and last.next_sibling.startswith("\n")


def _replace_listing(table: Tag) -> None:
    """Replace a table that holds nothing but code."""
    blocks = [block for block in table.find_all("pre") if block.get_text().strip()]
    if len(blocks) == 1 and table.get_text().strip() == blocks[0].get_text().strip():
        blocks[0].name = "span" if table.find_parent("pre") else "pre"
        table.replace_with(blocks[0].extract())


def _is_numbered_line(cells: list[Tag]) -> bool:
    """Return whether a row is a number and a line of code."""
    if len(cells) != 2 or not _NUMBERS.fullmatch(cells[0].get_text()):
        return False
    names = [" ".join(map(str, cell.get_attribute_list("class"))) for cell in cells]
    return bool(_CODE_CELL.search(names[1])) and (
        bool(cells[0].get("data-line-number")) or bool(re.search(r"num|gutter|line|ln", names[0]))
    )


def _join_lines(table: Tag, lines: list[Tag]) -> None:
    code = "\n".join(line.get_text().strip("\n") for line in lines)
    within = table.find_parent("pre")
    table.clear()
    table.name = "span" if within else "pre"
    table.append(NavigableString(code))
