"""MDX: Markdown with components, whose tags are dropped, and whose content and words stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from ingest.documents import Document, Page
from ingest.formats.code_spans import CodeSpans
from ingest.formats.dialects.front_matter import split_front_matter
from ingest.formats.markdown import build_markdown_document
from ingest.formats.mdx.elements import parse_elements
from ingest.formats.mdx.literals import Value
from ingest.formats.mdx.rendering import render_elements
from ingest.formats.mdx.statements import read_values

_IMPORT = re.compile(
    r"^import\s+(?:[\w$]+|\{[^{}\n]*\}|\*\s+as\s+\w+)(?:\s*,\s*\{[^{}\n]*\})?\s+from\s+"
    r"(?:\"[^\"\n]+\"|'[^'\n]+');?[ \t]*$",
    re.MULTILINE,
)
_COMPONENT = re.compile(r"<[A-Z][\w.]*(?=[\s/>])")
_NAMED_HEADING = re.compile(
    r"^([ \t>]*#{1,6}[ \t][^\n]*?)[ \t]*\{/\*[ \t]*#([^\s{}*]+)[^\n{}]*\*/\}[ \t]*$", re.MULTILINE
)
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)


def read_mdx(page: Page) -> Document:
    """Read MDX as Markdown.

    Imports, exports and comments are dropped, and so are the tags of components. What a component
    says by its properties, such as the label of a tab, stands above its content.
    """
    text = page.text
    front, body = split_front_matter(text)
    start = len(text) - len(body)
    parsed = parse_elements(_convert_anchors(body))
    values, plain = read_values(parsed.statements), _list_plain_values(front.values)
    for name in ("frontmatter", "frontMatter"):
        values.setdefault(name, dict(plain))
    rendered = render_elements(parsed.nodes, values)
    return build_markdown_document(page, f"{text[:start]}{rendered}", indented_code=False)


def _convert_anchors(body: str) -> str:
    """Return MDX in which the comments that name headings are attribute lists."""
    if "/* #" not in body and "/*#" not in body:
        return body
    spans = CodeSpans(body)
    return _NAMED_HEADING.sub(
        lambda match: match[0] if spans.is_code(match.start(1)) else f"{match[1]} {{#{match[2]}}}",
        body,
    )


def _list_plain_values(values: Mapping[str, object]) -> dict[str, Value]:
    """Return the texts and numbers; nested aliases of YAML could become gigabytes."""
    return {
        str(key): str(value)
        for key, value in values.items()
        if isinstance(value, str | int | float | date) and not isinstance(value, bool)
    }


def is_mdx(text: str) -> bool:
    """Return whether a page of Markdown imports and uses components.

    It is MDX then. The statements of a script, as VitePress has them, don't count.
    """
    if not _COMPONENT.search(text) or _SCRIPT.search(text):
        return False
    spans = CodeSpans(text)
    return any(not spans.is_code(match.start()) for match in _IMPORT.finditer(text))
