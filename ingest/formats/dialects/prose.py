"""Prose of a page as a reader sees it: tags, roles, marks, keys, icons, links, entities."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from ingest.documents import Page
from ingest.formats.dialects.attribute_lists import drop_attribute_lists
from ingest.formats.dialects.icons import drop_icons, replace_icons
from ingest.formats.dialects.links import LinkRenderer
from ingest.formats.dialects.masking import MaskedText
from ingest.formats.sphinx import REFERENCES, parse_role, split_target

# A line may have millions of characters: groups that could match in many ways are atomic, and a
# pattern begins only where it can end.
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(
    r"<a\s(?=[^<>]*>)(?>[^<>]*?href=\"([^\"<>\s]*)\"[^<>]*>)([^<>]++)</a>", re.IGNORECASE
)
_CODE_TAG = re.compile(r"<code(?:\s[^<>]*)?>([^<>`]+)</code>", re.IGNORECASE)
_IMAGE = re.compile(r"<img\s(?=[^<>]*>)(?>(?:[^<>]*?\salt=\"([^\"<>]*)\")?[^<>]*>)", re.IGNORECASE)
_BREAK = re.compile(r"</?(?:br|p|div|li|ul|ol)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|button|center|cite|code|del|dfn|em|figcaption|figure|font|i|ins|kbd|mark|"
    r"picture|q|s|samp|small|source|span|strong|sub|summary|details|sup|tt|u|var|wbr)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ROLE = re.compile(r"(?<![\w${\\])\{([A-Za-z][\w:.+-]{0,60})\}\x02(\d+)\x03")
_BAR = re.compile(r"(?<!\\)\|")
_ESCAPED_BAR = r"\\|"
_CODE = re.compile(r"(`+)(.*)\1", re.DOTALL)
_HIDDEN_ROLES = {
    *("octicon", "fas", "fab", "far", "material-regular", "material-outlined", "raw", "cite:t"),
    *("material-round", "material-sharp", "material-twotone", "index", "eval", "raw-html"),
}
_ROLES = re.compile(
    r"(?:\w+:)?(?:abbr|any|attr|class|command|data|doc|download|envvar|exc|file|func|guilabel|kbd|"
    r"math|menuselection|meth|mod|numref|obj|option|program|ref|sub|sup|term|samp|rfc|pep|eq|dfn|"
    r"mimetype|const|code|token|keyword|external|issue|pr|user|abbreviation|function|method|module|"
    r"attribute|property|type|cite|footcite|button-ref|button-link|bdg[\w-]*|strong|emphasis)"
)
_CRITIC = (
    (re.compile(r"\{--[^{}\n]+?--\}|\{>>[^{}\n]+?<<\}"), ""),
    (re.compile(r"\{\+\+([^{}\n]+?)\+\+\}"), r"\1"),
    (re.compile(r"\{~~[^{}\n~]*+~>([^{}\n]+?)~~\}"), r"\1"),
    (re.compile(r"\{==([^{}\n]+?)==\}"), r"\1"),
)
_MARKED = re.compile(r"(?<![=\w\"'!<>])==(?=[^\s=])([^=\n]{1,500}?)(?<=[^\s=])==(?![=\w])")
_INSERTED = re.compile(r"(?<![\^\w])\^\^(?=[^\s^])([^^\n]{1,500}?)(?<=[^\s^])\^\^(?![\^\w])")
_KEYS = re.compile(
    r"(?<![\w+])\+\+((?:[\w-]{1,20}|\"[^\"\n+]{1,40}\")(?:\+[^\s+]{1,20})*)\+\+(?![\w+])"
)
_KEY = re.compile(
    r"(?:ctrl|control|alt|option|shift|cmd|command|meta|super|win(?:dows)?|fn|caps-lock|tab|enter|"
    r"return|esc(?:ape)?|space|spacebar|backspace|del(?:ete)?|ins(?:ert)?|home|end|page-?(?:up|down)|"
    r"(?:arrow-)?(?:up|down|left|right)|print-screen|scroll-lock|pause|break|num[\w-]*|context-menu|"
    r"menu|f\d{1,2}|\w|[\w-]*(?:slash|quote|bracket|brace|comma|period|dot|minus|plus|equal|tilde|"
    r"colon|semicolon|backtick|grave|pipe|bar|hash|star|asterisk))"
)
_WIKI = re.compile(r"(?<![\[\\])\[\[([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{1,200}))?\]\](?![\[(\]])")
_WIKI_TARGET = re.compile(r"[^\W\d_][^,;=<>\"'$]*")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")


class ProseRenderer:
    """The prose of one page.

    Args:
        links: resolves its links; None where there are none to resolve.
        abbreviations: the long forms of abbreviations; the first use of each gets its own.
        labels: the anchors and headings of the page's labels, which `{ref}` shows.
        page: the page, for references to others; None where there are none.
        is_myst: whether the page is written for MyST, whose extensions have roles of their own.
    """

    def __init__(
        self,
        links: LinkRenderer | None,
        abbreviations: Mapping[str, str],
        labels: Mapping[str, tuple[str, str]],
        page: Page | None = None,
        *,
        is_myst: bool = False,
    ) -> None:
        self._links = links
        self._is_myst = is_myst
        self._page = page
        self._labels = labels
        self._abbreviations = dict(abbreviations)
        names = "|".join(map(re.escape, sorted(self._abbreviations, key=len, reverse=True)))
        self._abbreviated = re.compile(rf"(?<!\w)(?:{names})(?!\w)") if names else None

    def render(
        self, text: str, *, is_table: bool = False, tags: bool = True, footnotes: bool = True
    ) -> str:
        """Return Markdown as a reader sees it.

        Args:
            text: a paragraph, or the rows of a table.
            is_table: whether a bar would end a cell.
            tags: whether it may have tags of HTML.
            footnotes: whether to put footnotes in.

        Returns:
            the Markdown; empty if a reader sees nothing of it.
        """
        masked = MaskedText(text)
        shown = (
            _convert_tags(masked, is_table=is_table) if tags and "<" in masked.text else masked.text
        )
        shown = _render_marks(self._render_roles(shown, masked))
        shown = replace_icons(drop_attribute_lists(shown))
        if self._links:
            shown = self._links.render(masked, shown, footnotes=footnotes, is_table=is_table)
        shown = self._explain_abbreviations(shown)
        shown = _decode_entities(shown, is_table=is_table)
        return masked.reveal(shown)

    def render_heading(self, heading: str) -> tuple[str, str]:
        """Return a heading as a reader sees it, and without emoji dropped.

        Anchors are made of the second.
        """
        masked = MaskedText(heading)
        shown = _convert_tags(masked) if "<" in masked.text else masked.text
        shown = drop_attribute_lists(_render_marks(self._render_roles(shown, masked)))
        if self._links:
            shown = self._links.render(masked, shown, footnotes=False)
        return masked.reveal(drop_icons(shown)), masked.reveal(drop_icons(shown, emoji=False))

    def _render_roles(self, text: str, masked: MaskedText) -> str:
        """Render the roles of Sphinx and MyST, whose text stands in backticks."""
        if "}\x02" not in text:
            return text
        return _ROLE.sub(lambda match: self._render_role(match, masked), text)

    def _render_role(self, match: re.Match[str], masked: MaskedText) -> str:
        code = _CODE.fullmatch(masked.open_seal(match[2]))
        role = match[1].lower()
        if code is None or code[1] != "`":
            return match[0]
        if role in _HIDDEN_ROLES:
            return ""
        if not _ROLES.fullmatch(role) and not self._is_myst:
            return match[0]
        if role == "math":
            return f"${code[2]}$"
        if role.startswith(("bdg", "button", "strong", "emphasis", "download", "cite", "external")):
            role = "any"
        shown, is_code = parse_role(role, code[2])
        if role.removeprefix("std:") in REFERENCES:
            target, title = split_target(code[2])
            label = self._labels.get(target)
            known = label[1] if label else ""
            if label is None and self._page:
                known = self._page.link_titles.get(target, "")
                shown, address = title or known or shown, self._page.links.get(target, "")
                return f"[{shown}]({address})" if address else shown
            shown = title or known or shown
        return f"`{shown}`" if is_code else shown

    def _explain_abbreviations(self, text: str) -> str:
        if not self._abbreviated or not self._abbreviations:
            return text
        return self._abbreviated.sub(lambda match: self._explain(match[0]), text)

    def _explain(self, name: str) -> str:
        meaning = self._abbreviations.pop(name, "")
        return f"{name} ({meaning})" if meaning else name


def _convert_tags(masked: MaskedText, *, is_table: bool = False) -> str:
    """Convert HTML tags to Markdown or drop them.

    Text that only looks like a tag stays.
    """
    head, mark, rest = masked.text.rpartition("-->")
    text = f"{_COMMENT.sub('', head + mark)}{rest}"
    text = _LINK.sub(r"[\2](\1)", text)
    text = _CODE_TAG.sub(lambda match: masked.seal(_render_code(match[1], is_table)), text)
    text = _IMAGE.sub(lambda match: match[1] or "", text)
    return _TAG.sub("", _BREAK.sub(" ", text))


def _render_code(source: str, is_table: bool) -> str:  # noqa: FBT001
    code = html.unescape(source)
    return f"`{_BAR.sub(_ESCAPED_BAR, code) if is_table else code}`"


def _render_marks(text: str) -> str:
    """Render marked, inserted and deleted words, keys and wiki links."""
    if "{" in text:
        for pattern, replacement in _CRITIC:
            text = pattern.sub(replacement, text)
    if "==" in text:
        text = _MARKED.sub(r"\1", text)
    if "^^" in text:
        text = _INSERTED.sub(r"\1", text)
    if "++" in text:
        text = _KEYS.sub(_render_keys, text)
    if "[[" in text:
        text = _WIKI.sub(_render_wiki_link, text)
    return text


def _render_keys(match: re.Match[str]) -> str:
    keys = match[1].split("+")
    if not all(key.startswith('"') or _KEY.fullmatch(key.lower()) for key in keys):
        return match[0]
    return "+".join(
        key.strip('"') if key.startswith('"') else key.replace("-", " ").title() for key in keys
    )


def _render_wiki_link(match: re.Match[str]) -> str:
    target, label = match[1].strip(), (match[2] or "").strip()
    return (label or target) if _WIKI_TARGET.fullmatch(target) else match[0]


def _decode_entities(text: str, *, is_table: bool) -> str:
    return (
        _ENTITY.sub(lambda m: _decode_entity(m[0], is_table=is_table), text)
        if "&" in text
        else text
    )


def _decode_entity(entity: str, *, is_table: bool) -> str:
    character = html.unescape(entity).replace("\xa0", " ").replace("\u200b", "")
    if is_table and character == "|":
        return "\\|"
    return entity if character in {"\x02", "\x03"} else character
