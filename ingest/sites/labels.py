"""Labels of Sphinx and MyST, and the titles of pages, for references that name no text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.documents import Page
from ingest.formats import detect_format
from ingest.formats.dialects.front_matter import split_front_matter

_MAX_CHARS = 2_000_000
_MAX_LABELS = 200_000
_MAX_HEAD = 10_000
_ASCIIDOC = {".adoc", ".asciidoc", ".asc"}
_ADOC_TITLE = re.compile(r"^=[ \t]+(\S[^\n]{0,299})$", re.MULTILINE)
_RST_LABEL = re.compile(r"^\.\.[ \t]+_(`[^`\n]{1,200}`|[^:\n`]{1,200}):[ \t]*$", re.MULTILINE)
_MYST_LABEL = re.compile(r"^\(([^()\n]{1,200})\)=[ \t]*$", re.MULTILINE)
_RST_TITLE = re.compile(
    r"^(?:([=\-~^\"'`:#*+.<>_])\1*\n)?[ \t]*(\S[^\n]{0,299})\n([=\-~^\"'`:#*+.<>_])\3{2,}[ \t]*$",
    re.MULTILINE,
)
_MARKDOWN_TITLE = re.compile(r"^#{1,6}[ \t]+(\S[^\n]{0,299})$", re.MULTILINE)
_BETWEEN = re.compile(
    r"(?:\s{0,99}(?:\.\.[ \t]+[^\n]{1,300}|\([^()\n]{1,200}\)=[ \t]*)\n){0,20}\s{0,99}"
)
_SIGNS = re.compile(r"[*`]+|\{[#.:][^{}\n]*\}|(?<!\w)_+|_+(?!\w)|\s+#+$")
_ROLE = re.compile(r":[\w:+-]+:`(?:~?(?:[^`<\n]*<)?)([^`<>\n]+)>?`")


@dataclass(frozen=True, slots=True)
class Label:
    """A place that references name: its page, its anchor, and the heading below it."""

    path: str
    anchor: str
    title: str


class Labels:
    """The labels and titles of a source.

    Args:
        pages: all of its pages.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._labels: dict[str, Label] = {}
        self._titles: dict[str, str] = {}
        self._kinds = {page.path: detect_format(page.path, page.media_type) for page in pages}
        has_rst = any(kind == ".rst" for kind in self._kinds.values())
        is_sphinx = has_rst or any(page.maker == "sphinx" for page in pages)
        for page in pages:
            if self._kinds[page.path] in _ASCIIDOC:
                title = _ADOC_TITLE.search(page.text[:_MAX_HEAD])
                self._titles[page.path] = title[1].strip() if title else ""
        for page in pages if is_sphinx else ():
            if self._kinds[page.path] in {".rst", ".md"} and page.size <= _MAX_CHARS:
                self._add_page(page)

    def _add_page(self, page: Page) -> None:
        text, is_rst = page.text, self._kinds[page.path] == ".rst"
        pattern = _RST_LABEL if is_rst else _MYST_LABEL
        self._titles[page.path] = _find_page_title(text, is_rst=is_rst)
        for match in pattern.finditer(text):
            name = _normalise(match[1].strip("`"))
            if len(self._labels) < _MAX_LABELS:
                title = _find_title_at(text, match.end(), is_rst=is_rst)
                self._labels.setdefault(name, Label(page.path, _make_id(name), title))

    def find(self, page: Page, target: str) -> Label | None:
        """Return the label that a target names; else None."""
        if not self._labels or self._kinds[page.path] not in {".rst", ".md"}:
            return None
        name = target.removeprefix("project:").removeprefix("#")
        if "/" in name and "#" in target:
            return None
        return self._labels.get(_normalise(name))

    def find_title(self, path: str) -> str:
        """Return the title of a page of Sphinx; empty for others."""
        return self._titles.get(path, "")


def _find_page_title(text: str, *, is_rst: bool) -> str:
    if not is_rst:
        front, text = split_front_matter(text)
        if front.title:
            return front.title
    match = (_RST_TITLE if is_rst else _MARKDOWN_TITLE).search(text)
    return _clean(match[2] if is_rst else match[1]) if match else ""


def _find_title_at(text: str, place: int, *, is_rst: bool) -> str:
    """Return the heading that follows a label; empty if something else does."""
    between = _BETWEEN.match(text, place)
    start = between.end() if between else place
    match = (_RST_TITLE if is_rst else _MARKDOWN_TITLE).match(text, start)
    return _clean(match[2] if is_rst else match[1]) if match else ""


def _clean(title: str) -> str:
    """Return a heading as a reader sees it."""
    return _SIGNS.sub("", _ROLE.sub(r"\1", title)).strip()


def _normalise(name: str) -> str:
    return " ".join(name.lower().split())


def _make_id(name: str) -> str:
    """Return the anchor that docutils makes of a label."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"^[-0-9]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", plain))
