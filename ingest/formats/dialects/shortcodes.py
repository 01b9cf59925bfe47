"""Tags of templates as a reader sees them: titles, names of tabs, captions, links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from ingest.formats.dialects.masking import MaskedText
from ingest.formats.dialects.tags import Tag, find_tags

_SPOKEN = (
    *("title", "heading", "header", "label", "name", "tabname", "tabtitle", "subtitle", "summary"),
    *("text", "content", "description", "message", "body", "caption", "alt", "aria-label", "tag"),
)
"""Properties whose values are shown, in their order."""

_KINDS = {
    "note",
    "tip",
    "info",
    "information",
    "warning",
    "caution",
    "danger",
    "important",
    "attention",
    "hint",
    "error",
    "success",
    "question",
    "failure",
    "bug",
    "example",
    "quote",
    "seealso",
    "todo",
    "notice",
    "abstract",
    "summary",
}
_BOXES = {"notice", "alert", "callout", "admonition", "hint", "admonish", "message", "note-box"}
_QUIET = {"info", "information", "success", "default", "primary", "secondary", "light", "dark"}
_TABS = {"tab", "tab-item", "tabitem", "tabbed", "codetab", "tab-panel", "code-tab"}
_NAMED = {"param", "siteparam", "site-param", "var", "vars", "variable", "skew", "data", "get"}
_SHOWN_WORDS = {"badge", "button", "heading", "kbd", "tooltip", "term", "details", "expand"}
_CONTROL = {
    "if",
    "ifversion",
    "elsif",
    "elseif",
    "else",
    "unless",
    "case",
    "when",
    "for",
    "tablerow",
    "break",
    "continue",
    "assign",
    "capture",
    "increment",
    "decrement",
    "cycle",
    "layout",
    "raw",
    "ifchanged",
    "toc",
    "seo",
    "block",
    "extends",
    "macro",
    "set",
    "import",
    "from",
    "with",
    "autoescape",
    "embed",
    "youtube",
    "vimeo",
    "gist",
    "tweet",
    "figure-ref",
    "endraw",
    "liquid",
}
_BRANCHES = {"else", "elsif", "elseif", "when"}
"""Tags between texts of which a page shows one."""

_WORDS = re.compile(r"[^\W\d_]{2,}.*\s.*[^\W\d_]{2,}", re.DOTALL)
_NOT_WORDS = re.compile(r"[a-z]+://|^[./#]|[=;{}<>]|^\S*[/\\]\S*$")
_IN_TARGET = re.compile(
    r"(?:\]\(\s*<?[^()\s<>]*|^[ ]{0,3}\[[^\]]+\]:[ \t]*\S*|(?:href|src)=[\"'][^\"'\s]*)$",
    re.MULTILINE,
)
_VARIABLE = re.compile(r"\{\{-?\s*([^{}<>%\n]{1,200}?)\s*-?\}\}")
_STRING = re.compile(r"([\"'])(.*?)\1\s*(?:\||$)")
_NAME = re.compile(r"[\w$.'\"\[\]()-]+(?:\s*\|.*)?")


class TemplateText:
    """Renders the tags and variables of one page.

    Args:
        text: the whole text, which shows what names are closed.
        variables: whether `{{ name }}` is a variable here, not text.
        substitutions: the values of variables that the page gives.
    """

    def __init__(self, text: str, *, variables: bool, substitutions: dict[str, str]) -> None:
        tags = list(find_tags(text)) if "{%" in text or "{{" in text else []
        self._closed = {tag.name for tag in tags if tag.closes}
        self._variables = variables or bool(substitutions)
        self._substitutions = substitutions
        self._tab_names: list[str] = []
        self._raw = False

    def render_line(self, text: str) -> str | None:
        """Return lines of nothing but tags as Markdown.

        Return None if they stay as they are.
        """
        tags = list(find_tags(text))
        if self._is_raw(tags):
            return None
        rendered = [(self._render(tag, is_block=True)) for tag in tags]
        return "\n\n".join(filter(None, rendered))

    def render_prose(self, text: str) -> str:
        """Return a paragraph with its tags and variables rendered."""
        if "{%" not in text and "{{" not in text:
            return text
        masked = MaskedText(text, code_only=True)
        shown = self._replace_tags(masked.text)
        if self._variables and not self._raw:
            shown = _replace_matches(_VARIABLE, self._render_variable, shown)
        return masked.reveal(shown)

    def _is_raw(self, tags: Iterable[Tag]) -> bool:
        """Return whether tags are shown as text, within `{% raw %}`."""
        was_raw = self._raw
        for tag in tags:
            if tag.name == "raw" and not tag.is_hugo:
                self._raw = not tag.closes
        return was_raw and self._raw

    def _replace_tags(self, text: str) -> str:
        parts, end, hidden, closed = list[str](), 0, "", False
        for tag in find_tags(text):
            between = text[end : tag.start]
            parts.append("" if hidden else between)
            # `{{< /column >}}{{< column >}}` stands between two texts, not within a word.
            if not between and closed and not tag.closes:
                parts.append(" ")
            closed = tag.closes and tag.name not in _CONTROL
            if hidden:
                hidden = "" if tag.closes and tag.name == hidden else hidden
            elif tag.name == "comment" and not tag.closes and "comment" in self._closed:
                hidden = tag.name
            elif self._is_raw([tag]):
                parts.append(text[tag.start : tag.end])
            elif _is_in_target(text[max(0, tag.start - 300) : tag.start]):
                parts.append(_find_target(tag))
            else:
                parts.append(self._render_within(tag, text))
            end = tag.end
        return "".join([*parts, "" if hidden else text[end:]])

    def _render_within(self, tag: Tag, text: str) -> str:
        """Return a tag within a line.

        The name of what it begins stands apart from the words.
        """
        rendered = self._render(tag, is_block=False)
        if not rendered and tag.name in _BRANCHES:
            return " "
        if not rendered or tag.literal or tag.name not in self._closed | _TABS:
            return rendered
        before = " " if text[: tag.start][-1:].isalnum() else ""
        after = " " if text[tag.end :][:1].strip() else ""
        return f"{before}{rendered}{after}"

    def _render(self, tag: Tag, *, is_block: bool) -> str:
        if tag.literal or tag.closes or not tag.name or tag.name in _CONTROL:
            return tag.literal
        if tag.name in {"ref", "relref", "link", "post_url"} and (target := _find_target(tag)):
            return f"[{PurePosixPath(target.partition('#')[0]).stem}]({target})"
        if tag.name in _TABS or tag.name in {"tabs", "tabpane", "tabset"}:
            return self._render_tab(tag)
        if tag.name in _NAMED:
            named = next(iter(tag.words), "")
            return "" if named.startswith("reusables.") else named
        title = self._find_title(tag)
        if is_block and title and tag.name not in {"figure", "img", "image", "badge", "include"}:
            return f"**{title}**"
        return title or self._name_single(tag, is_block=is_block)

    def _render_tab(self, tag: Tag) -> str:
        items = tag.properties.get("items")
        if tag.name not in _TABS:
            self._tab_names = [item.strip(" []\"'") for item in items.split(",")] if items else []
            return ""
        named = (tag.properties.get(key) for key in _SPOKEN)
        label = next(filter(None, named), "") or next(iter(tag.words), "")
        if self._tab_names:
            first = self._tab_names.pop(0)
            label = label or first
        return f"**{label}**" if label else ""

    def _find_title(self, tag: Tag) -> str:
        spoken = [tag.properties[key] for key in _SPOKEN if tag.properties.get(key, "").strip()]
        others = (
            value
            for key, value in tag.properties.items()
            if key not in _SPOKEN and key not in {"class", "style", "cond"}
        )
        spoken += [value for value in others if _is_wording(value)]
        spoken += [
            word
            for word in tag.quoted
            if _is_wording(word) or (tag.name in _SHOWN_WORDS and word.strip())
        ]
        spoken = (
            _describe_api(tag.properties, spoken) if spoken and "swagger" in tag.name else spoken
        )
        if spoken:
            return ". ".join(dict.fromkeys(" ".join(each.split()) for each in spoken))
        return self._name_box(tag)

    def _name_box(self, tag: Tag) -> str:
        """Return the kind of a box, such as `Warning`.

        Return an empty text if the maker shows none.
        """
        if tag.name in _KINDS - _BOXES:
            return tag.name.capitalize() if tag.is_hugo else ""
        if tag.name not in _BOXES:
            return ""
        kinds = (*(tag.properties.get(key, "") for key in ("type", "style", "kind", "color")),)
        kind = next(filter(None, (*kinds, *tag.words)), "").lower()
        is_shown = kind in _KINDS and (kind not in _QUIET or bool(tag.words))
        return kind.capitalize() if is_shown else ""

    def _name_single(self, tag: Tag, *, is_block: bool) -> str:
        """Return the name of a value within a sentence: `{{< version >}}`."""
        is_value = tag.is_hugo and not is_block and not tag.words and not tag.properties
        return tag.name if is_value and tag.name not in self._closed else ""

    def _render_variable(self, match: re.Match[str], before: str) -> str:
        expression = match[1].strip()
        quoted = _STRING.match(expression)
        if quoted:
            return quoted[2]
        name = expression.partition("|")[0].strip()
        if name in self._substitutions:
            return self._substitutions[name]
        if _is_in_target(before):
            return ""
        # An expression that is not a plain name is shown as it is written.
        return name if _NAME.fullmatch(expression) else expression


def _describe_api(properties: Mapping[str, str], spoken: list[str]) -> list[str]:
    """Return what GitBook shows of an operation, a parameter or an answer."""
    method, path = properties.get("method", ""), properties.get("path", "")
    endpoint = f"`{method.upper()} {path}`" if method and path else ""
    is_required = properties.get("required", "") == "true"
    kinds = [properties.get("in", ""), properties.get("type", ""), "required" * is_required]
    kind = ", ".join(filter(None, kinds))
    status = properties.get("status", "")
    first, *rest = [status, *(text for text in spoken if text != status)] if status else spoken
    return [*filter(None, [f"{first} ({kind})" if kind else first, *rest, endpoint])]


def _replace_matches(
    pattern: re.Pattern[str], render: Callable[[re.Match[str], str], str], text: str
) -> str:
    """Replace matches by what they become behind the text before them."""
    parts, end = list[str](), 0
    for match in pattern.finditer(text):
        before = text[max(0, match.start() - 300) : match.start()]
        parts += [text[end : match.start()], render(match, before)]
        end = match.end()
    return "".join([*parts, text[end:]])


def _find_target(tag: Tag) -> str:
    """Return the path that a tag within a link's address names."""
    if tag.closes:
        return ""
    target = next(iter(tag.words), "") or tag.properties.get("path", "")
    if tag.name == "link" and not tag.is_hugo:  # from the root of a Jekyll site
        return f"/{target.lstrip('/').removeprefix('_')}"
    return target if tag.name in {"ref", "relref", "absurl", "relurl", "post_url"} else ""


def _is_in_target(before: str) -> bool:
    """Return whether the address of a link goes on behind a text."""
    line = before[before.rfind("\n") + 1 :]
    is_candidate = "](" in line or "]:" in line or "=" in line
    return is_candidate and bool(_IN_TARGET.search(line))


def _is_wording(value: str) -> bool:
    return bool(_WORDS.search(value)) and not _NOT_WORDS.search(value)
