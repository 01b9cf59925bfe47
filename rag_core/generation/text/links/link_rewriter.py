"""The rewriting of Markdown until no link in it leads to an unknown address."""

# ruff: noqa: RUF001  (full stops of other languages)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from rag_core.generation.text.links.addresses import (
    BREAK,
    EMPHASIS,
    OMITTED,
    Address,
    KnownAddresses,
    escape_signs,
    find_addresses,
    find_link_breaks,
    find_other_host,
    write_target,
)
from rag_core.generation.text.links.html_tags import is_link_tag, neutralise_tags
from rag_core.generation.text.links.markdown_map import Element, Leaf, MarkdownMap, MarkdownReader

READERS = (
    MarkdownReader(html=True, tables=True),
    MarkdownReader(html=False, tables=True),
    MarkdownReader(html=False, tables=False),
    MarkdownReader(html=True, tables=False),
)
"""An answer is safe as each of them reads it: with and without HTML (as Slack does) and tables."""

_TAG = regex.compile(r"<[A-Za-z/!?]")
_TAG_BEHIND = regex.compile(rf"[.:]?{_TAG.pattern}")
_SCHEME = regex.compile(r"[a-z]+://|www|mailto", regex.IGNORECASE)
_ROUNDS = 12  # of rewriting: a label may hold a link of its own
_LONGEST = 40_000  # characters that are read; more are made text
_DOT = regex.compile(r"[.．｡。@]")
_ADDRESSED = regex.compile(r"[.．｡。@]|//|(?i:mailto:)")
_CALLED = regex.compile(r"[\w\]`--\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]", regex.V1)
_ADDRESS_SIGN = regex.compile(r"[:/#\\%&@]|\.(?:mdx?|html?|rst|txt|ipynb|pdf)\Z")


