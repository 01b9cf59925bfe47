"""Addresses in a text: those that the passages contain, and those that a reader would make live."""

# ruff: noqa: RUF001  (punctuation of other languages)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.common.utils import unescapeAll

from rag_core.generation.text.links.top_level_domains import FILE_ENDINGS, is_top_level_domain
from rag_core.types import Passage

OMITTED = "…"
"""Replaces a bare address that no passage contains."""

BREAK = "\u200b"
"""Stands behind each dot of a name that must not be a link."""

HIDDEN = "\0"
"""Stands for what is not text in a text: code, targets, tags."""

EMPHASIS = regex.compile(r"[*~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])")
"""Signs that are not shown where they emphasise."""

_AROUND_MAIL = "*_~'"
_MOST_AROUND = 3  # signs of emphasis before a mail address
# Each part has an upper length, so that a hostile text costs no more than an honest one.
_CHARACTER = r"[\p{L}\p{N}\p{Cf}\p{M}\u2010-]"
_LABEL = rf"[\p{{L}}\p{{N}}]{_CHARACTER}{{0,70}}"
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]"
# The full stop of Chinese is a dot between words of other scripts.
_DOT = rf"(?:[.．｡]|(?<!{_UNSPACED})。(?!{_UNSPACED}))"
_ENDING = r"(?P<ending>\p{L}[\p{L}\p{N}\p{M}-]{1,62})"
_HOST = rf"{_LABEL}(?:{_DOT}{_LABEL}){{0,20}}{_DOT}{_ENDING}"
_REST = rf"[^\s<>\"`|{HIDDEN}]"
_SCHEMES = r"(?:https?|(?<!\b[st])ftp|slack)"  # sftp and tftp are others
_EXPLICIT = (
    rf"(?:(?:{_SCHEMES}://|www\.){_REST}{{1,2000}}"
    rf"|mailto:{_REST}{{1,300}}"
    rf"|(?:{_SCHEMES}://|mailto:|www\.)(?=[{HIDDEN}`])"  # code may follow
    rf"|(?<![\p{{L}}\p{{N}}_:/])//[^\s<>{HIDDEN}]{{1,200}}\.[^\s<>{HIDDEN}]{{1,2000}})"
)
_MAIL = (
    rf"(?P<mail>[\p{{L}}\p{{N}}._%+$&'*=?^{{}}~!\#-]{{1,64}}@(?:{_LABEL}{_DOT}){{1,20}}"
    rf"(?:\p{{L}}[\p{{L}}\p{{N}}-]{{1,62}}|(?<=@\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}}\.)\d{{1,3}}))"
)
_NUMBERS = rf"\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}})?/[\p{{L}}%?]{_REST}{{0,2000}}"
_BARE = (
    rf"(?P<bare>(?:(?<![\p{{L}}\p{{N}}])|(?<={_UNSPACED})(?=[a-zA-Z0-9]))(?<!(?<!/)/)"
    rf"(?:(?P<host>{_HOST})(?:(?P<path>(?::\d{{1,5}})?[/?\#]{_REST}{{0,2000}})"
    rf"|(?::\d{{1,5}})?(?![\p{{L}}\p{{N}}]))|(?P<path>{_NUMBERS})))"
)
_MARKED = regex.compile(_EXPLICIT, regex.IGNORECASE)
_UNMARKED = regex.compile(rf"{_MAIL}|{_BARE}", regex.IGNORECASE)
_TARGET = regex.compile(
    r"\]\(\s{0,9}<?(?P<target>[^()\s<>]{0,1000}(?:\([^()\s<>]{0,200}\)[^()\s<>]{0,200})?)"
    r"|^[ ]{0,3}\[[^\]\n]{1,300}\]:\s*<?(?P<target>[^\s<>]+)"
    r"|\b(?:href|src)\s?=\s?[\"']?(?P<target>[^\s\"'<>]{1,1000})"
    r"|<(?P<target>[a-z][a-z0-9+.-]{1,31}:[^\s<>]{1,1000})>",
    regex.MULTILINE | regex.IGNORECASE,
)
_FRAGMENT = regex.compile(r"[\p{L}\p{N}\p{M}_.~%/=&+-]*")
_SCHEME = regex.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", regex.IGNORECASE)
_ORIGIN = regex.compile(r"[a-z][a-z0-9+.-]*:(?://[^/?\\]*)?", regex.IGNORECASE)
_HOSTNAME = regex.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?//(?:[^/?#\\]*@)?(?P<host>[^/?#\\:]+)", regex.IGNORECASE
)
_WORDS_BEFORE = regex.compile(rf"\A{_UNSPACED}+")
_WIDE_DOT = regex.compile(r"[．｡。]")
# What follows an address without a space: no part of a path or a query.
_FOLLOWING = regex.compile(r"[^\w\s/?#&=%@.+$~:-]|[^\x00-\x7f]")
_BREAKS = regex.compile(rf"(?<=(?:{_DOT}|@)){BREAK}(?=[\p{{L}}\p{{N}}])")
_STOP = regex.compile(r"[。，、；：！？（）「」『』【】《》…]")
_FREE = regex.compile(r"[)\]]*[.,;!?]?(?=\s|\Z)")
_CLOSING = {")": "(", "]": "["}
_MOST_PARTS = 50  # of an address that are looked up
# Kept free for examples: https://www.rfc-editor.org/info/rfc2606
_EXAMPLES = frozenset(("example.com", "example.net", "example.org"))
_SIGNS = regex.compile(
    r"://|//|(?i:mailto:|www\.)|[\[\]()!`|&\\<>]|(?<=[.．｡。@:/])(?=[\w/])", regex.V1
)
_NAMED = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "": BREAK}
_HIDDEN_MARKUP = regex.compile(r"<[^<>]*>|[*_~`\p{Cf}]")


