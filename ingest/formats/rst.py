"""reStructuredText, by docutils; of Sphinx, the roles and directives that carry text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en as english
from docutils.utils import new_document

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.html import convert_html_page
from ingest.formats.sphinx import parse_role
from ingest.formats.structure import build_converted_document

MAX_CHARS = 2_000_000
"""Of a page: docutils reads about 200,000 characters a second."""

MAX_LINES = 50_000
MAX_TARGETS = 3_000
"""Of a page: docutils compares each with all before it."""

_SETTINGS = {
    "_disable_config": True,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "embed_stylesheet": False,
    "file_insertion_enabled": False,
    "halt_level": 5,
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
# Names have an end: a page of colons would be read to its end for each of them.
_ROLE = re.compile(r":([a-zA-Z][\w:.+-]{0,100}):`")
_TARGET = re.compile(r"^[ \t]*\.\. (?:_|\[|\|)|^[ \t]*__ ", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*\.\. +([a-zA-Z][\w:.+-]{0,100})::", re.MULTILINE)

_CODE = (
    "code code-block ipython parsed-literal prompt sourcecode doctest testcode testoutput mermaid "
    "graphviz"
)
_SILENT = (
    "automodule contents currentmodule default-domain default-role highlight index meta module "
    "py:currentmodule py:module raw sectnum tabularcolumns title toctree testsetup testcleanup"
)
_NAMED = "literalinclude include autoclass autofunction automethod autodata"
"""What these stand for lies in other files, which are not read."""

_TITLES = {
    "deprecated": "Deprecated since version",
    "seealso": "See also",
    "todo": "To do",
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
}


def read_rst(page: Page) -> Document:
    """Read reStructuredText: title from the first heading, else the file's name.

    Raises:
        PageError: it is too large, has too many targets, or docutils fails on it.
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
        tree = publish_doctree(text, settings_overrides=_SETTINGS)
        _clean_tree(tree)
        html = publish_from_doctree(tree, writer="html5", settings_overrides=_SETTINGS)
    return build_converted_document(page, convert_html_page(str(html))[1])


@contextmanager
def _isolate_registry() -> Iterator[None]:
    """A page's roles, `default-role` among them, and directives are no other page's."""
    _register_known()
    tables = [vars(directives)["_directives"], vars(roles)["_roles"]]
    before = [dict(table) for table in tables]
    try:
        yield
    finally:
        for table, names in zip(tables, before, strict=True):
            table.clear()
            table.update(names)


def _clean_tree(tree: nodes.document) -> None:
    """Take out fields for Sphinx; what docutils could not read stays as it was written."""
    for message in list(tree.findall(nodes.system_message)):
        place = message.parent.index(message)
        message.parent[place : place + 1] = list(message.findall(nodes.literal_block))
    tree.parse_messages, tree.transform_messages = [], []
    for section in list(tree.findall(nodes.section)):
        if "system-messages" in section["classes"]:
            section.parent.remove(section)
    for node in tree.children[:1]:
        if isinstance(node, nodes.field_list):
            tree.remove(node)


class _AnyOptions(dict[str, Any]):
    """An `option_spec` that takes whatever stands there."""

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
        """The title as a paragraph, then the content."""
        title = " ".join(" ".join(self.arguments).split())
        if self.name in _TITLES:
            version, _, text = title.partition(" ")
            title = f"{_TITLES[self.name]} {version}".strip() + (f": {text}" if text else "")
        container = nodes.container()
        if title:
            ended = title if title.endswith((".", ":", "!", "?")) else f"{title}:"
            inline, _ = self.state.inline_text(ended, self.lineno)
            container += nodes.paragraph("", "", *inline)
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container] if container.children else []


class _Code(_Container):
    """Code; the argument is its language."""

    def run(self) -> list[nodes.Node]:
        """A literal block."""
        code = "\n".join(self.content)
        language = "".join(self.arguments) or ("python" if self.name == "testcode" else "")
        # Not `language-`: docutils takes that for the language of a person.
        classes = [f"highlight-{language}"] if language and " " not in language else []
        return [nodes.literal_block(code, code, classes=classes)] if code.strip() else []


class _FileReference(_Container):
    """Something that lies in another file: a line that names it."""

    def run(self) -> list[nodes.Node]:
        """For instance `See stopping.py`."""
        name = " ".join(self.arguments)
        return [nodes.paragraph("", "See ", nodes.literal("", name), nodes.Text("."))]


class _HiddenDirective(_Container):
    """Something that a reader does not see."""

    def run(self) -> list[nodes.Node]:
        """Nothing."""
        return []


def _render_role(
    name: str, rawtext: str, text: str, *_rest: Any, **_options: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """A role as its text reads on the page: without target, and a name as code."""
    del rawtext
    shown, is_code = parse_role(name, text)
    return [nodes.literal("", shown) if is_code else nodes.Text(shown)], []


@cache
def _register_known() -> None:
    known = (
        (_CODE, _Code),
        (_NAMED, _FileReference),
        (_SILENT, _HiddenDirective),
        (" ".join(_TITLES), _Container),
    )
    for names, directive in known:
        for name in names.split():
            directives.register_directive(name, directive)


def _register_unknown(text: str) -> None:
    """Make docutils know the roles and directives that the page uses.

    Names that neither docutils nor this file knows, of whatever extension, keep their text.
    """
    document = new_document("")
    for name in set(_DIRECTIVE.findall(text)):
        if directives.directive(name, english, document)[0] is None:  # type: ignore[arg-type]
            directives.register_directive(name.lower(), _Container)
    for name in set(_ROLE.findall(text)):
        if roles.role(name, english, 0, document.reporter)[0] is None:  # type: ignore[arg-type]
            roles.register_local_role(name.lower(), _render_role)  # type: ignore[arg-type]
