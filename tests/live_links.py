"""What is live in a text: an independent reading of Markdown, of Slack's mrkdwn and of plain text.

It shares no line with docent's own reading: the links of markdown-it with and without HTML and
tables, the attributes of tags, and every address or name in its words that a reader links.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSERS = [
    MarkdownIt("commonmark", {"html": html, "maxNesting": 400}).enable(["strikethrough", *tables])
    for html in (True, False)
    for tables in ([], ["table"])
]
for _parser in _PARSERS:
    _parser.validateLink = lambda _url: True  # type: ignore[method-assign]

_ATTRIBUTE = re.compile(
    r"<[a-z][^>]*?[\s/](?:href|src|action|formaction|data|poster|background|srcset|content|style"
    r"|on\w+|xlink:href|ping|cite)\s*=\s*[\"']?([^\"'>\s]*)",
    re.IGNORECASE,
)
_EXPLICIT = re.compile(r"(?:https?|ftp)://[^\s<>\"]+|mailto:[^\s<>\"\u200b]+", re.IGNORECASE)
_MARKED = re.compile(_EXPLICIT.pattern + r"|www\.[^\s<>\"]+", re.IGNORECASE)
# Endings of the attacks, and of enough others.
_ENDING = r"(?:com|net|org|io|co|dev|app|xyz|site|info|example|test|uk|de|ru)"
_NAME = re.compile(
    rf"(?<![\w@./:-])(?:www\.)?(?:[\w-]+\.)+{_ENDING}(?![\w-])(?::\d+)?(?:[/?#][^\s<>\"]*)?",
    re.IGNORECASE,
)
_MAIL = re.compile(rf"[\w.+-]+@(?:[\w-]+\.)+{_ENDING}(?![\w-])", re.IGNORECASE)
_FREE = re.compile(r"(?i:example\.(?:com|org|net)|[\w-]+\.example)")
_MENTION = re.compile(
    r"<(?:@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!(?:here|channel|everyone|group)\b|!(?:subteam|date)\^)"
)
_MRKDWN_LINK = re.compile(r"<((?:[a-z][a-z0-9+.-]*:|//)[^<>|]*)(?:\|[^<>]*)?>", re.IGNORECASE)
_MRKDWN_CODE = re.compile(r"```.*?```|(?<!\w)`[^`\n]+`(?!\w)", re.DOTALL)


def find_links(text: str) -> list[str]:
    """The targets of a Markdown text that a reader could open."""
    return [link for parser in _PARSERS for link in _list_targets(parser.parse(text + "\n", {}))]


def find_words(text: str) -> list[str]:
    """The words of a Markdown text outside of code, as readers see them."""
    return [
        words
        for parser in _PARSERS
        for token in parser.parse(text + "\n", {})
        for words in _list_words(token)
    ]


def find_bare_addresses(text: str) -> list[str]:
    """The addresses and names in the words of a Markdown text."""
    return [address for words in find_words(text) for address in find_plain_addresses(words)]


def find_marked_addresses(text: str) -> list[str]:
    """The addresses outside of code that are written as such: a terminal links no bare names."""
    found = [address for words in find_words(text) for address in _MARKED.findall(words)]
    return [address.rstrip(".,;:!?)]*_~'") for address in found]


def find_plain_addresses(text: str) -> list[str]:
    """The addresses and names in a text without markup."""
    found = [match for pattern in (_EXPLICIT, _NAME, _MAIL) for match in pattern.findall(text)]
    return [address.rstrip(".,;:!?)]*_~'") for address in found if not _FREE.fullmatch(address)]


def find_mentions(text: str) -> list[str]:
    """The mentions in the words of a Markdown text."""
    words = find_words(text)
    tags = [
        token.content
        for parser in _PARSERS
        for token in _walk(parser.parse(text + "\n", {}))
        if token.type in {"html_inline", "html_block"}
    ]
    return [match for part in (*words, *tags) for match in _MENTION.findall(part)]


def find_mrkdwn_links(text: str) -> list[str]:
    """The targets in Slack's mrkdwn, with the addresses that it links by itself."""
    prose = _MRKDWN_CODE.sub(" ", text)
    links = [html.unescape(target) for target in _MRKDWN_LINK.findall(prose)]
    bare = html.unescape(_MRKDWN_LINK.sub(" ", prose))
    return [*links, *find_plain_addresses(bare)]


def find_mrkdwn_mentions(text: str) -> list[str]:
    """The mentions in Slack's mrkdwn."""
    return _MENTION.findall(_MRKDWN_CODE.sub(" ", text))


def _walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or [])


def _list_targets(tokens: list[Token]) -> Iterator[str]:
    for token in _walk(tokens):
        for name in ("href", "src"):
            if name in token.attrs:
                yield str(token.attrs[name])
        if token.type in {"html_inline", "html_block"}:
            yield from _ATTRIBUTE.findall(token.content)


def _list_words(token: Token) -> Iterator[str]:
    if token.type == "html_block":
        yield re.sub(r"<[^>]*>", " ", token.content)
    if token.type != "inline":
        return
    words, depth = "", 0
    for child in token.children or []:
        depth += child.nesting if child.type.startswith("link_") else 0
        if child.type in {"text", "text_special"} and not depth:
            words += child.content
        elif not child.type.startswith(("em_", "strong_", "s_")):
            words += " "
    yield words
