"""Citations and links are checked while the answer streams: what no passage bears is not shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import regex

from rag_core.generation.code_splitter import CodeSplitter, find_last_sentence
from rag_core.types import Citation, Passage

IsSupported = Callable[[str, int], bool]
"""Whether a sentence is supported by the passage of a number, from 1."""

OMITTED = "…"
"""Stands where a bare address was left out."""

# Whatever stands in both has an upper length, so that a text is read alike whole and in pieces.
_TARGET = r"<?(?P<target>[^()\s<>]{0,1000}(?:\([^()\s<>]{0,200}\)[^()\s<>]{0,200})?)>?"
_LINK_OR_MARKER = regex.compile(
    rf"""!?\[(?P<label>[^\[\]\n]{{0,300}})\]\({_TARGET}(?:[ ]"[^"\n]{{0,200}}")?\)
       | [ ]?\[(?=[\d,\s]{{1,40}}\])(?P<numbers>\d+(?:\s*,\s*\d+)*)\](?!\()""",
    regex.VERBOSE,
)
_ADDRESS = regex.compile(r"(?:(?:https?|ftp)://|www\.)[^\s<>\"`|]{1,2000}", regex.IGNORECASE)
_LINK_TARGET = regex.compile(rf"\]\({_TARGET}|^\[[^\]\n]+\]:\s*(?P<target>\S+)", regex.MULTILINE)
_MARKER = regex.compile(r" ?\[\d+\]")
_CLOSING = {")": "(", "]": "["}


class CitationChecker:
    """Passes text through as it streams; drops markers and links that point at nothing.

    A marker stays if its passage exists and supports the sentence before it. A link that no passage
    contains leaves its label. Code is untouched. Text that could still become a marker or a link is
    held back until it is decided; `close` gives the rest.
    """

    def __init__(
        self, passages: Sequence[Passage], supported: IsSupported = lambda _sentence, _number: True
    ) -> None:
        self._passages = passages
        self._supported = supported
        self._cited: list[int] = []
        self._code = CodeSplitter()
        self._links = _BufferedReplacer(_LINK_OR_MARKER, self._replace_link_or_marker)
        self._addresses = _BufferedReplacer(_ADDRESS, self._replace_address)
        self._known_addresses = _collect_addresses(passages)
        self._prose = ""

    def feed(self, text: str, *, last: bool = False) -> str:
        """The checked text that is ready to be shown; `last` decides all that was held back."""
        shown = []
        for part, is_code in self._code.feed(text, last=last):
            if is_code:
                shown += [self._check_text("", last=True), part]
                self._prose += part if "\n" not in part else ""
            else:
                shown.append(self._check_text(part))
        if last:
            shown.append(self._check_text("", last=True))
        return "".join(shown)

    def flush(self) -> str:
        """What was held back, checked."""
        return self.feed("", last=True)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, in the order of their first marker."""
        return tuple(Citation(number, self._passages[number - 1]) for number in self._cited)

    def _check_text(self, text: str, *, last: bool = False) -> str:
        shown = []
        for part in self._links.feed(text, last=last):
            self._prose += part
            shown.append(self._addresses.feed_joined(part))
        if last:
            shown.append(self._addresses.feed_joined("", last=True))
        return "".join(shown)

    def _replace_link_or_marker(self, found: regex.Match[str]) -> str:
        if found["numbers"]:
            return self._replace_marker(found)
        label, target = found["label"], found["target"]
        # A label that is half an address could become a whole one with the text before it.
        return str(found.group() if self._is_known(target) else label.replace("//", OMITTED))

    def _replace_marker(self, found: regex.Match[str]) -> str:
        numbers = [int(number) for number in found["numbers"].split(",")]
        sentence = find_last_sentence(_MARKER.sub("", self._prose))
        valid = [
            number
            for number in numbers
            if 1 <= number <= len(self._passages) and self._supported(sentence, number)
        ]
        self._cited += [number for number in dict.fromkeys(valid) if number not in self._cited]
        if not valid:
            return ""
        space = " " if found.group().startswith(" ") else ""
        return space + "".join(f"[{number}]" for number in valid)

    def _replace_address(self, found: regex.Match[str]) -> str:
        address, rest = _split_punctuation(found.group())
        return found.group() if self._is_known(address) else OMITTED + rest

    def _is_known(self, address: str) -> bool:
        return _normalise_address(address) in self._known_addresses


class _BufferedReplacer:
    """Replaces what a pattern finds, and holds back what it could still find."""

    def __init__(
        self, pattern: regex.Pattern[str], replace: Callable[[regex.Match[str]], str]
    ) -> None:
        self._pattern = pattern
        self._replace = replace
        self._held = ""

    def feed_joined(self, text: str, *, last: bool = False) -> str:
        """`feed`, joined."""
        return "".join(self.feed(text, last=last))

    def feed(self, text: str, *, last: bool = False) -> Iterable[str]:
        """The text that is decided, part by part."""
        text = self._held + text
        self._held = ""
        done = 0
        while found := self._pattern.search(text, done, partial=not last):
            yield text[done : found.start()]
            if found.end() == len(text) and not last:
                self._held = text[found.start() :]
                return
            yield self._replace(found)
            done = found.end()
        yield text[done:]


def _collect_addresses(passages: Sequence[Passage]) -> frozenset[str]:
    """Every link and address in the passages, and those of the passages themselves."""
    found = {passage.chunk.url for passage in passages}
    for passage in passages:
        text = passage.chunk.text
        found |= {link["target"] for link in _LINK_TARGET.finditer(text)}
        found |= {_split_punctuation(bare.group())[0] for bare in _ADDRESS.finditer(text)}
    return frozenset(map(_normalise_address, found)) - {""}


def _normalise_address(address: str) -> str:
    """An address without its fragment: a section of a page that is known is known too."""
    page, _, fragment = address.partition("#")
    return page.rstrip("/") or f"#{fragment}"


def _split_punctuation(address: str) -> tuple[str, str]:
    """An address in running text, and the punctuation behind it that is not its own."""
    end = len(address)
    while end and (address[end - 1] in ".,;:!?*_'" or _has_unopened_bracket(address[:end])):
        end -= 1
    return address[:end], address[end:]


def _has_unopened_bracket(address: str) -> bool:
    """Whether a bracket at the end was opened before the address."""
    opening = _CLOSING.get(address[-1])
    return opening is not None and address.count(address[-1]) > address.count(opening)
