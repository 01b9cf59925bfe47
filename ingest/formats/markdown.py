"""Markdown as people write it, with front matter, HTML and the dialects of site makers."""

from __future__ import annotations

import re

from ingest.documents import Block, Document, Page, Section, build_document
from ingest.formats.anchors import AnchorMaker
from ingest.formats.dialects.addresses import Resolver, resolve_link
from ingest.formats.dialects.expansion import ExpandedPage, expand_dialects
from ingest.formats.dialects.front_matter import split_front_matter
from ingest.formats.dialects.links import LinkRenderer
from ingest.formats.dialects.prose import ProseRenderer
from ingest.formats.headings import HeadingRenderer
from ingest.formats.html_in_markdown import convert_html_block, convert_tables, extract_html_text
from ingest.formats.structure import (
    Nodes,
    ParsedMarkdown,
    build_converted_parser,
    build_sections,
    build_table_block,
    build_written_parser,
    find_first_heading,
    list_nodes,
    strip_markdown,
)

_WRAPPER = re.compile(
    r"^\s*</?(?:div|section|details|span|center|picture|figure)(?:\s[^<>]*)?>\s*$"
)
_TAB_BAR = re.compile(
    r"\s*<div class=\"(?:multipleCode|filter|tab-wrapper)[^\"]*\">(?:\s*<a\s[^<>]*>[^<>]*</a>)*"
    r"\s*</div>\s*"
)
_STRUCTURED = re.compile(r"<(?:h[1-6]|table|ul|ol|pre)\b", re.IGNORECASE)
_HTML_HEADING = re.compile(r"<h[1-6][\s>]", re.IGNORECASE)
_PREFORMATTED = re.compile(r"<pre\b.*?</pre>", re.IGNORECASE | re.DOTALL)
_PREFORMATTED_END = re.compile(r"</pre>", re.IGNORECASE)
_MARKDOWN = re.compile(r"^(?:#{1,6}\s|\s*(?:```|~~~))", re.MULTILINE)
_ALERT = re.compile(r"^([\s>]*>\s*)\[!(\w+)\][+-]?[ \t]*(.*)$")
_MYST_LABEL = re.compile(r"[A-Za-z][\w:-]*")
_PADDING = re.compile(r"(?<=(?<!\\)\|) {2,}|(?<=\S) {2,}(?=\|)")
_RULE = re.compile(r"-{4,}")
_QUOTE_MARKS = re.compile(r"[ \t>]*$")


def read_markdown(page: Page) -> Document:
    """Read Markdown.

    Its title is that of the front matter, else the first heading, else the file's name.
    """
    return build_markdown_document(page, page.text)


def read_text(page: Page) -> Document:
    """Read plain text as paragraphs between empty lines."""
    paragraphs = re.split(r"\n\s*\n", page.text)
    blocks = tuple(Block("paragraph", text.strip("\n")) for text in paragraphs if text.strip())
    return build_document(page, page.stem, (Section((), "", blocks),) if blocks else ())


def build_markdown_document(
    page: Page, text: str, *, indented_code: bool = True, resolve: Resolver | None = None
) -> Document:
    """Build the document of a page of Markdown.

    Args:
        page: the page.
        text: its Markdown, which may differ from the page's own text.
        indented_code: whether an indented paragraph is code; not so in MDX.
        resolve: knows the addresses of the source's files; None to derive them from the page's.

    Returns:
        the document with its sections.
    """
    front, body = split_front_matter(text)
    title = strip_markdown(front.title)
    if body.lstrip().startswith("<") and _is_html(body):
        from ingest.formats.html import build_html_document

        return build_html_document(page, body, title=title)
    expanded = expand_dialects(page, body, front, indented_code=indented_code)
    text = convert_tables(expanded.text, indented_code=indented_code)
    parsed = ParsedMarkdown(text, build_written_parser(indented_code=indented_code))
    prose = _build_prose(page, parsed, expanded, resolve)
    headings = HeadingRenderer(prose, AnchorMaker(page.anchors))
    sections = tuple(build_sections(_expand_nodes(parsed, prose, headings)))
    return build_document(page, title or find_first_heading(sections) or page.stem, sections)


def _build_prose(
    page: Page, parsed: ParsedMarkdown, expanded: ExpandedPage, resolve: Resolver | None
) -> ProseRenderer:
    links = LinkRenderer(
        parsed.references,
        expanded.footnotes,
        _list_titles(page, expanded),
        lambda target: _resolve_target(page, target, expanded, resolve),
        lambda note: prose.render(note, footnotes=False),
    )
    names = expanded.abbreviations
    prose = ProseRenderer(links, names, expanded.labels, page, is_myst=expanded.is_myst)
    return prose


def _list_titles(page: Page, expanded: ExpandedPage) -> dict[str, str]:
    """Return the texts of links that have none, by their targets."""
    titles = {target.lstrip("#"): title for target, title in page.link_titles.items()}
    return titles | {label: title for label, (_, title) in expanded.labels.items()}


