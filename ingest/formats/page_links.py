"""Links in the text of a document, as addresses; for formats that are converted to Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

from ingest.documents import Block, Document, Page
from ingest.formats.code_spans import CodeSpans
from ingest.formats.dialects.addresses import resolve_link

_LINK = re.compile(r"(?<![!\\\]])\[((?:[^\[\]\\\n]|\\.){1,500})\]\(([^()\s<>]{1,500})\)")
_COORDINATES = re.compile(r"(?:[\w.-]*@)?(?:[\w.-]*:){0,2}[\w./$-]+\.(?:adoc|asciidoc)(?:#\S*)?")
_CODE = {"fence", "code"}


def resolve_links(document: Document, page: Page) -> Document:
    """Return a document with addresses in its links to pages."""
    return replace(
        document,
        sections=tuple(
            replace(section, blocks=tuple(_resolve_block(block, page) for block in section.blocks))
            for section in document.sections
        ),
    )


def _resolve_block(block: Block, page: Page) -> Block:
    if "](" not in block.text or block.kind in _CODE:
        return block
    return replace(
        block,
        text=_resolve_text(block.text, page),
        parts=tuple(_resolve_block(part, page) for part in block.parts),
        head=_resolve_text(block.head, page),
    )


def _resolve_text(text: str, page: Page) -> str:
    if "](" not in text:
        return text
    spans = CodeSpans(text)

    def resolve(match: re.Match[str]) -> str:
        # Code in the text of a link is not code around the link.
        if spans.is_code(match.start()):
            return match[0]
        return _resolve_one(match, page)

    return _LINK.sub(resolve, text)


def _resolve_one(match: re.Match[str], page: Page) -> str:
    text, target = match[1], match[2]
    address = resolve_link(page, target)
    if address == target and _COORDINATES.fullmatch(target) and re.search("[:@$]", target):
        return text  # a page of Antora that is not in the source
    path = target.partition("#")[0]
    if text in {target, path}:
        text = page.link_titles.get(target) or page.link_titles.get(path) or text
    return f"[{text}]({address})"
