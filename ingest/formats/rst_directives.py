"""Directives and roles of Sphinx and its extensions, as their text reads on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en as english
from docutils.statemachine import StringList
from docutils.utils import new_document

from ingest.formats.sphinx import REFERENCES, parse_role, split_target

REFERENCE = "docent-reference"
"""Class of a role that shows the heading of what it points at, if the page has it."""

# The length of names is limited: each colon of a page would be a search to its end.
_ROLE = re.compile(r":([a-zA-Z][\w:.+-]{0,100}):`")
_DIRECTIVE = re.compile(r"^[ \t]*\.\. +([a-zA-Z][\w:.+-]{0,100})::", re.MULTILINE)
_PROPERTY = re.compile(
    r"^(?:param|parameter|arg|argument|key|keyword|var|ivar|cvar)\s+(?:(.+)\s)?(\S+)$"
)
_RAISES = re.compile(r"^(?:raises?|except|exception)\s+(\S+)$")
_RETURNS = {"return": "Returns", "returns": "Returns", "rtype": "Return type", "type": "Type"}
_CARD_LINE = re.compile(r"(?:\^{3,}|\+{3,})\s*")

_CODE = (
    "code code-block ipython parsed-literal prompt sourcecode doctest testcode testoutput mermaid "
    "graphviz"
)
_HIDDEN = (
    "automodule contents currentmodule default-domain default-role highlight index meta module "
    "program py:currentmodule py:module raw sectnum tabularcolumns title toctree "
    "testsetup testcleanup"
)
_IN_OTHER_FILES = "literalinclude include autoclass autofunction automethod autodata"
"""Directives whose content is in other files, which are not read."""

_UNNAMED = (
    "button-link button-ref card-carousel compound grid grid-item hlist ifconfig only tab-set tabs"
)
"""Directives whose argument is not text: an expression, a target or a number of columns."""

_OBJECTS = (
    "attribute class classmethod confval data decorator describe envvar exception function method "
    "object option property staticmethod"
)
_DOMAINS = {"c", "cpp", "http", "js", "py", "rst", "std"}
_VERSIONS = {
    "deprecated": "Deprecated since version",
    "deprecated-removed": "Deprecated since version",
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
}
_TITLES = {"seealso": "See also", "todo": "To do"}


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
        container = nodes.container()
        if title := self.find_title():
            inline, _ = self.state.inline_text(title, self.lineno)
            container += nodes.paragraph("", "", *inline)
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container] if container.children else []

    def find_title(self) -> str:
        """Return the line above the content; empty for none."""
        title = " ".join(" ".join(self.arguments).split())
        if self.name in _TITLES:
            return f"{_TITLES[self.name]} {title}" if title else f"{_TITLES[self.name]}:"
        return title if not title or title.endswith((".", ":", "!", "?")) else f"{title}:"

    def read_caption(self) -> list[nodes.Node]:
        """Return the caption above code as a paragraph."""
        caption = " ".join(self.options.get("caption", "").split())
        if not caption:
            return []
        inline, _ = self.state.inline_text(caption, self.lineno)
        return [nodes.paragraph("", "", *inline)]


class _Card(_Container):
    """A card, whose lines of signs stand between its header, its body and its footer."""

    def run(self) -> list[nodes.Node]:
        """Return the title and the parts as paragraphs."""
        lines = ["" if _CARD_LINE.fullmatch(line) else line for line in self.content]
        self.content = StringList(lines, source="card")
        return super().run()


class _Unnamed(_Container):
    """A directive whose argument is not text."""

    def find_title(self) -> str:
        return ""


class _Version(_Container):
    """A note on the version that brought, changed or removed something."""

    def run(self) -> list[nodes.Node]:
        """Return the note; its first paragraph begins with the version."""
        container = nodes.container()
        version, _, text = " ".join(" ".join(self.arguments).split()).partition(" ")
        label = f"{_VERSIONS[self.name]} {version}".strip()
        inline, _ = self.state.inline_text(f"{label}: {text}" if text else label, self.lineno)
        self.state.nested_parse(self.content, self.content_offset, container)
        first = container.children[0] if container.children else None
        if isinstance(first, nodes.paragraph) and not text:
            first.insert(0, [*inline, nodes.Text(": ")])
        else:
            end = "" if text.endswith((".", ":", "!", "?")) else "."
            container.insert(0, nodes.paragraph("", "", *inline, nodes.Text(end)))
        return [container]


class _CodeTab(_Container):
    """A tab of code, whose argument is its language and its label."""

    def run(self) -> list[nodes.Node]:
        """Return the label and the code."""
        language, _, label = " ".join(self.arguments).partition(" ")
        code = "\n".join(self.content)
        block = nodes.literal_block(code, code, classes=[f"highlight-{language}"])
        return [nodes.paragraph("", f"{label.strip() or language}:"), *self.read_caption(), block]


class _Glossary(_Container):
    """A glossary, in which a definition may have several terms."""

    def run(self) -> list[nodes.Node]:
        """Return a definition list."""
        lines: list[str] = []
        for line in self.content:
            if line.strip() and not line[0].isspace() and lines and lines[-1].strip():
                if not lines[-1][0].isspace():
                    lines[-1] += f", {line}"
                    continue
                lines.append("")
            lines.append(line)
        container = nodes.container()
        content = StringList(lines, source="glossary")
        self.state.nested_parse(content, self.content_offset, container)
        return [container]


class _Object(_Container):
    """A function, class, option or another object with its signatures."""

    def run(self) -> list[nodes.Node]:
        """Return the signatures as code, the text and its fields."""
        domain, _, kind = self.name.rpartition(":")
        prefix = f"{kind.upper()} " if domain == "http" else ""
        container = nodes.container()
        for signature in filter(None, map(str.strip, "\n".join(self.arguments).split("\n"))):
            text = f"{prefix}{signature}"
            container += nodes.paragraph("", "", nodes.literal(text, text))
        self.state.nested_parse(self.content, self.content_offset, container)
        for fields in [n for n in container.children if isinstance(n, nodes.field_list)]:
            container.replace(fields, _list_fields(fields))
        return [container] if container.children else []


def _list_fields(fields: nodes.field_list) -> nodes.bullet_list:
    """Return the fields of an object as a list, with readable names."""
    pairs = [(field.children[0].astext(), field.children[1]) for field in fields.children]
    matches = filter(None, (_PROPERTY.match(name) for name, _ in pairs))
    types = {f"type {match[2]}": "" for match in matches}
    types |= {name: body.astext().strip() for name, body in pairs if name in types}
    items = []
    for name, body in pairs:
        if name in types:  # stands in brackets behind the name
            continue
        paragraph = nodes.paragraph("", "", *_render_field_name(name, types))
        rest = list(body.children)
        if rest and isinstance(rest[0], nodes.paragraph):
            paragraph += rest.pop(0).children
        items.append(nodes.list_item("", paragraph, *rest))
    return nodes.bullet_list("", *items)


def _render_field_name(name: str, types: Mapping[str, str]) -> list[nodes.Node]:
    if match := _PROPERTY.match(name):
        kind = match[1] or types.get(f"type {match[2]}", "")
        return [nodes.literal("", match[2]), nodes.Text(f" ({kind}): " if kind else ": ")]
    if match := _RAISES.match(name):
        return [nodes.Text("Raises "), nodes.literal("", match[1]), nodes.Text(": ")]
    return [nodes.Text(f"{_RETURNS.get(name, name[:1].upper() + name[1:])}: ")]


class _Code(_Container):
    """Code; the argument is its language."""

    def run(self) -> list[nodes.Node]:
        """Return the caption, if it has one, and a literal block."""
        code = "\n".join(self.content)
        language = "".join(self.arguments) or ("python" if self.name == "testcode" else "")
        # Not `language-`: docutils takes that for a natural language.
        classes = [f"highlight-{language}"] if language and " " not in language else []
        if not code.strip():
            return []
        return [*self.read_caption(), nodes.literal_block(code, code, classes=classes)]


class _FileReference(_Container):
    """A directive whose content is in another file: a line that names the file."""

    def run(self) -> list[nodes.Node]:
        """Return a paragraph such as `See stopping.py`."""
        name = " ".join(self.arguments)
        reference = nodes.paragraph("", "See ", nodes.literal("", name), nodes.Text("."))
        return [*self.read_caption(), reference]


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
    if name.lower().removeprefix("std:") in REFERENCES:
        target, title = split_target(text)
        return [nodes.inline("", label, classes=[REFERENCE], target=target, titled=bool(title))], []
    return [nodes.literal("", label) if is_code else nodes.Text(label)], []


@cache
def register_known() -> None:
    """Register the directives that Sphinx and its extensions have."""
    groups = (
        (_CODE, _Code),
        (_IN_OTHER_FILES, _FileReference),
        (_HIDDEN, _HiddenDirective),
        (" ".join(_TITLES), _Container),
        (" ".join(_VERSIONS), _Version),
        (_UNNAMED, _Unnamed),
        (_OBJECTS, _Object),
        ("card grid-item-card", _Card),
        ("code-tab", _CodeTab),
        ("glossary", _Glossary),
    )
    for names, directive in groups:
        for name in names.split():
            directives.register_directive(name, directive)


def register_unknown(text: str) -> None:
    """Register the roles and directives of a page that are not known.

    They come from extensions of Sphinx; their text is kept.
    """
    document = new_document("")
    for name in set(_DIRECTIVE.findall(text)):
        if directives.directive(name, english, document)[0] is None:  # type: ignore[arg-type]
            is_object = name.partition(":")[0].lower() in _DOMAINS and ":" in name
            directives.register_directive(name.lower(), _Object if is_object else _Container)
    for name in set(_ROLE.findall(text)):
        if roles.role(name, english, 0, document.reporter)[0] is None:  # type: ignore[arg-type]
            roles.register_local_role(name.lower(), _render_role)  # type: ignore[arg-type]
