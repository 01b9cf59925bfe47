"""The check of citations and links in a streaming answer: unsupported ones are not shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import regex

from rag_core.generation.code_splitter import CodeSplitter, find_last_sentence
from rag_core.types import Citation, Passage

IsSupported = Callable[[str, int], bool]
"""Takes a sentence and the number of a passage, from 1; True if the passage supports it."""

OMITTED = "…"
"""Replaces a bare address that no passage contains."""

# Each part has an upper length, so that a text is read alike as a whole and in pieces.
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
    """Passes text through as it streams, without unsupported markers and unknown links.

    A marker stays if its passage exists and supports the sentence before it. A link that no passage
    contains is replaced by its label. Code is not changed. Text that could still become a marker or
    a link is held back until more text decides it; `flush` returns the rest.

    Args:
        passages: as the prompt numbers them, from 1.
        is_supported: judges the sentence before a marker; by default every sentence is supported.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        is_supported: IsSupported = lambda _sentence, _number: True,
    ) -> None:
        self._passages = passages
        self._is_supported = is_supported
        self._cited: list[int] = []
        self._code = CodeSplitter()
        self._links = _BufferedReplacer(_LINK_OR_MARKER, self._replace_link_or_marker)
        self._addresses = _BufferedReplacer(_ADDRESS, self._replace_address)
        self._known_addresses = _collect_addresses(passages)
        self._prose = ""

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return checked text that can be shown; with `last`, the rest."""
        checked = []
        for part, is_code in self._code.feed(text, last=last):
            if is_code:
                checked += [self._check_text("", last=True), part]
                self._prose += part if _is_code_span(part) else ""
            else:
                checked.append(self._check_text(part))
        if last:
            checked.append(self._check_text("", last=True))
        return "".join(checked)

    def flush(self) -> str:
        """Return the text that was held back, checked."""
        return self.feed("", last=True)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, in the order of their first marker."""
        return tuple(Citation(number, self._passages[number - 1]) for number in self._cited)

    def _check_text(self, text: str, *, last: bool = False) -> str:
        checked = []
        for part in self._links.feed(text, last=last):
            self._prose += part
            checked.append(self._addresses.feed_joined(part))
        if last:
            checked.append(self._addresses.feed_joined("", last=True))
        return "".join(checked)

    def _replace_link_or_marker(self, match: regex.Match[str]) -> str:
        if match["numbers"]:
            return self._replace_marker(match)
        label, target = match["label"], match["target"]
        # A label that is half an address could become a whole one with the text before it.
        return str(match.group() if self._is_known(target) else label.replace("//", OMITTED))

    def _replace_marker(self, match: regex.Match[str]) -> str:
        numbers = [int(number) for number in match["numbers"].split(",")]
        sentence = find_last_sentence(_MARKER.sub("", self._prose))
        valid = [
            number
            for number in numbers
            if 1 <= number <= len(self._passages) and self._is_supported(sentence, number)
        ]
        self._cited += [number for number in dict.fromkeys(valid) if number not in self._cited]
        if not valid:
            return ""
        space = " " if match.group().startswith(" ") else ""
        return space + "".join(f"[{number}]" for number in valid)

    def _replace_address(self, match: regex.Match[str]) -> str:
        address, rest = _split_punctuation(match.group())
        return match.group() if self._is_known(address) else OMITTED + rest

    def _is_known(self, address: str) -> bool:
        return _normalise_address(address) in self._known_addresses


class _BufferedReplacer:
    """Replaces the matches of a pattern in a stream; holds back text that could become one."""

    def __init__(
        self, pattern: regex.Pattern[str], replace: Callable[[regex.Match[str]], str]
    ) -> None:
        self._pattern = pattern
        self._replace = replace
        self._held = ""

    def feed_joined(self, text: str, *, last: bool = False) -> str:
        """Return the parts of `feed` as one text."""
        return "".join(self.feed(text, last=last))

    def feed(self, text: str, *, last: bool = False) -> Iterable[str]:
        """Yield the text that more text can't change, part by part."""
        text = self._held + text
        self._held = ""
        end = 0
        while match := self._pattern.search(text, end, partial=not last):
            yield text[end : match.start()]
            if match.end() == len(text) and not last:
                self._held = text[match.start() :]
                return
            yield self._replace(match)
            end = match.end()
        yield text[end:]


def _is_code_span(code: str) -> bool:
    """Return True for a span; in a block, backticks are separate parts."""
    return code.startswith("`") and code.strip("`") != ""


def _collect_addresses(passages: Sequence[Passage]) -> frozenset[str]:
    """Collect the passages' own addresses and all links and addresses in them."""
    addresses = {passage.chunk.url for passage in passages}
    for passage in passages:
        text = passage.chunk.text
        addresses |= {link["target"] for link in _LINK_TARGET.finditer(text)}
        addresses |= {_split_punctuation(bare.group())[0] for bare in _ADDRESS.finditer(text)}
    return frozenset(map(_normalise_address, addresses)) - {""}


def _normalise_address(address: str) -> str:
    """Remove the fragment: every section of a known page is known."""
    page, _, fragment = address.partition("#")
    return page.rstrip("/") or f"#{fragment}"


def _split_punctuation(address: str) -> tuple[str, str]:
    """Split an address in prose from the punctuation that follows it."""
    end = len(address)
    while end and (address[end - 1] in ".,;:!?*_'" or _has_unopened_bracket(address[:end])):
        end -= 1
    return address[:end], address[end:]


def _has_unopened_bracket(address: str) -> bool:
    """Return True if the address ends with a bracket opened before it."""
    opening = _CLOSING.get(address[-1])
    return opening is not None and address.count(address[-1]) > address.count(opening)
