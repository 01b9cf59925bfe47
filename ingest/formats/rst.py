"""reStructuredText, read by docutils, with the roles and directives of Sphinx that have text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.nodes import fully_normalize_name
from docutils.parsers.rst import Directive, Parser, directives, roles
from docutils.parsers.rst.languages import en as english
from docutils.transforms import Transform
from docutils.utils import new_document

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.html import convert_html_page
from ingest.formats.sphinx import parse_role
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
# The length of names is limited: each colon of a page would be a search to its end.
_ROLE = re.compile(r":([a-zA-Z][\w:.+-]{0,100}):`")
_TARGET = re.compile(r"^[ \t]*\.\. (?:_|\[|\|)|^[ \t]*__ ", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*\.\. +([a-zA-Z][\w:.+-]{0,100})::", re.MULTILINE)

_CODE = (
    "code code-block ipython parsed-literal prompt sourcecode doctest testcode testoutput mermaid "
    "graphviz"
)
_HIDDEN = (
    "automodule contents currentmodule default-domain default-role highlight index meta module "
    "py:currentmodule py:module raw sectnum tabularcolumns title toctree testsetup testcleanup"
)
_IN_OTHER_FILES = "literalinclude include autoclass autofunction automethod autodata"
"""Directives whose content is in other files, which are not read."""

_TITLES = {
    "deprecated": "Deprecated since version",
    "seealso": "See also",
    "todo": "To do",
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
}


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
        _register_unknown(text)
        tree = publish_doctree(text, parser=_BoundedParser(), settings_overrides=_SETTINGS)
        _clean_tree(tree)
        html = publish_from_doctree(tree, writer="html5", settings_overrides=_SETTINGS)
    return build_converted_document(page, convert_html_page(str(html))[1])


@contextmanager
def _isolate_registry() -> Iterator[None]:
    """Keep the roles and directives of a page from other pages.

    docutils has one registry for all; a page's `default-role` changes it, too.
    """
    _register_known()
    tables = [vars(directives)["_directives"], vars(roles)["_roles"]]
    saved = [dict(table) for table in tables]
    try:
        yield
    finally:
        for table, entries in zip(tables, saved, strict=True):
            table.clear()
            table.update(entries)


def _clean_tree(tree: nodes.document) -> None:
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
    for image in tree.findall(nodes.image):
        # With `:loading: embed`, docutils reads any file of the machine, or waits for a pipe.
        image.attributes.pop("loading", None)
    for node in tree.children[:1]:
        if isinstance(node, nodes.field_list):
            tree.remove(node)


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


class _AnyOptions(dict[str, Any]):
    """An `option_spec` that accepts every option."""

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, name: str) -> Any:
        return directives.unchanged


class _Container(Directive):
    """A directive whose argument is a title and whose content is text, such as a tab."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[Mapping[str, Any] | None] = _AnyOptions()  # type: ignore[assignment]

    def run(self) -> list[nodes.Node]:
        """Return the title as a paragraph, then the content."""
        title = " ".join(" ".join(self.arguments).split())
        if self.name in _TITLES:
            version, _, text = title.partition(" ")
            title = f"{_TITLES[self.name]} {version}".strip() + (f": {text}" if text else "")
        container = nodes.container()
        if title:
            sentence = title if title.endswith((".", ":", "!", "?")) else f"{title}:"
            inline, _ = self.state.inline_text(sentence, self.lineno)
            container += nodes.paragraph("", "", *inline)
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container] if container.children else []


class _Code(_Container):
    """Code; the argument is its language."""

    def run(self) -> list[nodes.Node]:
        """Return a literal block."""
        code = "\n".join(self.content)
        language = "".join(self.arguments) or ("python" if self.name == "testcode" else "")
        # Not `language-`: docutils takes that for a natural language.
        classes = [f"highlight-{language}"] if language and " " not in language else []
        return [nodes.literal_block(code, code, classes=classes)] if code.strip() else []


class _FileReference(_Container):
    """A directive whose content is in another file: a line that names the file."""

    def run(self) -> list[nodes.Node]:
        """Return a paragraph such as `See stopping.py`."""
        name = " ".join(self.arguments)
        return [nodes.paragraph("", "See ", nodes.literal("", name), nodes.Text("."))]


class _HiddenDirective(_Container):
    """A directive that shows nothing to readers."""

    def run(self) -> list[nodes.Node]:
        """Return nothing."""
        return []


def _render_role(
    name: str, rawtext: str, text: str, *_rest: Any, **_options: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Render a role as its text, a name as code."""
    del rawtext
    label, is_code = parse_role(name, text)
    return [nodes.literal("", label) if is_code else nodes.Text(label)], []


@cache
def _register_known() -> None:
    groups = (
        (_CODE, _Code),
        (_IN_OTHER_FILES, _FileReference),
        (_HIDDEN, _HiddenDirective),
        (" ".join(_TITLES), _Container),
    )
    for names, directive in groups:
        for name in names.split():
            directives.register_directive(name, directive)


def _register_unknown(text: str) -> None:
    """Register the roles and directives of a page that are not known.

    They come from extensions of Sphinx; their text is kept.
    """
    document = new_document("")
    for name in set(_DIRECTIVE.findall(text)):
        if directives.directive(name, english, document)[0] is None:  # type: ignore[arg-type]
            directives.register_directive(name.lower(), _Container)
    for name in set(_ROLE.findall(text)):
        if roles.role(name, english, 0, document.reporter)[0] is None:  # type: ignore[arg-type]
            roles.register_local_role(name.lower(), _render_role)  # type: ignore[arg-type]
