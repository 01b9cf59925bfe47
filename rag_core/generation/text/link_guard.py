"""The guard of a streaming answer's links: only those that a passage contains are links."""

from __future__ import annotations

import regex

from rag_core.generation.text.addresses import KnownAddresses
from rag_core.generation.text.link_rewriter import (
    READERS,
    LinkRewriter,
    list_live_addresses,
)
from rag_core.generation.text.markdown_map import Leaf

# A text is read word by word, so that it is read alike however it is cut into pieces. A word ends
# behind its space, or behind a sign of a language without spaces.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}。，、！？；：…]"  # noqa: RUF001
_WORD = regex.compile(rf"[^\s:/.@\[\]<>&\\`!|(]*?{_UNSPACED}|\S{{0,2000}}?\s|\S{{2000}}")
# What can be a part of a link, a tag, a definition or an escape; the number of a source can't.
_TRIGGER = regex.compile(
    r"\[(?!\d{1,3}\](?![(\[:]|\Z))|\][(\[:]|<(?=[A-Za-z/!?@#]|\Z)|&(?=[#\w]|\Z)|\\(?=[^\w\s]|\Z)"
)
_LETTERS = regex.compile(
    r"(?:[\w,'-]*?|[\w,'-]*?\w(?<!www)[.?])(?=(?:h|ht|htt|https?|f|ftp?|w{1,3}|s|sl|sla|slack?|m|ma|mai|mail|mailto?)?\Z)",
    regex.IGNORECASE,
)
_NAME_BEGUN = regex.compile(r"[.@/．｡]\S*\Z")  # noqa: RUF001
_CLOSERS = frozenset("`])>|\n")
_UNFINISHED = regex.compile(r"`|<[A-Za-z/!?]|\]\(|\]\[|\]:")
_ROW_BELOW = regex.compile(r"[-:| \t>]*")
_MOST_TRIES = 20  # to find an end within a line
_CONTEXT = 2_100
_SHORT_BLOCK = 2_100  # characters of a block that is read again at each end of a line
_READ_PART = 8  # of a longer one, once so large a part of it is new


class LinkGuard:
    """Passes an answer through as it streams, without links that are not known.

    Links, images, tags and addresses are those that CommonMark makes of the text, with and without
    HTML. An unknown link becomes its label, and what can't be read becomes text. Code stays as it
    is. Text is held back from the first sign that could be a link on, until it ends, its block at
    most.

    Args:
        known: the addresses that may be linked.
    """

    def __init__(self, known: KnownAddresses) -> None:
        self._known = known
        self._rewriter = LinkRewriter(known)
        self._text = ""  # what was returned, from the beginning of its block on
        self._held = self._rest = self._return = ""
        self._tries = 0
        self._is_begun = False

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return what more text can't change; with `last`, all."""
        text, self._return = self._return + text, ""
        if text.endswith("\r") and not last:  # a line feed may follow
            text, self._return = text[:-1], "\r"
        self._rest += _unify_lines(text)
        if not self._is_begun:
            # Surfaces strip an answer, and what stood as code must not become prose there.
            self._rest = self._rest.lstrip()
            self._is_begun = bool(self._rest)
        shown, at = "", 0
        while word := _WORD.match(self._rest, at):
            shown += self._read_word(word[0])
            at = word.end()
        self._rest = self._rest[at:]
        is_free = not self._held and not _NAME_BEGUN.search(self._text[-_CONTEXT:])
        if is_free and (letters := _LETTERS.match(self._rest)):
            # Letters stay as they are, unless a scheme begins with them.
            self._text += letters[0]
            shown, self._rest = shown + letters[0], self._rest[letters.end() :]
        if last:
            self._held, self._rest = self._held + self._rest, ""
            shown += self._release(len(self._text) + len(self._held))
        return shown

    def flush(self) -> str:
        """Return the text that was held back."""
        return self.feed("", last=True)

    def _read_word(self, word: str) -> str:
        is_new = not self._held
        self._held += word
        if is_new and self._is_plain(word):
            self._text, self._held = self._text + word, ""
            return word
        # A long block is read again and again: what is new must be a part of it worth that.
        is_due = len(self._held) * _READ_PART >= len(self._text) - _SHORT_BLOCK
        is_end = "\n" in word or (
            self._tries < _MOST_TRIES and (is_new or not _CLOSERS.isdisjoint(word))
        )
        return self._release(self._find_decided()) if is_end and is_due else ""

    def _is_plain(self, word: str) -> bool:
        """Return True if a word can be no part of a link."""
        if _TRIGGER.search(word):
            return False
        is_begun = _NAME_BEGUN.search(self._text[-_CONTEXT:]) is not None
        if not is_begun and not any(sign in word for sign in ".@/．｡"):  # noqa: RUF001
            return True
        before = regex.search(r"\S*\Z", self._text[-_CONTEXT:])
        start = len(before[0]) if before else 0
        text = self._text[len(self._text) - start :] + word
        return all(address.end <= start for address in self._known.find_unknown(text))

    def _find_decided(self) -> int:
        """Return the end of the text that more text can't change."""
        text = self._text + self._held
        ends = []
        for reader in READERS:
            leaves = reader.read(text).leaves
            if not leaves:
                return 0
            last = leaves[-1]
            rest = text[last.end :]
            if rest.strip():
                ends.append(last.end)
            elif "\n" in rest or _is_decided(last, text, has_tables=reader.has_tables):
                ends.append(len(text))
            else:
                ends.append(last.start)
        return min(ends)

    def _release(self, end: int) -> str:
        """Return the text up to an end, rewritten."""
        begin, text = len(self._text), self._text + self._held
        if end <= begin:
            self._tries += 1
            return ""
        self._tries = 0
        shown = self._rewriter.rewrite(text, begin=begin, end=end)
        self._text, self._held = text[:begin] + shown, text[end:]
        common = set.intersection(*(set(reader.read(self._text).starts) for reader in READERS))
        self._text = self._text[max(common, default=0) :]
        return shown


def check_links(text: str, known: KnownAddresses) -> str:
    """Return a whole text without links that are not known."""
    return LinkRewriter(known).rewrite(_unify_lines(text))


def keep_links(text: str, original: str) -> str:
    """Return a text without links that its original lacks.

    What is done to a checked text can end code, and what stood in it becomes prose.
    """
    if text == original:
        return text
    return check_links(text, KnownAddresses([], list_live_addresses(_unify_lines(original))))


def show_hosts(text: str) -> str:
    """Return a page's text with the host of each misleading link.

    A link misleads if its label names another host than its target.
    """
    return check_links(text, KnownAddresses([], list_live_addresses(_unify_lines(text))))


def _unify_lines(text: str) -> str:
    """Return a text with line feeds, without the sign zero."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def _is_decided(leaf: Leaf, text: str, *, has_tables: bool) -> bool:
    """Return True if more text changes nothing in a block."""
    if leaf.kind in {"fence", "code_block"}:
        return "\n" in text[leaf.start :]
    if leaf.kind != "inline" or leaf.places is None:
        return False
    lines = text[leaf.start :].rstrip("\n").split("\n")
    if has_tables and ("|" in lines[-1] or _ROW_BELOW.fullmatch(lines[-1])) and not leaf.is_cell:
        return False
    words, _ = leaf.read_words()
    is_open = _has_open_bracket(words) or _UNFINISHED.search(words) is not None
    return not is_open and text[-1:].isspace()


def _has_open_bracket(words: str) -> bool:
    depth = 0
    for sign in words:
        depth = max(depth + (sign == "[") - (sign == "]"), 0)
    return depth > 0
