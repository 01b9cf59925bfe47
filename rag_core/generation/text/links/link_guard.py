"""The guard of a streaming answer's links: only those that a passage contains are links."""

from __future__ import annotations

import regex

from rag_core.generation.text.links.addresses import EMPHASIS, KnownAddresses
from rag_core.generation.text.links.link_rewriter import (
    LinkRewriter,
    list_live_addresses,
    read_all,
)
from rag_core.generation.text.links.markdown_map import Leaf, MarkdownMap
from rag_core.generation.text.links.stream_words import LABEL, UNSPACED, StreamWords

# What can be a part of a link, a tag, a definition or an escape; the number of a source can't.
_TRIGGER = regex.compile(
    r"\[(?!\d{1,3}\](?![(\[:]|\Z))|\][(\[:]|<(?=[A-Za-z/!?@#]|\Z)|&(?=[#\w]|\Z)|\\(?=[^\w\s]|\Z)"
)
_LETTERS = regex.compile(
    r"(?:[\w,'-]*?|[\w,'-]*?\w(?<!www)[.?])(?=(?:h|ht|htt|https?|f|ftp?|w{1,3}|s|sl|sla|slack?|m|ma|mai|mail|mailto?)?_*\Z)",
    regex.IGNORECASE,
)
# Each is read from a text's end backwards, and no further than a name reaches.
_NAME_BEGUN = regex.compile(rf"(?r)(?:[.@．｡]|(?<!{UNSPACED})。){LABEL}{{0,160}}")  # noqa: RUF001
_NAME_BEFORE = regex.compile(r"(?r)[^\s，、；：！？…]{0,160}")  # noqa: RUF001
_DECIDED = regex.compile(rf"\s|{UNSPACED}")
_NAME_SIGN = regex.compile(r"[.@/．｡。]|(?i:mailto:)")  # noqa: RUF001
_CLOSERS = frozenset("`])>|\n")
_UNFINISHED = regex.compile(r"`|\]\(|\]\[|\]:")
_BEGUN_AUTOLINK = regex.compile(r"<[^\s<>]*\Z")
_BEGUN_TAG = regex.compile(
    r"<(?:[!?]|[A-Za-z/](?:[^<>\"']|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+\Z)"
)
_ROW_BELOW = regex.compile(r"[-:| \t>]*")
_CONTEXT = 2_100
_SHORT = 250  # characters of a block that is read again whole
_SHORT_HELD = 600  # characters that are read again at each end of a line
_READ_PART = 8  # of more, once so large a part of it is new


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
        self._held = self._return = ""
        self._words = StreamWords()
        self._unread = 0  # characters since the text was read
        self._is_begun = False

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return what more text can't change; with `last`, all."""
        text, self._return = self._return + text, ""
        if text.endswith("\r") and not last:  # a line feed may follow
            text, self._return = text[:-1], "\r"
        text = _unify_lines(text)
        if not self._is_begun:
            # Surfaces strip an answer, and what stood as code must not become prose there.
            text = text.lstrip()
            self._is_begun = bool(text)
        shown = "".join(map(self._read_word, self._words.feed(text)))
        is_free = not self._held and not _NAME_BEGUN.match(self._text)
        if is_free and (letters := _LETTERS.match(self._words.rest)):
            # Letters stay as they are, unless a scheme begins with them.
            self._text += letters[0]
            self._unread += len(letters[0])
            shown += self._words.extract(len(letters[0]))
        if last:
            self._held += self._words.extract(len(self._words.rest))
            shown += self._release(len(self._text) + len(self._held))
        return shown

    def flush(self) -> str:
        """Return the text that was held back."""
        return self.feed("", last=True)

    def _read_word(self, word: str) -> str:
        is_new = not self._held
        self._held += word
        self._unread += len(word)
        if is_new and self._is_plain(word):
            self._text, self._held = self._text + word, ""
            return word
        is_end = "\n" in word
        if not is_end and (is_new or not _CLOSERS.isdisjoint(word)):
            # A row is read once it is complete.
            line = (self._text[-_CONTEXT:] + self._held).rpartition("\n")[2]
            is_end = "|" not in line or self._unread > _SHORT_HELD
        return self._release(self._find_decided()) if is_end and self._is_due() else ""

    def _is_due(self) -> bool:
        """Return True if enough is new to read the block again."""
        length = len(self._text) + len(self._held)
        part = _READ_PART * (4 if self._held.endswith("\n\n") else 1)
        return length <= _SHORT_HELD or self._unread * part >= length

    def _is_plain(self, word: str) -> bool:
        """Return True if a word can't be a part of a link."""
        if _TRIGGER.search(word):
            return False
        is_begun = _NAME_BEGUN.match(self._text) is not None
        if not is_begun and not _NAME_SIGN.search(word):
            return True
        before = _NAME_BEFORE.match(self._text)
        start = len(before[0]) if before else 0
        text = self._text[len(self._text) - start :] + word
        shown = EMPHASIS.sub("", text)
        return all(address.end <= start for address in self._known.find_unknown(text)) and (
            shown == text or not any(self._known.find_unknown(shown))
        )

    def _find_decided(self) -> int:
        """Return the end of the text that more text can't change."""
        text = self._text + self._held
        self._unread = 0
        return min(_find_end(text, mapped) for mapped in self._rewriter.read(text))

    def _release(self, end: int) -> str:
        """Return the text up to an end, rewritten."""
        begin, text = len(self._text), self._text + self._held
        if end <= begin:
            return ""
        shown = self._rewriter.rewrite(text, begin=begin, end=end)
        self._text, self._held = text[:begin] + shown, text[end:]
        self._shorten()
        return shown

    def _shorten(self) -> None:
        """Keep what decides how more text is read."""
        maps = self._rewriter.read(self._text)
        common = set.intersection(*(set(mapped.starts) for mapped in maps))
        start = max(common, default=0)
        whole, self._text = self._text, self._text[start:]
        if len(self._text) <= _SHORT or not all(map(_is_closed, maps)):
            return
        for mapped in maps:
            short = whole
            for begin, end, stub in sorted(mapped.list_middles(), reverse=True):
                if begin >= start:
                    short = short[:begin] + stub + short[end:]
            short = short[start:]
            shorter = read_all(short) if len(short) < len(self._text) else ()
            if len(shorter) == len(maps) and all(
                _is_closed(new) and new.describe_end() == old.describe_end()
                for new, old in zip(shorter, maps, strict=True)
            ):
                self._text = short
                return


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


