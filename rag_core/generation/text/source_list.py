"""Lists of sources and link definitions in an answer: the reader is shown the sources anyway."""

# ruff: noqa: RUF001  (words of other languages)

from __future__ import annotations

from collections.abc import Iterator, Sequence

import regex

from rag_core.generation.text.lines import LineReader
from rag_core.generation.text.markers import MARKERS, list_markers
from rag_core.types import Passage

_WORDS = (
    r"(?:(?:cited |used )?(?:sources?|references?|citations?|passages?|source documents?)"
    r"(?: used| cited)?|footnotes?|quellen(?:angaben|verzeichnis|nachweise?)?|belege|referenzen"
    r"|verwendete quellen|(?:использованные |список )?(?:источники|источников|ссылки)"
    r"|参考来源|参考资料|参考文献|资料来源|来源|引用|出典|参考|fuentes|referencias|r[ée]f[ée]rences?)"
)
_HEADING = regex.compile(
    rf"[ \t>]{{0,9}}(?:#{{1,6}}[ \t]{{0,3}}|[-*+][ \t]|\d\.[ \t])?[*_]{{0,3}}{_WORDS}[*_]{{0,3}}"
    r"(?:[ ]?[:：][*_]{0,3}(?P<items>[^\n]*)|[ \t]{0,9})\n?",
    regex.IGNORECASE,
)
_ADDRESS = r"(?:<?(?:https?|ftp|file)://[^\s<>]{1,1000}>?|www\.[^\s<>]{1,1000})"
_HOST = regex.compile(r"[a-z]+://[^/\s]+", regex.IGNORECASE)
_FILE = r"[^\s<>]{1,500}\.(?:mdx?|html?|rst|txt|ipynb|pdf)(?:\#[^\s<>]{0,300})?"
_TITLE = r"(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|\([^()\n]{0,200}\))"
_DEFINITION = regex.compile(
    rf"[ ]{{0,3}}\[(?P<name>[^\[\]\n]{{1,100}})\]:[ \t]{{0,9}}"
    rf"<?(?P<target>{_ADDRESS}|(?:\.{{0,2}}/|\#)[^\s<>]{{1,1000}}|{_FILE})>?"
    rf"(?:[ \t]{{1,9}}{_TITLE})?[ \t]{{0,9}}\n?"
)
# Without a heading, only a number with an address is the item of a list.
_LONE_ITEM = regex.compile(
    rf"[ ]{{0,3}}(?:[-*+][ \t])?(?:\[\^?\d{{1,3}}\]|【\d{{1,3}}】):?[ \t]{{0,3}}"
    rf"[^\n]{{0,200}}?(?:{_ADDRESS}|\]\([^()\s]{{1,1000}}\))[ \t)]{{0,9}}\n?"
)
_GAP = regex.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,})?[ \t]*\n?")
_FENCE = regex.compile(
    r"[ \t]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)\n?"
)
_LINK = regex.compile(
    rf"!?\[(?P<label>[^\[\]\n]{{0,300}})\]\((?P<target>[^()\s]{{0,1000}})(?:[ ]\"[^\"\n]*\")?\)"
    rf"|(?P<bare>{_ADDRESS})"
)
_TITLED = regex.compile(
    r"[ ]{0,3}(?:\[(?P<note>\^)?(?P<number>\d{1,3})\]|【(?P<number>\d{1,3})】):?[ \t]{1,3}"
    r"(?P<title>[^\n]{1,300})\n?"
)
_MATTERING = (_HEADING, _DEFINITION, _LONE_ITEM, _TITLED, _GAP, _FENCE)
_ITEM_MARK = regex.compile(r"[ \t>]*(?:[-*+•][ \t]*|\d{1,3}[.)][ \t]+)?[*_]{0,3}")
_NAMED = regex.compile(
    r"(?:passage|source|document|quelle|источник|来源|出典)[ ]?#?(\d{1,3})\b", regex.IGNORECASE
)
# What an item holds if it can't be an item of a list of the answer's own.
_SURE_ITEM = regex.compile(
    rf"\[\^?\d{{1,3}}\]|【\d|\]\(|{_ADDRESS}|{_NAMED.pattern}", regex.IGNORECASE
)
_LONGEST_ITEM = 400
_MOST_WORDS = 14  # of the title beside a marker or a link; more are a sentence