@dataclass(frozen=True, slots=True)
class Address:
    """An address in prose.

    Attributes:
        start: its place in the text.
        end: the place behind it, without the punctuation that follows.
        text: the address.
        is_explicit: True if it begins like an address: with `https://`, `www.` or `mailto:`.
        stands_free: False if punctuation follows that a reader could take for a part of it.
    """

    start: int
    end: int
    text: str
    is_explicit: bool
    stands_free: bool = True


class KnownAddresses:
    """Knows the addresses that texts contain, and how these write them.

    Args:
        texts: whose links, and whose bare addresses, are known.
        addresses: that are known besides.
    """

    def __init__(self, texts: Iterable[str], addresses: Iterable[str] = ()) -> None:
        known = set(addresses)
        for text in texts:
            known |= {match["target"] for match in _TARGET.finditer(text)}
            found = [address.text for address in find_addresses(text)]
            known.update(found)
            known |= {
                f"mailto:{address.strip(_AROUND_MAIL)}" for address in found if "@" in address
            }
        written = {unescapeAll(address.strip()) for address in known} - {""}
        self._spellings: dict[str, str] = {}
        for address in sorted(written):
            page, _, fragment = address.partition("#")
            if page:
                self._spellings.setdefault(_normalise_page(page), page)
                self._spellings.setdefault(f"{_normalise_page(page)}#{fragment}", address)
        # Readers of Markdown write a target as `normalizeLink` does.
        exact = known.union(written, map(normalizeLink, written))
        self._exact = exact.union(address.partition("#")[0] for address in exact) - {""}
        self._names = {_SCHEME.sub("", address, count=1) for address in self._exact}
        self._names |= {read_host(address) for address in self._exact} - {""}
        self._names |= {name.casefold() for name in self._names if "/" not in name}

    @classmethod
    def of(cls, passages: Sequence[Passage], *texts: str) -> KnownAddresses:
        """Return those of passages, and of other texts."""
        chunks = [passage.chunk for passage in passages]
        urls = {chunk.url for chunk in chunks}
        for chunk in chunks:
            targets = [match["target"] for match in _TARGET.finditer(chunk.text)]
            page = chunk.url.partition("#")[0]
            urls |= {page + target for target in targets if target.startswith("#")}
        return cls([*(chunk.text for chunk in chunks), *texts], urls)

    def is_known(self, target: str) -> bool:
        """Return True if a text contains a link's target exactly."""
        return target in self._exact

    def find_spelling(self, target: str) -> str:
        """Return a target as the texts write it, or ''.

        A section that no text names is the spelling of its page: private text could stand there.
        """
        if self.is_known(target):
            return target
        page, _, fragment = target.partition("#")
        name = _normalise_page(page)
        return self._spellings.get(f"{name}#{fragment}") or self._spellings.get(name, "")

    def find_shown(self, address: Address) -> str:
        """Return an address as the texts write it, or ''.

        The beginning of a name may be shown before its end is known: it has no other spelling.
        """
        shown = self.find_spelling(address.text) if address.is_explicit else ""
        page, _, fragment = shown.partition("#")
        shown = shown if _FRAGMENT.fullmatch(fragment) else page
        return "" if shown == address.text else shown

    def find_unknown(self, text: str) -> Iterator[Address]:
        """Yield the addresses that must not stand so, in their order."""
        for address in find_addresses(text):
            if not (self.has(address) and address.stands_free):
                yield address

    def has(self, address: Address) -> bool:
        """Return True if a text contains an address of prose exactly."""
        if not _FRAGMENT.fullmatch(address.text.partition("#")[2]):
            return False  # a reader may see another address in it
        return self.is_known(address.text) or (
            not address.is_explicit and self._is_known_name(address.text)
        )

    def find_part(self, address: str) -> str:
        """Return the known address before other words; '' without one."""
        ends = [match.start() for match in _FOLLOWING.finditer(address)][:_MOST_PARTS]
        parts = [address[:end] for end in ends if address[:end] == _cut_punctuation(address[:end])]
        whole = (part for part in reversed(parts) if self.is_known(part) or "#" not in part)
        sections = (part for part in parts if "#" in part)
        return next(filter(self.find_spelling, (*whole, *sections)), "")

    def _is_known_name(self, name: str) -> bool:
        mail = name.strip(_AROUND_MAIL)
        if "@" in name and self.is_known(f"mailto:{mail}"):
            return name.index(mail) <= _MOST_AROUND
        return name in self._names or _WORDS_BEFORE.sub("", name) in self._names