def _find_end(text: str, mapped: MarkdownMap) -> int:
    """Return the end of what more text can't change."""
    if not mapped.leaves:
        return 0
    # More of its last line can make it a part of the block above.
    line = text.rfind("\n") + 1
    above = next((leaf for leaf in reversed(mapped.leaves) if leaf.start < line), None)
    is_beside = above is not None and above.kind == "inline" and above.end == line < len(text)
    if above and is_beside and not _is_decided(above, text[:line], mapped):
        return above.start
    last = mapped.leaves[-1]
    rest = text[last.end :]
    if rest.strip():
        return last.end
    return len(text) if "\n" in rest or _is_decided(last, text, mapped) else last.start


def _is_closed(mapped: MarkdownMap) -> bool:
    """Return True if nothing in the last block waits for an end."""
    if not mapped.leaves or mapped.definitions:
        return False
    last = mapped.leaves[-1]
    return last.kind != "inline" or (last.places is not None and not _is_open(last, mapped))


def _is_decided(leaf: Leaf, text: str, mapped: MarkdownMap) -> bool:
    """Return True if more text changes nothing in a block."""
    if leaf.kind in {"fence", "code_block"}:
        return "\n" in text[leaf.start :]
    if leaf.kind != "inline" or leaf.places is None:
        return False
    lines = text[leaf.start :].rstrip("\n").split("\n")
    if (
        mapped.has_tables
        and ("|" in lines[-1] or _ROW_BELOW.fullmatch(lines[-1]))
        and not leaf.is_cell
    ):
        return False
    return not _is_open(leaf, mapped) and _DECIDED.match(text[-1:]) is not None


def _is_open(leaf: Leaf, mapped: MarkdownMap) -> bool:
    """Return True if a link, tag or code may have begun."""
    words, _ = leaf.read_words()
    begun = _BEGUN_TAG if mapped.has_html else _BEGUN_AUTOLINK
    return _has_open_bracket(words) or bool(_UNFINISHED.search(words) or begun.search(words))


def _has_open_bracket(words: str) -> bool:
    depth = 0
    for sign in words:
        depth = max(depth + (sign == "[") - (sign == "]"), 0)
    return depth > 0
