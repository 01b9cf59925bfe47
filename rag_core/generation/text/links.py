"""Links of an answer: only those that a passage contains are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import regex

from rag_core.types import Passage

OMITTED = "…"
"""Replaces a bare address that no passage contains."""

# Each part has an upper length, so that a text is read alike as a whole and in pieces.
_TARGET = r"<?(?P<target>[^()\s<>]{0,1000}(?:\([^()\s<>]{0,200}\)[^()\s<>]{0,200})?)>?"
LINK = regex.compile(
    rf"!?\[(?P<label>[^\[\]\n]{{0,300}})\]\({_TARGET}(?:[ ]\"[^\"\n]{{0,200}}\")?\)"
)
"""An inline link or image, with `label` and `target`."""

_ADDRESS = regex.compile(r"(?:(?:https?|ftp)://|www\.)[^\s<>\"`|]{1,2000}", regex.IGNORECASE)
_LINK_TARGET = regex.compile(rf"\]\({_TARGET}|^\[[^\]\n]+\]:\s*(?P<target>\S+)", regex.MULTILINE)
_CLOSING = {")": "(", "]": "["}


class LinkChecker:
    """Knows the addresses that the passages contain; all others are left out.

    Args:
        passages: of the answer.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._known = _collect_addresses(passages)
        self._bare = _BufferedReplacer(_ADDRESS, self._replace_address)

    def is_known(self, address: str) -> bool:
        """Return True if a passage contains the address, or lies there."""
        return _normalise_address(address) in self._known

    def replace_link(self, link: regex.Match[str]) -> str:
        """Return the whole link if it is known, else its label."""
        return str(link[0]) if self.is_known(link["target"]) else strip_address(link["label"])

    def check_addresses(self, text: str, *, last: bool = False) -> str:
        """Return the text, as it streams, without unknown bare addresses."""
        return "".join(self._bare.feed(text, last=last))

    def _replace_address(self, match: regex.Match[str]) -> str:
        address, rest = _split_punctuation(match.group())
        return match.group() if self.is_known(address) else OMITTED + rest


def strip_address(label: str) -> str:
    """Return a label that is no part of an address."""
    return label.replace("//", OMITTED)


class _BufferedReplacer:
    """Replaces the matches of a pattern in a stream; holds back text that could become one."""

    def __init__(
        self, pattern: regex.Pattern[str], replace: Callable[[regex.Match[str]], str]
    ) -> None:
        self._pattern = pattern
        self._replace = replace
        self._held = ""

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