def find_addresses(text: str) -> Iterator[Address]:
    """Yield what readers take for an address, in its order."""
    at = 0
    while match := _MARKED.search(text, at):
        end = match.start() + len(_cut_punctuation(match[0]))
        yield from _find_names(text, at, match.start())
        stands_free = _FREE.match(text, end) is not None
        if end > match.start():
            found = text[match.start() : end]
            yield Address(match.start(), end, found, is_explicit=True, stands_free=stands_free)
        at = max(end, match.start() + 1)
    yield from _find_names(text, at, len(text))


def _find_names(text: str, begin: int, end: int) -> Iterator[Address]:
    """Yield names and mail addresses in a part of a text."""
    for match in _UNMARKED.finditer(text, begin, end):
        name = _cut_punctuation(match[0]) if match["mail"] else _read_name(match)
        if name:
            yield Address(match.start(), match.start() + len(name), name, is_explicit=False)


def _read_name(match: regex.Match[str]) -> str:
    """Return the name that a reader links; '' without one."""
    host, path = match["host"] or "", match["path"]
    if path is not None:
        start = match.start("path") - match.start()
        return str(match[0][:start] + _cut_punctuation(path))
    # Some readers take a dot of another language for a dot, some for the end of a name.
    ends = [dot.start() for dot in _WIDE_DOT.finditer(host)]
    names = [host, *(host[:end] for end in reversed(ends))]
    return next((name for name in names if _is_linked(name)), "")


