"""reStructuredText, read by docutils, with the roles and directives of Sphinx that have text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.nodes import fully_normalize_name
from docutils.parsers.rst import Parser, directives, roles
from docutils.transforms import Transform

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.html import convert_html_page
from ingest.formats.rst_directives import REFERENCE, register_known, register_unknown
from ingest.formats.structure import build_converted_document

MAX_CHARS = 2_000_000
"""Longest page: docutils reads about 200,000 characters a second."""

MAX_LINES = 50_000
MAX_TARGETS = 3_000
"""Most link targets of a page: docutils compares each with all before it."""

MAX_SUBSTITUTED = 50_000
"""Most parts that substitutions become: thirty short lines can ask for billions."""

_MAX_NESTED = 100
_SETTINGS = {
    "_disable_config": True,
    "auto_id_prefix": "id",  # as Sphinx has it
    "doctitle_xform": False,
    "docinfo_xform": False,
    "embed_stylesheet": False,
    "file_insertion_enabled": False,
    "halt_level": 5,
    "image_loading": "link",
    "math_output": "LaTeX",
    "output_encoding": "unicode",
    "raw_enabled": False,
    "report_level": 3,
    "smart_quotes": False,
    "stylesheet_path": "",
    "syntax_highlight": "none",
    "toc_backlinks": False,
    "warning_stream": False,
}
_TARGET = re.compile(r"^[ \t]*\.\. (?:_|\[|\|)|^[ \t]*__ ", re.MULTILINE)


def read_rst(page: Page) -> Document:
    """Read reStructuredText.

    Its title is the first heading, else the file's name.

    Raises:
        PageError: the page is too large, has too many targets, or docutils fails on it.
    """
    text = page.text
    if len(text) > MAX_CHARS:
        raise PageError(f"is larger than {MAX_CHARS // 1_000_000} million characters")
    if text.count("\n") > MAX_LINES:
        raise PageError(f"has more than {MAX_LINES:,} lines")
    if sum(1 for _ in _TARGET.finditer(text)) > MAX_TARGETS:
        raise PageError(f"has more than {MAX_TARGETS:,} link targets")
    with _isolate_registry(), translate_parser_errors("reStructuredText"):
        register_unknown(text)
        tree = publish_doctree(text, parser=_BoundedParser(), settings_overrides=_SETTINGS)
        _clean_tree(tree, page)
        html = publish_from_doctree(tree, writer="html5", settings_overrides=_SETTINGS)
    return build_converted_document(page, convert_html_page(str(html))[1])


@contextmanager
def _isolate_registry() -> Iterator[None]:
    """Keep the roles and directives of a page from other pages.

    docutils has one registry for all; a page's `default-role` changes it, too.
    """
    register_known()
    tables = [vars(directives)["_directives"], vars(roles)["_roles"]]
    saved = [dict(table) for table in tables]
    try:
        yield
    finally:
        for table, entries in zip(tables, saved, strict=True):
            table.clear()
            table.update(entries)


def _clean_tree(tree: nodes.document, page: Page) -> None:
    """Remove fields for Sphinx, messages of docutils, and what reads files.

    Text that docutils could not read stays as it was written.
    """
    for message in list(tree.findall(nodes.system_message)):
        place = message.parent.index(message)
        message.parent[place : place + 1] = list(message.findall(nodes.literal_block))
    tree.parse_messages, tree.transform_messages = [], []
    for section in list(tree.findall(nodes.section)):
        if "system-messages" in section["classes"]:
            section.parent.remove(section)
    for section in tree.findall(nodes.section):
        _order_ids(section)
    for reference in list(tree.findall(nodes.inline)):
        if REFERENCE in reference["classes"]:
            _show_reference(tree, reference, page)
    for image in tree.findall(nodes.image):
        # With `:loading: embed`, docutils reads any file of the machine, or waits for a pipe.
        image.attributes.pop("loading", None)
    for node in tree.children[:1]:
        if isinstance(node, nodes.field_list):
            tree.remove(node)


def _order_ids(section: nodes.section) -> None:
    """Put the anchor that Sphinx makes of a heading first.

    A label of the same name has taken it.
    """
    own = nodes.make_id(section.children[0].astext()) if section.children else ""
    if own in section["ids"]:
        section["ids"].remove(own)
        section["ids"].insert(0, own)


def _show_reference(tree: nodes.document, reference: nodes.inline, page: Page) -> None:
    """Show the title of the place that a reference names.

    It is a link if the place is on another page.
    """
    target = reference["target"]
    address = page.links.get(target, "")
    title = _find_title(tree, target) or page.link_titles.get(target, "")
    shown = nodes.Text(reference.astext() if reference["titled"] or not title else title)
    reference[:] = [nodes.reference("", "", shown, refuri=address)] if address else [shown]


def _find_title(tree: nodes.document, label: str) -> str:
    """Return the heading or caption that a label stands before."""
    node = tree.ids.get(tree.nameids.get(fully_normalize_name(label)) or "")
    if isinstance(node, nodes.section | nodes.figure | nodes.table):
        for child in node.children:
            if isinstance(child, nodes.title | nodes.caption):
                return " ".join(child.astext().split())
    return ""


class _BoundedParser(Parser):
    """docutils' parser, which refuses a page that would grow without end."""

    def get_transforms(self) -> list[type[Transform]]:
        return [*super().get_transforms(), _SubstitutionLimit]


class _SubstitutionLimit(Transform):
    """Counts what substitutions inside substitutions become before docutils puts them in."""

    default_priority = 210  # before docutils' own, which is 220

    def apply(self) -> None:
        """Count the nodes; `startnode` is not used.

        Raises:
            PageError: there would be more than `MAX_SUBSTITUTED`.
        """
        self._sizes: dict[str, int] = {}
        total = 0
        for reference in self.document.findall(nodes.substitution_reference):
            if not self._is_in_definition(reference):
                total += self._count_nodes(reference, frozenset())
            if total > MAX_SUBSTITUTED:
                raise PageError(f"has substitutions of more than {MAX_SUBSTITUTED:,} parts")

    def _is_in_definition(self, node: nodes.Node) -> bool:
        while node.parent is not None:
            node = node.parent
            if isinstance(node, nodes.substitution_definition):
                return True
        return False

    def _count_nodes(self, reference: nodes.Element, above: frozenset[str]) -> int:
        name = str(reference.get("refname", ""))
        if name not in self.document.substitution_defs:
            name = self.document.substitution_names.get(fully_normalize_name(name), "")
        definition = self.document.substitution_defs.get(name)
        if definition is None or name in above or len(above) > _MAX_NESTED:
            return 1  # docutils reports it
        if name not in self._sizes:
            inner = list(definition.findall(nodes.substitution_reference))
            size = sum(1 for _ in definition.findall())
            size += sum(self._count_nodes(each, above | {name}) for each in inner)
            self._sizes[name] = min(size, 2 * MAX_SUBSTITUTED)
        return self._sizes[name]