def read_all(text: str) -> tuple[MarkdownMap, ...]:
    """Return each different way to read a text."""
    has_tag, has_cells = _TAG.search(text) is not None, "|" in text
    readers = (True, has_tag, has_cells, has_tag and has_cells)
    return tuple(
        reader.read(text) for reader, differs in zip(READERS, readers, strict=True) if differs
    )


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A part of a text, and what stands in its place."""

    start: int
    end: int
    text: str


class LinkRewriter:
    """Rewrites Markdown so that it has only links to known addresses.

    Args:
        known: the addresses that may be linked.
    """

    def __init__(self, known: KnownAddresses) -> None:
        self._known = known
        self._text, self._maps = "", read_all("")

    def read(self, text: str) -> tuple[MarkdownMap, ...]:
        """Return how the readers read a text, the last from memory."""
        if text != self._text:
            self._text, self._maps = text, read_all(text)
        return self._maps

    def rewrite(self, text: str, *, begin: int = 0, end: int | None = None) -> str:
        """Return a part of a text without unknown links.

        Args:
            text: Markdown whose lines end with a line feed.
            begin: the place where the part begins.
            end: the place behind it; None for the text's end.

        Returns:
            The part, rewritten.
        """
        end = len(text) if end is None else end
        rounds = _ROUNDS if len(text) - begin <= _LONGEST else 0
        for _ in range(rounds):
            changes = self._find_changes(text, begin, end)
            if changes is None:
                break
            if not changes:
                return text[begin:end]
            behind = len(text) - end
            text = _apply_changes(text, changes)
            end = len(text) - behind
        return escape_signs(text, begin, end)

    def _find_changes(self, text: str, begin: int, end: int) -> list[Change] | None:
        """Return what has to change; None if that can't be said."""
        for mapped in self.read(text):
            changes = self._list_changes(text, mapped, begin, end)
            if changes is None or not mapped.is_readable:
                return None
            reaching = [change for change in changes if _is_within(change, begin, end)]
            fitting = [_fit_change(text, change, begin, end) for change in reaching]
            if fitting:
                return _drop_overlaps(fitting)
        return []

    def _list_changes(
        self, text: str, mapped: MarkdownMap, begin: int, end: int
    ) -> list[Change] | None:
        changes = [
            Change(at, at, "\\")
            for at, target in mapped.definitions
            if not self._known.is_known(target)
        ]
        for leaf in mapped.leaves:
            if leaf.end < begin or leaf.start > end:
                continue
            if leaf.kind == "html_block":
                source = text[leaf.start : leaf.end]
                cleaned = neutralise_tags(source, self._known.is_known)
                if cleaned != source:
                    changes.append(Change(leaf.start, leaf.end, cleaned))
                    continue
            if leaf.kind in {"inline", "html_block"}:
                is_inline = leaf.kind == "inline"
                found = list(self._read_leaf(leaf) if is_inline else self._read_words(leaf))
                if found and leaf.places is None:
                    return None
                changes += [_locate_change(leaf, change) for change in found]
        return changes

    def _read_leaf(self, leaf: Leaf) -> Iterator[Change]:
        """Yield the changes of a leaf, by places in its content."""
        open_tags = 0
        for element in sorted(leaf.elements, key=lambda each: each.start):
            if element.kind in {"link", "image"}:
                yield from self._read_link(leaf.content, element)
            elif element.kind == "autolink":
                yield from self._read_autolink(leaf.content, element)
            elif element.kind == "html_inline":
                tag = leaf.content[element.start : element.end]
                cleaned = neutralise_tags(tag, self._known.is_known)
                if cleaned != tag and is_link_tag(tag, closing=False):
                    open_tags += 1
                elif open_tags and is_link_tag(tag, closing=True):
                    cleaned, open_tags = "", open_tags - 1
                if cleaned != tag:
                    yield Change(element.start, element.end, cleaned)
        yield from self._read_words(leaf)

    def _read_autolink(self, content: str, link: Element) -> Iterator[Change]:
        spelling = self._known.find_spelling(link.target)
        if not spelling:
            yield Change(link.start, link.start + 1, "")
            yield Change(link.end - 1, link.end, "")
        elif spelling != link.target:
            is_mail = not content.startswith("mailto:", link.start + 1)
            shown = spelling.removeprefix("mailto:") if is_mail else spelling
            yield Change(link.start + 1, link.end - 1, shown)

    def _read_link(self, content: str, link: Element) -> Iterator[Change]:
        start, end = link.label
        label = content[start:end]
        spelling = self._known.find_spelling(link.target)
        if not spelling:
            before = content[link.start - 1 : link.start]
            if before and _CALLED.match(before) and not _ADDRESS_SIGN.search(link.target):
                yield Change(start - 1, start, "\\[")  # code such as `args[0](x)`
            else:
                yield Change(link.start, start, "")
                yield Change(end, link.end, "")
        elif link.kind == "image" and regex.search(r"[\[<]", label):
            yield Change(link.start, start, "")
            yield Change(end, link.end, "")
        elif spelling != link.target:
            yield Change(end, link.end, f"]({write_target(spelling)})")
        elif host := find_other_host(label, link.target):
            yield Change(end, end, f" ({host})")

    def _read_words(self, leaf: Leaf) -> Iterator[Change]:
        if not leaf.elements and not _ADDRESSED.search(leaf.content):
            return
        words, places = leaf.read_words()
        if not _ADDRESSED.search(words):
            return
        found = list(find_addresses(words))
        changes = [change for each in found for change in self._read_address(leaf, each)]
        if EMPHASIS.search(words):
            changes += self._read_across_emphasis(words, places, found)
        yield from dict.fromkeys(changes)

    def _read_across_emphasis(
        self, words: str, places: list[tuple[int, int]], found: list[Address]
    ) -> Iterator[Change]:
        """Yield the changes of addresses with signs of emphasis in them: `evil**.com**`."""
        signs = {match.start() for match in EMPHASIS.finditer(words)}
        shown = [at for at in range(len(words)) if at not in signs]
        bare, inner = "".join(words[at] for at in shown), [places[at] for at in shown]
        known = [each for each in found if each.is_explicit or self._known.has(each)]
        for address in find_addresses(bare):
            start, end = shown[address.start], shown[address.end - 1] + 1
            is_read = any(each.start <= start and end <= each.end for each in known)
            if is_read or end - start == len(address.text) or self._known.has(address):
                continue
            if address.is_explicit:
                yield Change(places[start][0], places[end - 1][1], OMITTED)
            else:
                yield from _break_name(bare, inner, address.start, address.end)

    def _read_address(self, leaf: Leaf, address: Address) -> Iterator[Change]:
        words, places = leaf.read_words()
        start, end = places[address.start][0], places[address.end - 1][1]
        is_in_label = _is_in_label(leaf, start)
        if not self._known.has(address):
            part = "" if is_in_label else self._known.find_part(address.text)
            if address.is_explicit and part:
                end = places[address.start + len(part) - 1][1]
                words_follow = regex.search(r"\w", address.text[len(part) :]) is not None
                space = " " if words_follow and leaf.kind == "inline" else ""
                yield Change(start, end, _set_apart(leaf, part) + space)
            elif shown := self._known.find_shown(address):
                yield Change(start, end, shown if is_in_label else _set_apart(leaf, shown))
            elif address.is_explicit:
                # A tag is read first: it may be a placeholder, as in `http://<host>`.
                if not (_SCHEME.fullmatch(address.text) and _TAG_BEHIND.match(leaf.content, end)):
                    yield Change(start, end, OMITTED)
            else:
                yield from _break_name(words, places, address.start, address.end)
        elif address.is_explicit and not is_in_label:
            # Some readers look for the end of an address before they decode a text.
            is_written_so = leaf.content[start:end] == address.text
            is_followed = leaf.content[end : end + 1] in {"\\", "&"}
            if is_followed or not (is_written_so and address.stands_free):
                yield Change(start, end, _set_apart(leaf, address.text))


