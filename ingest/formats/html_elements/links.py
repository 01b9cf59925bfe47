"""Links of HTML pages that are around whole blocks, such as cards with a heading."""

from __future__ import annotations

from bs4.element import Tag

_MOST_BLOCKS = 50  # of a link, of which one is its title
_HEADINGS = [f"h{level}" for level in range(1, 7)]
_BLOCKS = [
    "div",
    "p",
    "ul",
    "ol",
    "table",
    "pre",
    "blockquote",
    "section",
    "figure",
    "dl",
    *_HEADINGS,
]


def move_links_inside(main: Tag) -> None:
    """Put each link around blocks into the first of them.

    A heading goes before other blocks. Markdown has no link around blocks.
    """
    for link in main.find_all("a", href=True):
        if link.find_parent("a") is not None or link.find(_BLOCKS) is None:
            continue
        block = _find_title(link)
        if block is not None:
            inner = Tag(name="a", attrs={"href": link["href"]})
            for child in list(block.contents):
                inner.append(child.extract())
            block.append(inner)
        link.name = "div"
        del link["href"]


def _find_title(link: Tag) -> Tag | None:
    headings = link.find_all(_HEADINGS, limit=_MOST_BLOCKS)
    for block in [*headings, *link.find_all(_BLOCKS, limit=_MOST_BLOCKS)]:
        if block.get_text().strip() and block.find([*_BLOCKS, "a"]) is None and block.name != "pre":
            return block
    return None