def _resolve_target(
    page: Page, target: str, expanded: ExpandedPage, resolve: Resolver | None
) -> str:
    """Return the address of a link.

    Return an empty text for a label of MyST on another page.
    """
    anchor, _ = expanded.labels.get(target.lstrip("#"), ("", ""))
    if anchor:
        return resolve_link(page, f"#{anchor}")
    if expanded.is_myst and _MYST_LABEL.fullmatch(target):
        return page.links.get(target) or (resolve(target) if resolve else "")
    return resolve_link(page, target, resolve)


def _is_html(body: str) -> bool:
    """Return whether a page is HTML under a Markdown name.

    Some generators write such pages.
    """
    if not _HTML_HEADING.search(body):
        return False
    ends = [match.end() for match in _PREFORMATTED_END.finditer(body)]
    last = ends[-1] if ends else 0  # after it, no `<pre>` is closed
    return not _MARKDOWN.search(_PREFORMATTED.sub("", body[:last]) + body[last:])


def _render_lines(
    parsed: ParsedMarkdown, prose: ProseRenderer, headings: HeadingRenderer
) -> dict[int, ParsedMarkdown]:
    """Change the lines to the text that a reader sees; code stays.

    Return what becomes of the blocks of HTML with a structure, by their first lines.
    """
    headings.collect(parsed)
    converted = dict[int, ParsedMarkdown]()
    for number, token in enumerate(parsed.tokens):
        if token.type == "inline":
            headings.count_notes(token.content)
        if token.map is None or token.type == "inline":
            continue
        if token.type == "heading_open":
            headings.render(token, parsed.tokens[number + 1])
            continue
        is_prose = token.type in {"paragraph_open", "html_block"}
        headings.keep_above(parsed.join_lines(*token.map) if is_prose else "")
        if token.type == "html_block" and not token.level:
            html = parsed.join_lines(*token.map)
            if _STRUCTURED.search(html) and not html.lstrip().startswith("<!--"):
                inner = ParsedMarkdown(convert_html_block(html), build_converted_parser())
                headings.render_converted(inner)
                converted[token.map[0]] = inner
        else:
            _render_block(parsed, prose, token.type, *token.map)
    parsed.drop_definitions()
    return converted


def _render_block(
    parsed: ParsedMarkdown, prose: ProseRenderer, kind: str, start: int, end: int
) -> None:
    if kind == "html_block":  # in a list or a quotation
        _replace_html(parsed, prose, start, end)
    elif kind == "paragraph_open":
        _render_paragraph(parsed, prose, start, end)
    elif kind == "table_open":
        for line in range(start, end):
            # Padding and long rules, which align a table for its author, would cost a chunk room.
            source = _PADDING.sub(" ", parsed.lines[line] or "")
            source = _RULE.sub("---", source) if line == start + 1 else source
            parsed.lines[line] = prose.render(source, is_table=True).rstrip() or None


def _render_paragraph(parsed: ParsedMarkdown, prose: ProseRenderer, start: int, end: int) -> None:
    source = "\n".join(
        line for line in parsed.lines[start:end] if line and not _WRAPPER.match(line)
    )
    if "[!" in source:
        source = "\n".join(_ALERT.sub(_render_alert, line) for line in source.split("\n"))
    rendered = prose.render(source)
    if rendered == "\n".join(filter(None, parsed.lines[start:end])):
        return
    lines = [line.rstrip() for line in rendered.split("\n")]
    shown = "\n".join(line for line in lines if line.strip())
    parsed.replace(start, end, "" if _QUOTE_MARKS.match(shown) else shown)


def _render_alert(match: re.Match[str]) -> str:
    return f"{match[1]}**{match[3].strip() or match[2].capitalize()}**"


def _expand_nodes(parsed: ParsedMarkdown, prose: ProseRenderer, headings: HeadingRenderer) -> Nodes:
    """Yield the blocks of a page, with those inside HTML."""
    converted = _render_lines(parsed, prose, headings)
    for node, _ in list_nodes(parsed):
        if node.type != "html_block" or not node.map:
            yield node, parsed
        elif inner := converted.get(node.map[0]):
            text = "\n".join(filter(None, inner.lines))
            if text.startswith("|") and None not in inner.lines and "" not in inner.lines:
                yield build_table_block(text)  # the most frequent case: one table
            else:
                yield from list_nodes(inner)
        else:
            _replace_html(parsed, prose, *node.map)
            yield node, parsed


def _replace_html(parsed: ParsedMarkdown, prose: ProseRenderer, start: int, end: int) -> None:
    """Replace a block of HTML by its text, behind its list marker."""
    text = parsed.join_lines(start, end)
    if text.lstrip().startswith("<!--"):
        text = text.partition("-->")[2]
    prefix = text[: len(text) - len(text.lstrip(" >-*+0123456789.)"))] if "<" in text else ""
    html = text[len(prefix) :]
    if _TAB_BAR.fullmatch(html) and (
        parsed.join_lines(0, start) or parsed.join_lines(end, len(parsed.lines))
    ):
        html = ""  # unless it is all of the page
    content = prose.render(extract_html_text(html), tags=False).strip()
    parsed.replace(start, end, prefix + content if content else prefix.rstrip())