def _is_linked(name: str) -> bool:
    labels = regex.split(_DOT, name)
    is_free = name.lower() in _EXAMPLES or len(labels) < 2
    return not is_free and is_top_level_domain(labels[-1].rstrip("-"))


def find_link_breaks(words: str) -> list[int]:
    """Return the places of the breaks in a text's names.

    Only whole names are read: a streaming text is cut behind a space.
    """
    breaks = [match.start() for match in _BREAKS.finditer(words)]
    # Where each of them stands in the text without breaks.
    bare = dict(zip((at - number for number, at in enumerate(breaks)), breaks, strict=True))
    return [
        place
        for address in (find_addresses(_BREAKS.sub("", words)) if breaks else ())
        for at, place in bare.items()
        if address.start < at < address.end
    ]


def write_target(address: str) -> str:
    """Return an address as the target of a link."""
    target = normalizeLink(address)
    return f"<{target}>" if regex.search(r"[()&\\]", target) else target


def escape_signs(text: str, begin: int = 0, end: int | None = None) -> str:
    """Return a part of a text without signs of links.

    Args:
        text: Markdown.
        begin: the place where the part begins.
        end: the place behind it; None for the text's end.

    Returns:
        The part, without them.
    """

    def escape(sign: str) -> str:
        return _NAMED.get(sign) or (OMITTED if len(sign) > 1 else f"\\{sign}")

    parts, end = "", len(text) if end is None else end
    for match in _SIGNS.finditer(text, begin, end):  # sees the signs before the part
        parts += text[begin : match.start()] + escape(match[0])
        begin = match.end()
    return parts + text[begin:end]


def read_host(address: str) -> str:
    """Return the host of an address, in lower case; '' without one."""
    match = _HOSTNAME.match(address)
    if match:
        return str(match["host"]).lower()
    return address.rpartition("@")[2].lower() if "@" in address else ""


def find_other_host(label: str, target: str) -> str:
    """Return the host of a link whose label names another.

    Return an empty text if it names none.
    """
    host = read_host(target)
    if not host or host in label.lower():
        return ""
    # As people read it: `*` and other signs between letters are not shown.
    written = unescapeAll(label).replace(BREAK, "")
    shown = _HIDDEN_MARKUP.sub("", written)
    for address in (*find_addresses(written), *find_addresses(shown)):
        named = read_host(address.text if "//" in address.text else f"//{address.text}")
        named = regex.sub("[．｡。]", ".", named).removeprefix("www.")
        ending = named.rpartition(".")[2]
        is_name = is_top_level_domain(ending) and ending not in FILE_ENDINGS
        is_same = host.endswith(named) or named.endswith(host.removeprefix("www."))
        is_part = address.text.lower() in target.lower()
        if not is_same and (address.is_explicit or (is_name and not is_part)):
            return host
    return ""


def _normalise_page(page: str) -> str:
    """Write what has several forms in one."""
    page = normalizeLink(unescapeAll(page.strip()))
    origin = _ORIGIN.match(page)
    if origin and origin[0].lower() == "mailto:":
        page = page.casefold()
    elif origin:
        page = origin[0].lower() + page[origin.end() :]
    return page.rstrip("/")


def _cut_punctuation(address: str) -> str:
    """Return an address in prose without the punctuation that follows it."""
    stop = _STOP.search(address)
    address = address[: stop.start()] if stop else address
    end = len(address)
    while end and (address[end - 1] in ".,;:!?*_~'" or _has_unopened_bracket(address[:end])):
        end -= 1
    return address[:end]


def _has_unopened_bracket(address: str) -> bool:
    """Return True if the address ends with a bracket opened before it."""
    opening = _CLOSING.get(address[-1])
    return opening is not None and address.count(address[-1]) > address.count(opening)
