"""Markdown as people write it, with front matter, HTML and the marks of site generators."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import yaml

from ingest.documents import Block, Document, Page, Section, build_document
from ingest.formats.html_in_markdown import convert_html_block, convert_tables, extract_html_text
from ingest.formats.mkdocs import flatten_admonitions
from ingest.formats.sphinx import parse_role
from ingest.formats.structure import (
    SLUGS,
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

_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # many times as fast, if it is installed
_MAX_YAML = 100_000  # characters
_MAX_YAML_DEPTH = 20
_LITERAL = {"fence", "code_block", "html_block"}
_COMMENT = re.compile(r"(?<!`)<!--.*?-->")
_WRAPPER = re.compile(r"^\s*</?(?:div|section|details|span|center)(?:\s[^<>]*)?>\s*$")
_TAB_BAR = re.compile(
    r"\s*<div class=\"(?:multipleCode|filter|tab-wrapper)[^\"]*\">(?:\s*<a\s[^<>]*>[^<>]*</a>)*"
    r"\s*</div>\s*"
)
_STRUCTURED = re.compile(r"<(?:h[1-6]|table|ul|ol|pre)\b", re.IGNORECASE)
_TITLE = re.compile(r"^title:\s*(.+)$", re.MULTILINE)
_HTML_HEADING = re.compile(r"<h[1-6][\s>]", re.IGNORECASE)
_PREFORMATTED = re.compile(r"<pre\b.*?</pre>", re.IGNORECASE | re.DOTALL)
_PREFORMATTED_END = re.compile(r"</pre>", re.IGNORECASE)
_MARKDOWN = re.compile(r"^(?:#{1,6}\s|\s*(?:```|~~~))", re.MULTILINE)

# A line may have millions of characters: groups that could match in many ways are atomic, and a
# pattern begins only where it can end.
_CODE_SPAN = re.compile(r"(?<!`)(`++[^`]++`++)")
_LINK = re.compile(
    r"<a\s(?=[^<>]*>)(?>[^<>]*?href=\"([^\"<>\s]*)\"[^<>]*>)([^<>]++)</a>", re.IGNORECASE
)
_CODE_TAG = re.compile(r"<code(?:\s[^<>]*)?>([^<>`]+)</code>", re.IGNORECASE)
_IMAGE = re.compile(r"<img\s(?=[^<>]*>)(?>(?:[^<>]*?\salt=\"([^\"<>]*)\")?[^<>]*>)", re.IGNORECASE)
_BREAK = re.compile(r"</?(?:br|p|div|li|ul|ol)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|center|cite|code|del|em|font|i|ins|kbd|mark|s|small|span|strong|sub|"
    r"summary|details|sup|tt|u|var)(?:\s[^<>]*)?>",
    re.IGNORECASE,
)
_ADMONITION = re.compile(
    # Possessive: several parts match spaces, and would be tried in all ways on other lines.
    r"^([\s>]*+):{3,}+\s*+(?:\{?([\w-]++)\}?)?\s*+\[?([^\]\[{}]*+)\]?\s*+(?:\{.*\})?$"
)
_ALERT = re.compile(r"^([\s>]*>\s*)\[!(\w+)\]\s*$")
_DIRECTIVE = re.compile(
    r"\{(admonition|attention|caution|danger|error|hint|important|note|seealso|tab-item|tip|todo|"
    r"warning)\}\s*(.*)"
)
_MAX_DIRECTIVES = 8  # nested; each level parses its text again
_LABEL = re.compile(r"^\([\w.:-]+\)=\s*$")
_ROLE = re.compile(
    r"(?<![\w$`{])\{((?:\w+:)?(?:abbr|any|attr|class|command|data|doc|envvar|exc|file|func|guilabel|"
    r"kbd|meth|mod|numref|obj|option|program|ref|term))\}`([^`]+)`"
)
_SHORTCODE = re.compile(r"^\s*(?:\{%.*%\}|\{\{[<%].*[>%]\}\})\s*$")


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


def build_markdown_document(page: Page, text: str, *, indented_code: bool = True) -> Document:
    """Build the document of a page of Markdown.

    Args:
        page: the page.
        text: its Markdown, which may differ from the page's own text.
        indented_code: whether an indented paragraph is code; not so in MDX.

    Returns:
        the document with its sections.
    """
    text = convert_tables(flatten_admonitions(text), indented_code=indented_code)
    parsed = ParsedMarkdown(text, build_written_parser(indented_code=indented_code))
    front = next((n for n in parsed.root.children[:1] if n.type == "front_matter"), None)
    title = strip_markdown(_parse_title(front.content)) if front else ""
    start = front.map[1] if front and front.map else 0
    if next(filter(str.strip, filter(None, parsed.lines[start:])), "").lstrip().startswith("<"):
        body = "\n".join(text.split("\n")[start:])
        if _is_html(body):
            from ingest.formats.html import build_html_document

            return build_html_document(page, body, title=title)
    sections = tuple(build_sections(_expand_nodes(parsed), make_slug=SLUGS[page.anchors]))
    return build_document(page, title or find_first_heading(sections) or page.stem, sections)


def _is_html(body: str) -> bool:
    """Return whether a page is HTML under a Markdown name.

    Some generators write such pages.
    """
    if not _HTML_HEADING.search(body):
        return False
    ends = [match.end() for match in _PREFORMATTED_END.finditer(body)]
    last = ends[-1] if ends else 0  # after it, no `<pre>` is closed
    return not _MARKDOWN.search(_PREFORMATTED.sub("", body[:last]) + body[last:])


def _parse_title(front_matter: str) -> str:
    try:
        _check_nesting(front_matter)
        loaded = yaml.load(front_matter, _YAML)  # noqa: S506  (the loader is a safe one)
    except (yaml.YAMLError, ValueError):
        # `title: What's new: everything` is not valid YAML, but people write it.
        match = _TITLE.search(front_matter)
        return match[1].strip().strip("\"'") if match else ""
    title = loaded.get("title") if isinstance(loaded, dict) else None
    # Nested aliases of YAML would become gigabytes of text.
    return str(title) if isinstance(title, str | int | float | date) else ""


def _check_nesting(front_matter: str) -> None:
    """Check that front matter is safe to load.

    The loader of libyaml ends the process if YAML is nested too deeply.

    Raises:
        ValueError: the front matter is nested too deeply, or too long.
    """
    if len(front_matter) > _MAX_YAML:
        raise ValueError
    depth = 0
    for event in yaml.parse(front_matter, _YAML):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        # A merge of merges would become millions of pairs.
        is_merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<"
        if depth > _MAX_YAML_DEPTH or is_merge:
            raise ValueError


def _render_lines(parsed: ParsedMarkdown) -> None:
    """Change the lines to the text that a reader sees; code stays."""
    literal: set[int] = set()
    for token in parsed.tokens:
        if token.type in _LITERAL and token.map:
            if token.type == "html_block" and token.level:  # in a list or a quotation
                _replace_html(parsed, *token.map)
            else:
                literal.update(range(*token.map))
    for number, line in enumerate(parsed.lines):
        if line and number not in literal and not line.isspace():
            parsed.lines[number] = _render_line(line)


def _expand_nodes(parsed: ParsedMarkdown, *, depth: int = 0) -> Nodes:
    """Yield the blocks of a page, with those inside HTML and admonitions."""
    _render_lines(parsed)
    for node, _ in list_nodes(parsed):
        directive = _DIRECTIVE.match(node.info) if node.type == "fence" else None
        if directive and depth < _MAX_DIRECTIVES:
            name, title = directive.groups()
            text = f"**{title or name.capitalize()}**\n\n{node.content}"
            yield from _expand_nodes(ParsedMarkdown(text, build_written_parser()), depth=depth + 1)
            continue
        if node.type != "html_block" or not node.map:
            yield node, parsed
            continue
        html = parsed.join_lines(*node.map)
        if _STRUCTURED.search(html) and not html.lstrip().startswith("<!--"):
            text = convert_html_block(html)
            if text.startswith("|") and "\n\n" not in text:  # the most frequent case: one table
                yield build_table_block(text)
            else:
                yield from list_nodes(ParsedMarkdown(text, build_converted_parser()))
        else:
            _replace_html(parsed, *node.map)
            yield node, parsed


def _replace_html(parsed: ParsedMarkdown, start: int, end: int) -> None:
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
    content = extract_html_text(html).strip()
    parsed.replace(start, end, prefix + content if content else prefix.rstrip())


def _render_line(line: str) -> str | None:
    """Return a line outside of code as a reader sees it.

    Return None if the reader sees nothing of it.
    """
    if "<" in line:
        if _WRAPPER.match(line):
            return None
        head, mark, rest = line.rpartition("-->")
        line = f"{_COMMENT.sub('', head + mark)}{rest}".rstrip()
        line = _change_outside_code(_convert_tags, line).rstrip() if "<" in line else line
        if not line.strip():
            return None
    if ":::" in line:
        line = _ADMONITION.sub(_render_admonition, line)
    elif "[!" in line:
        line = _ALERT.sub(lambda match: f"{match[1]}**{match[2].capitalize()}**", line)
    elif line[:1] in "{(" or line.startswith(" "):
        line = "" if _LABEL.match(line) or _SHORTCODE.match(line) else line
    if "}`" in line:
        line = _ROLE.sub(_render_role, line)
    return line if line.strip() else None


def _change_outside_code(change: Callable[[str], str], line: str) -> str:
    parts = _CODE_SPAN.split(line)
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def _convert_tags(text: str) -> str:
    """Convert HTML tags to Markdown or drop them.

    Text that only looks like a tag stays.
    """
    text = _LINK.sub(r"[\2](\1)", text)
    text = _CODE_TAG.sub(r"`\1`", text)
    text = _IMAGE.sub(lambda match: match[1] or "", text)
    return _TAG.sub("", _BREAK.sub(" ", text))


def _render_admonition(match: re.Match[str]) -> str:
    """Return the opening line of `:::note Title` as bold text.

    The closing line becomes empty.
    """
    title = match[3].strip() or (match[2] or "").capitalize()
    return f"{match[1]}**{title}**" if title else ""


def _render_role(match: re.Match[str]) -> str:
    text, is_code = parse_role(match[1], match[2])
    return f"`{text}`" if is_code else text
