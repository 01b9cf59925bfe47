"""Directives of MyST, as Markdown: code, tables, admonitions, tabs, cards, pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.documents import Page, PageError
from ingest.formats.dialects.attribute_lists import mark_unnamed
from ingest.formats.dialects.list_tables import convert_csv_table, convert_list_table
from ingest.formats.structure import fence_code

DIRECTIVE = re.compile(r"\{([A-Za-z][\w:.+-]*)\}[ \t]*(.*)$", re.DOTALL)
"""The info of a fence that is a directive: its name and argument."""

_OPTION = re.compile(r"[ \t]*:([\w-]+):(?:[ \t]+(.*)|[ \t]*)$")
_YAML_OPTION = re.compile(r"([\w-]+)[ \t]*:[ \t]*(.*)$")
_LANGUAGE = re.compile(r"[\w+#.-]+")


def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CODE = _split(
    "code code-block sourcecode code-cell ipython jupyter-execute prompt parsed-literal doctest "
    "testcode testoutput mermaid graphviz plantuml thebe-button command-output program-output"
)
_HIDDEN = _split(
    "toctree contents tableofcontents index meta tags raw include literalinclude bibliography "
    "footbibliography testsetup testcleanup only-target tabularcolumns highlight sectionauthor "
    "codeauthor default-domain currentmodule module py:currentmodule py:module cssclass iframe "
    "video youtube sectnum default-role"
)
_NAMED = _split(
    "note tip hint important attention caution warning danger error seealso todo see-also"
)
_TITLED = _split(
    "admonition dropdown details card grid-item-card tab-item tab group-tab sidebar topic rubric "
    "centered exercise solution example question info abstract success failure bug quote"
)
_BARE = _split(
    "tab-set tabs tab-set-code grid grid-item div container margin epigraph pull-quote highlights "
    "compound only ifconfig glossary aside card-carousel hlist line-block blockquote legend "
    "class article-info rst-class"
)
_VERSIONS: Mapping[str, str] = {
    "deprecated": "Deprecated since version",
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
}
_LABELS: Mapping[str, str] = {"seealso": "See also", "see-also": "See also", "todo": "To do"}
_PICTURES = _split("figure image figure-md")
_TABLES = _split("list-table csv-table table")
_MATHS = _split("math amsmath")
KNOWN = frozenset().union(
    *(_CODE, _HIDDEN, _NAMED, _TITLED, _BARE, _VERSIONS, _PICTURES, _TABLES, _MATHS),
    ("eval-rst", "button-link", "button-ref"),
)


@dataclass(frozen=True)
class Directive:
    """A directive of a page: its name, argument, options and content."""

    name: str
    argument: str
    options: Mapping[str, str]
    content: str


def is_directive(info: str) -> bool:
    """Return whether the info of a fence names a directive.

    The name of a language in braces, as R Markdown writes it, does not.
    """
    match = DIRECTIVE.match(info)
    return match is not None and (
        match[1].lower() in KNOWN or re.search(r"[-:]", match[1]) is not None
    )


def parse_directive(info: str, content: str) -> Directive:
    """Return the parts of a directive.

    Its options stand in the first lines of the content.
    """
    match = DIRECTIVE.match(info)
    name, argument = (match[1].lower(), match[2].strip()) if match else ("", info)
    lines = content.split("\n")
    options = dict[str, str]()
    stop = 0
    if lines and lines[0].strip() == "---" and "---" in map(str.strip, lines[1:]):
        stop = next(n for n, line in enumerate(lines[1:], 2) if line.strip() == "---")
        found = [_YAML_OPTION.match(line) for line in lines[1 : stop - 1]]
    else:
        found = []
        while stop < len(lines) and (option := _OPTION.match(lines[stop])):
            found.append(option)
            stop += 1
    options |= {option[1]: (option[2] or "").strip() for option in found if option}
    return Directive(name, argument, options, "\n".join(lines[stop:]).strip("\n"))


def convert_directive(directive: Directive, expand: Callable[[str], str], page: Page) -> str:
    """Return a directive as Markdown.

    Args:
        directive: the directive.
        expand: converts the directives within a text.
        page: the page, for content in reStructuredText.

    Returns:
        Markdown; empty if readers see nothing of it.
    """
    name = directive.name
    if name in _HIDDEN:
        return ""
    if name in _CODE:
        return _convert_code(directive)
    if name in _TABLES:
        return _convert_table(directive, expand)
    if name in _PICTURES:
        return _convert_picture(directive, expand)
    if name == "eval-rst":
        return _convert_rst(directive.content, page)
    if name in _MATHS:
        shown = f"$$\n{_join(directive.argument, directive.content)}\n$$"
    else:
        shown = _join_title(directive, expand)
    return shown if name in KNOWN else mark_unnamed(shown)


def _join_title(directive: Directive, expand: Callable[[str], str]) -> str:
    return _join(_render_title(directive), expand(directive.content))


def _render_title(directive: Directive) -> str:
    name, argument = directive.name, directive.argument
    if name in _VERSIONS:
        version, _, text = argument.partition(" ")
        title = f"{_VERSIONS[name]} {version}".strip()
        return f"{title}: {text}" if text else f"**{title}**"
    if name in _NAMED:
        # MyST takes text behind `{note}` for the first line of the note.
        label = _LABELS.get(name, name.capitalize())
        return _join(f"**{label}**", argument)
    if name in {"button-link", "button-ref"}:
        return "" if directive.content else argument
    if name in {"grid", "grid-item", "container", "div", "class", "only", "ifconfig", "rst-class"}:
        return ""  # the argument is not text
    return f"**{argument}**" if argument else ""


def _convert_code(directive: Directive) -> str:
    argument = directive.argument
    language = argument if _LANGUAGE.fullmatch(argument) else ""
    if language == "ipython3":
        language = "python"
    caption = directive.options.get("caption", "")
    if directive.name in {"mermaid", "graphviz", "plantuml"}:
        language = directive.name
    return _join(f"**{caption}**" if caption else "", fence_code(directive.content, language))


def _convert_table(directive: Directive, expand: Callable[[str], str]) -> str:
    title = f"**{directive.argument}**" if directive.argument else ""
    if directive.name == "list-table":
        table = convert_list_table(directive.content)
    elif directive.name == "csv-table":
        options = directive.options
        table = convert_csv_table(
            directive.content, options.get("header", ""), options.get("delim", "")
        )
    else:
        table = expand(directive.content)
    return _join(title, table or expand(directive.content))


def _convert_picture(directive: Directive, expand: Callable[[str], str]) -> str:
    alt = directive.options.get("alt", "")
    if directive.name == "figure-md":
        return expand(directive.content)
    picture = f"![{alt}]({directive.argument})" if alt and directive.argument else alt
    return _join(picture, expand(directive.content))


def _convert_rst(content: str, page: Page) -> str:
    from ingest.formats.rst import read_rst

    try:
        document = read_rst(Page(page.source, page.path, page.url, content.encode()))
    except PageError:
        return content
    parts = list[str]()
    for section in document.sections:
        if section.headings:  # deeper than those of the page around it
            level = "#" * min(6, 2 + len(section.headings))
            parts.append(f"{level} {section.headings[-1]} {{#{section.anchor}}}")
        parts += [block.text for block in section.blocks]
    return "\n\n".join(parts)


def _join(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part.strip())