def _set_apart(leaf: Leaf, address: str) -> str:
    """Return an address so that what follows is not part of it."""
    return f"<{address}>" if leaf.kind == "inline" else f"{address} "


def _is_in_label(leaf: Leaf, place: int) -> bool:
    links = (element for element in leaf.elements if element.kind in {"link", "image"})
    return any(link.start <= place < link.end for link in links)


def _break_name(
    words: str, places: list[tuple[int, int]], start: int, end: int
) -> Iterator[Change]:
    """Yield the breaks behind the dots of a name."""
    name = words[start:end]
    stop = regex.search(r"[/?#]", name, pos=name.rfind("@") + 1)
    for dot in _DOT.finditer(words, start, start + stop.start() if stop else end):
        at = places[dot.end() - 1][1]
        if words[dot.end() : dot.end() + 1] != BREAK:
            yield Change(at, at, BREAK)


def drop_link_breaks(text: str) -> str:
    """Return Markdown without the invisible signs that keep names from being links.

    For surfaces that link no bare names. Code, and invisible signs elsewhere, stay as they are.
    """
    if BREAK not in text:
        return text
    found = set()
    for mapped in read_all(text):
        for leaf in mapped.leaves:
            if leaf.kind in {"inline", "html_block"} and leaf.places is not None:
                words, places = leaf.read_words()
                found |= {leaf.places[places[at][0]] for at in find_link_breaks(words)}
    return "".join(sign for at, sign in enumerate(text) if at not in found)


def list_live_addresses(text: str) -> set[str]:
    """Return the targets and the bare addresses of a Markdown text."""
    live: set[str] = set()
    for mapped in read_all(text):
        live |= {target for _, target in mapped.definitions}
        for leaf in mapped.leaves:
            if leaf.kind in {"fence", "code_block"}:
                continue
            live |= {element.target for element in leaf.elements} - {""}
            live |= {address.text for address in find_addresses(leaf.read_words()[0])}
    return live


def _locate_change(leaf: Leaf, change: Change) -> Change:
    """Return a change by its places in the source."""
    places = leaf.places or []

    def place(at: int) -> int:
        return places[at] if at < len(places) else places[-1] + 1

    if change.start == change.end:  # behind the sign before it
        at = place(change.start - 1) + 1 if change.start else place(0)
        return Change(at, at, change.text)
    return Change(place(change.start), place(change.end - 1) + 1, change.text)


def _is_within(change: Change, begin: int, end: int) -> bool:
    """Return True if a change touches a part of the text."""
    is_insertion = change.start == change.end
    if is_insertion:
        return begin <= change.start <= end
    return change.end > begin and change.start < end


def _fit_change(text: str, change: Change, begin: int, end: int) -> Change:
    """Return a change that keeps to the part of the text."""
    if begin <= change.start and change.end <= end:
        return change
    start, end = max(begin, change.start), min(end, change.end)
    return Change(start, end, escape_signs(text, start, end))


def _drop_overlaps(changes: list[Change]) -> list[Change]:
    """Return the changes in their order, without those that begin in another."""
    kept: list[Change] = []
    for change in sorted(changes):
        if not kept or change.start >= kept[-1].end:
            kept.append(change)
    return kept


def _apply_changes(text: str, changes: list[Change]) -> str:
    parts, at = "", 0
    for change in changes:
        parts += text[at : change.start] + change.text
        at = change.end
    return parts + text[at:]
