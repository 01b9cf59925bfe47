"""Blocks of a chunk's Markdown: paragraphs, list items, code and tables, as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

BlockKind = Literal["paragraph", "item", "code", "table", "quote", "heading", "title", "missing"]

_PARSER = MarkdownIt("commonmark").enable("table")
_KINDS: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "fence": "code",
    "code_block": "code",
    "table_open": "table",
    "blockquote_open": "quote",
    "heading_open": "heading",
}
_FRONT_MATTER = re.compile(r"\A---\n(?:[\w-]+:[^\n]*\n|[ \t-][^\n]*\n|\n)*---\n")
# Markup of site makers that stands alone on a line: includes, template tags, tabs, directives.
_NOISE = re.compile(
    r"\s*(?:\{[%{].*[%}]\}|\[TOC\]|:::+.*|/{3,}|\*\*Tab-set\*\*"
    r"|:(?:class|name|open|alt|align|width)\b:.*)\s*"
)
# A file that the page includes, and that is not part of it.
_MISSING = re.compile(r"\{\*.*\*\}|\{!.*!\}|--8<--.*|See `[^`\s]*[/.][^`\s]*`\.")
_ADMONITION = re.compile(r"\s*/{3,} *(\w[\w-]*)(?: *\| *(.+?))? *")
_IMPORT = re.compile(r"(?:import|export)\s[^\n]*(?:from\s+)?['\"][^\n]*['\"];?")
_DIRECTIVE = re.compile(r"[`~]{3,}\s*\{(?!code)")
_API_OPTIONS = re.compile(r"\*\*[.\w]+\*\*\n\s+options:")
_FENCE_MARK = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s+)?(`{3,}(?!.*`)|~{3,})")
_LABEL = r"\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]"
_LINK = re.compile(
    r"(?P<code>(?<!`)(`+)(?!`)[^\n]*?(?<!`)\2(?!`))"
    rf"|(?P<image>!?){_LABEL}\(\s*<?(?P<target>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?"
    r"(?:\s+[\"'][^\n]*?[\"'])?\s*\)"
    rf"|{_LABEL}\[[^\[\]\n]*\]"
    r"|(?P<tag></?(?:abbr|a|b|br|center|details|dfn|div|em|font|i|img|p|small|span|strong|sub|summary"
    r"|sup|u)\b[^<>\n]*>)"
)
_ABSOLUTE = re.compile(r"https?://|mailto:", re.IGNORECASE)
_ADDRESS = re.compile(r"<?https?://\S+|(?:\.{0,2}/)?[\w.-]+(?:/[\w.@-]+)+\.\w{2,5}\b")
_FEW = 3  # characters beside links, such as a bullet's "or"
_MARKS = re.compile(r"[\s>*_#`|•.,;:()\[\]-]+|\d+[.)]")

_OPEN_END = re.compile(
    r"(?:[:?,\u060c\u061f\u3001\uff1a\uff1f\uff0c]|(?<=\w)\.{3}|(?<=\w)\u2026"
    r"|\b(?:below|as follows|following)\.)"
    r"[\"'*_)\]\u201d\s]*\Z"
)
# Beside Western and East Asian signs those of Arabic, Urdu, Indic, Burmese, Khmer and others.
_CLOSED_END = re.compile(
    r"[.!?;,:)\u0589\u060c\u061f\u06d4\u0964\u0965\u104a\u104b\u1362\u1367\u17d4\u17d5\u3002"
    r"\uff01\uff0e\uff1f\uff1a\uff61\u2026|`][\"'*_\]\u201d\s]*\Z"
)
_BOLD = re.compile(r"(?:\*\*|__)[^\n]{1,120}(?:\*\*|__)[:.]?")
_TAB = re.compile(
    r"[*_]*(python|java|c\+\+|go|node(?:\.?js)?|javascript|typescript)[*_]*:?[*_]*", re.IGNORECASE
)
_MAX_TITLE = 70  # characters of a line that stands above others like a heading


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list item, a block of code or a table.

    Attributes:
        kind: the kind of block.
        text: its lines; links to addresses that only the site knows are reduced to their labels.
        position: place of its chunk on the page.
        glue: the white space before it, if it does not begin the text.
        is_link: True for nothing but links, such as a line of a table of contents.
    """

    kind: BlockKind
    text: str
    position: int = 0
    glue: str = "\n\n"
    is_link: bool = False

    @property
    def is_code(self) -> bool:
        """True for code and tables, which need a sentence before them."""
        return self.kind in {"code", "table"}

    @property
    def language(self) -> str:
        """The word behind the fence's mark; '' for other blocks and without one."""
        first = self.text.partition("\n")[0].strip().lstrip("`~").split()
        return first[0].lower() if self.kind == "code" and first else ""