class SourceListFilter:
    """Passes text through as it streams, without the LLM's own list of sources.

    A heading such as "Sources:" with items that are only markers, links or titles of passages is
    left out, with the rule above it, if one item at least is more than a title and no other line
    follows the items directly. So are definitions of links; their targets are kept for the links
    that use them. Code stays as it is.

    Args:
        passages: as the prompt numbers them, from 1.

    Attributes:
        targets: of the definitions, by their name in lower case.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.targets: dict[str, str] = {}
        self._passages = _number_names(passages)
        hosts = (_HOST.match(passage.chunk.url) for passage in passages)
        self._hosts = {host[0].lower() for host in hosts if host}
        self._count = len(passages)
        self._listed: dict[int, None] = {}
        self._lines = LineReader(self._can_matter)
        self._gap: list[str] = []  # empty lines and rules, which may stand above a list
        self._list: list[str] = []  # a heading and what follows it, while that is a list
        self._found: list[int] = []  # the passages of its items
        self._has_heading = self._is_certain = self._has_text = False
        self._fence = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the passages in the lists that were left out."""
        return tuple(self._listed)

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        lines = self._lines.feed(text)
        return "".join(part for line, is_whole in lines for part in self._read(line, is_whole))

    def flush(self) -> str:
        """Return the text that was held back, but no list."""
        lines = self._lines.flush()
        parts = [part for line, is_whole in lines for part in self._read(line, is_whole)]
        return "".join([*parts, *self._end_list(), *self._gap])

    def _can_matter(self, line: str) -> bool:
        if self._list:
            return len(line) <= _LONGEST_ITEM
        patterns = (_FENCE,) if self._fence else _MATTERING
        return any(pattern.fullmatch(line, partial=True) for pattern in patterns)

    def _read(self, line: str, is_whole: object) -> Iterator[str]:
        if not is_whole or self._fence or _FENCE.fullmatch(line):
            yield from self._end_list()
            if is_whole:
                self._read_fence(line)
            yield from self._show(line)
        elif _GAP.fullmatch(line):
            (self._list or self._gap).append(line)
        elif definition := _DEFINITION.fullmatch(line):
            self.targets.setdefault(definition["name"].lower(), definition["target"].strip("<>"))
        elif self._list and (numbers := self._parse_next(line)) is not None:
            self._add_item(line, numbers)
        else:
            # A line that follows the items directly belongs to them.
            self._is_certain &= bool(self._list) and _GAP.fullmatch(self._list[-1]) is not None
            yield from self._end_list()
            yield from self._begin_list(line)

    def _read_fence(self, line: str) -> None:
        match = _FENCE.fullmatch(line)
        if match and not self._fence:
            self._fence = match["fence"]
        elif match and match["fence"].startswith(self._fence) and not match["info"].strip():
            self._fence = ""

    def _begin_list(self, line: str) -> Iterator[str]:
        """Begin a list if the line can; otherwise show the line."""
        heading = _HEADING.fullmatch(line)
        items = (heading["items"] or "").strip("*_ ") if heading else ""
        is_list = heading is not None and not items
        numbers = self._parse_item(items) if items else None
        if heading is None:
            numbers = self._parse_lone_item(line)
        if not self._has_text or not (is_list or numbers is not None):
            yield from self._show(line)
            return
        self._list, self._gap, self._found = self._gap, [], []
        self._has_heading, self._is_certain = heading is not None, False
        if numbers is None:
            self._list.append(line)
        else:
            self._add_item(line, numbers)

    def _parse_next(self, line: str) -> list[int] | None:
        """Return the passages of an item that follows; None for other lines."""
        return self._parse_item(line) if self._has_heading else self._parse_lone_item(line)

    def _parse_lone_item(self, line: str) -> list[int] | None:
        """Return the passages of a number with address or title."""
        titled = _TITLED.fullmatch(line)
        if titled is None or not self._is_title(titled):
            return self._parse_item(line) if _LONE_ITEM.fullmatch(line) else None
        return [int(titled["number"])]

    def _is_title(self, item: regex.Match[str]) -> bool:
        number, title = int(item["number"]), _normalise_name(item["title"])
        names = [name for name, numbers in self._passages.items() if name and number in numbers]
        # A footnote may name a section behind the title.
        return title in names or (bool(item["note"]) and title.startswith(tuple(names)))

    def _add_item(self, line: str, numbers: Sequence[int]) -> None:
        self._list.append(line)
        self._found += numbers
        self._is_certain |= _SURE_ITEM.search(line) is not None

    def _end_list(self) -> Iterator[str]:
        """Yield the list if it is none after all."""
        if self._list and self._is_certain:
            self._gap = ["\n"]
            self._listed |= dict.fromkeys(self._found)
        elif self._list:
            yield from self._list
        self._list, self._is_certain = [], False

    def _show(self, line: str) -> Iterator[str]:
        yield from self._gap
        self._gap.clear()
        self._has_text |= bool(line.strip())
        yield line

    def _parse_item(self, line: str) -> list[int] | None:
        """Return the passages of an item; None for other lines."""
        mark = _ITEM_MARK.match(line)
        text = line[mark.end() if mark else 0 :].strip("*_ \t\n")
        marker, named = MARKERS.match(text), _NAMED.match(text)
        links = list(_LINK.finditer(text))
        numbers = self._passages.get(_normalise_name(text), [])
        if marker:
            numbers = [number for each in list_markers(marker) for number in each.numbers]
            text = text[marker.end() :]
        elif named:
            numbers = [int(named[1])]
        elif links:
            found = (
                self._passages.get(_normalise_name(link["target"] or link["bare"]))
                for link in links
            )
            numbers = [number for each in found if each for number in each]
            if not numbers and not any(map(self._is_near, links)):
                return None
        elif not numbers:
            return None
        title = _LINK.sub("", text).strip()
        is_sentence = len(title.split()) > _MOST_WORDS or title.endswith((".", "!", "?", "。"))
        return None if is_sentence else [each for each in numbers if 1 <= each <= self._count]

    def _is_near(self, link: regex.Match[str]) -> bool:
        """Return True for a link to the passages."""
        host = _HOST.match((link["target"] or link["bare"]).strip("<>"))
        is_known = host is None or host[0].lower() in self._hosts
        return is_known or _normalise_name(link["label"] or "") in self._passages


def _number_names(passages: Sequence[Passage]) -> dict[str, list[int]]:
    """Return the numbers of passages by their address, path, title and heading."""
    numbers: dict[str, list[int]] = {}
    for number, passage in enumerate(passages, start=1):
        chunk = passage.chunk
        for name in {chunk.url, chunk.path, chunk.title, chunk.heading_path}:
            numbers.setdefault(_normalise_name(name), []).append(number)
    return numbers


def _normalise_name(name: str) -> str:
    return name.partition("#")[0].strip("<>/ .").lower()