def split_blocks(text: str, position: int = 0) -> list[Block]:
    """Split a chunk's Markdown into blocks of text for readers.

    Left out are front matter, imports, badges, images, rules, comments and directives.
    """
    text = _clean_lines(_FRONT_MATTER.sub("", text))
    lines = text.split("\n")
    blocks = [
        replace(block, position=position)
        for block in _find_blocks(_PARSER.parse(text.removesuffix("\n") + "\n"), lines)
    ]
    return [block for block in map(_strip_links, blocks) if _has_content(block)]


def drop_missing(blocks: Sequence[Block]) -> list[Block]:
    """Drop the blocks that stand for files, and what only names them."""
    kept: list[Block] = []
    for block in blocks:
        if block.kind != "missing":
            kept.append(block)
        elif kept and has_title_form(kept[-1]):
            kept.pop()
    return kept


def mark_titles(blocks: Sequence[Block]) -> list[Block]:
    """Mark the paragraphs that are titles of what follows.

    A short line without a full stop is a sentence if nothing follows it, or another one like it.
    """
    followers = [*blocks, None][1:]
    return [
        replace(block, kind="title") if _is_above(block, follower) else block
        for block, follower in zip(blocks, followers, strict=True)
    ]


def _is_above(block: Block, follower: Block | None) -> bool:
    if follower is None or follower.kind == "heading" or block.kind != "paragraph":
        return False
    return has_title_form(block) and (_is_marked(block) or not _is_short_line(follower))


def _clean_lines(text: str) -> str:
    """Remove lines of site makers; make titles of admonitions bold."""
    lines: list[str] = []
    fence = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        if mark := _FENCE_MARK.match(line):
            closes = fence and mark[1].startswith(fence)
            fence = "" if closes else fence or mark[1]
        if fence:
            lines.append(line)
        elif opening := _ADMONITION.fullmatch(line):
            lines += ["", f"**{opening[2] or opening[1].capitalize()}**", ""]
        else:
            lines.append("" if _NOISE.fullmatch(line) else line)
    return "\n".join(lines)


def _find_blocks(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Block]:
    depth = 0  # of the list that the token is in
    for token in tokens:
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            depth += token.level == 0
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            depth -= token.level == 0
        is_item = token.type == "list_item_open" and token.level == 1 and depth
        if token.map is None or not (is_item or token.level == 0):
            continue
        kind = "item" if is_item else _KINDS.get(token.type)
        if kind is not None:
            yield _cut_block(kind, token.map, lines)


def _cut_block(kind: BlockKind, lines_of: Sequence[int], lines: Sequence[str]) -> Block:
    start, end = lines_of
    text = "\n".join(lines[start:end]).rstrip()
    is_tight = kind == "item" and start > 0 and bool(lines[start - 1].strip())
    if kind == "code" and (mark := _FENCE_MARK.match(text)):
        closed = len(text) > len(mark[0]) and text.rsplit("\n", 1)[-1].strip().startswith(mark[1])
        text = text if closed and "\n" in text else f"{text}\n{mark[1]}"
    return Block(kind, text, glue="\n" if is_tight else "\n\n")


def shorten_block(block: Block, limit: int) -> Block:
    """Shorten a block at a line or word; close its fence."""
    if len(block.text) <= limit:
        return block
    head = block.text[:limit]
    cut = head.rpartition("\n")[0] or head.rpartition(" ")[0]
    text = (cut if len(cut) > limit // 2 else head).rstrip()
    fence = ""
    for line in text.split("\n"):
        if mark := _FENCE_MARK.match(line):
            closes = fence and line.strip().startswith(fence.strip())
            indent = " " * (len(mark[0]) - len(mark[1]))
            fence = "" if closes else fence or indent + mark[1]
    return replace(block, text=f"{text}\n{fence}" if fence else text)


def _strip_links(block: Block) -> Block:
    """Reduce links within the site to their labels, and leave code alone."""
    if block.kind == "code":
        return block
    if _MISSING.fullmatch(block.text.strip()):
        return replace(block, kind="missing")
    lines, fence = [], ""
    for line in block.text.split("\n"):
        mark = _FENCE_MARK.match(line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        lines.append(line if fence or mark else _LINK.sub(_strip_link, line))
    is_link = bool(_LINK.search(block.text)) and measure_words(_LINK.sub("", block.text)) < _FEW
    return replace(block, text="\n".join(lines), is_link=is_link and "`" not in block.text)


def _strip_link(match: re.Match[str]) -> str:
    """Return a link's label; nothing for images and tags."""
    if match["code"]:
        return match[0]
    if match["image"] or match["tag"]:
        return ""
    label = _LINK.sub(_strip_link, match[4] if match[4] is not None else match[6])
    is_kept = label and _ABSOLUTE.match(match["target"] or "")
    return match[0] if is_kept else label


def _has_content(block: Block) -> bool:
    if block.kind == "code":
        return not _DIRECTIVE.match(block.text) and any(map(str.isalnum, block.text))
    if block.kind == "missing":
        return True
    text = block.text.strip()
    return bool(measure_words(text)) and not (_IMPORT.fullmatch(text) or _API_OPTIONS.match(text))


def measure_words(text: str) -> int:
    """Count the characters of a text without markup, addresses and paths."""
    return len(_MARKS.sub("", _ADDRESS.sub("", text)))


def is_title(block: Block) -> bool:
    """Return True for a heading, and a line like one."""
    return block.kind in {"heading", "title"}


def has_title_form(block: Block) -> bool:
    """Return True for a title, and a line that reads like one."""
    return is_title(block) or _is_marked(block) or _is_short_line(block)


def _is_marked(block: Block) -> bool:
    """Return True for a bold line or a tab's name."""
    text = block.text.strip()
    is_line = block.kind == "paragraph" and "\n" not in text
    return is_line and bool(find_tab(block) or _BOLD.fullmatch(text))


def _is_short_line(block: Block) -> bool:
    text = block.text.strip()
    is_line = block.kind == "paragraph" and "\n" not in text and not _is_marked(block)
    return is_line and len(text) <= _MAX_TITLE and not has_closed_end(text)


def find_tab(block: Block) -> str:
    """Return the programming language that is all of a text; else ''."""
    match = _TAB.fullmatch(block.text.strip())
    return match[1] if match else ""


def has_title_end(block: Block) -> bool:
    """Return True if a text ends in bold without a sentence."""
    last = block.text.rpartition("\n")[2].strip()
    return not block.is_code and bool(_BOLD.fullmatch(last)) and not has_closed_end(last)


def has_open_end(block: Block) -> bool:
    """Return True if the text ends in what something must follow."""
    return not block.is_code and bool(_OPEN_END.search(block.text))


def has_closed_end(text: str) -> bool:
    """Return True if a text ends like a sentence, clause or code."""
    return bool(_CLOSED_END.search(text))
