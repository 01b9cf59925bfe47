"""Message content: the author's own words, what they quote, and the files they share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.conversation.history import shorten_middle
from bot.conversation.small_talk import is_greeting
from bot.slack.content.attachments import Quotation, read_attachments
from bot.slack.content.markup import read_markup
from bot.slack.content.payloads import read_number
from bot.slack.content.rich_text import render_blocks, replace_named_references
from bot.types import SharedFile

_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"[*_~`]|^[ \t>]*(?:\d{1,3}|[a-z]{1,4})\.[ \t]", re.MULTILINE)
"""Signs of markup, and marks of lists, which text and blocks count in their own ways."""

_FENCE = re.compile(r"```\w+\n")
"""The beginning of code with its language, which only blocks name."""

_QUESTION_CHARACTERS = 2_000
"""A longer forwarded message is asked about without its middle, and read as a whole."""


@dataclass(frozen=True, slots=True)
class MessageContent:
    """A message as a person sees it.

    Attributes:
        own_text: the author's own words; empty without any.
        quotations: what the message forwards, quotes, attaches or previews.
        files: the files that it shares, those of forwarded messages included.
    """

    own_text: str
    quotations: tuple[Quotation, ...]
    files: tuple[SharedFile, ...]

    @property
    def text(self) -> str:
        """The question: own words, else what was forwarded, else the names of the files."""
        names = ", ".join(file.name for file in self.files)
        quoted = shorten_middle(self._quoted_text, _QUESTION_CHARACTERS)
        return self.own_text or quoted or names

    @property
    def material(self) -> str:
        """The text that is read with the question: quotations, but for the question itself."""
        is_question = not self.own_text and self.text == self._quoted_text
        texts = (
            each.signed_text
            for each in self.quotations
            if each.kind == "preview" or not is_question
        )
        return "\n\n".join(text for text in texts if text)

    @property
    def full_text(self) -> str:
        """Own words, quotations and the names of files, as a message of a thread is read."""
        names = [f"[{file.name}]" for file in self.files]
        quotations = [each.signed_text for each in self.quotations]
        return "\n".join(part for part in (self.own_text, *quotations, *names) if part)

    @property
    def _quoted_text(self) -> str:
        texts = (each.text for each in self.quotations if each.kind != "preview")
        return "\n\n".join(text for text in texts if text)


def read_content(message: Mapping[str, Any], *, bot_user: str = "") -> MessageContent:
    """Return the content of a message, without mentions of `bot_user`."""
    quotations = read_attachments(message.get("attachments"), bot_user=bot_user)
    own = _read_own_text(message, bot_user)
    # A link to a quoted message is the quotation, not a word of the author.
    for each in quotations:
        if each.kind == "message" and each.url and _is_same_page(own, each.url):
            own = ""
    if any(each.kind != "preview" for each in quotations) and is_greeting(own):
        own = ""
    shared = [*_list_files(message.get("files"))]
    for each in quotations:
        shared += _list_files(each.files)
    return MessageContent(own, quotations, tuple({file.id: file for file in shared}.values()))


def _read_own_text(message: Mapping[str, Any], bot_user: str) -> str:
    """Return the text, and its blocks where these say more.

    Slack's own client sends both alike; apps may put anything into either.
    """
    raw = str(message.get("text") or "")
    text = read_markup(raw, bot_user=bot_user)
    blocks = render_blocks(message.get("blocks") or (), bot_user=bot_user)
    # Both name people by id, and dates as blocks do, else the same words would look new.
    in_text = _list_words(read_markup(replace_named_references(raw), bot_user=bot_user))
    in_blocks = _list_words(_FENCE.sub("", blocks))
    if not blocks or (text and not in_blocks - in_text):
        return text
    return f"{text}\n{blocks}" if in_text - in_blocks else blocks


def _list_words(text: str) -> set[str]:
    """Return the words of a text, without the signs of its markup."""
    return set(_WORD.findall(_SIGNS.sub("", text).casefold()))


def _is_same_page(one: str, other: str) -> bool:
    """Return whether two links differ at most in their query."""
    return one.partition("?")[0] == other.partition("?")[0]


def _list_files(files: Any) -> list[SharedFile]:
    files = files if isinstance(files, list | tuple) else []
    return [_build_file(file) for file in files if isinstance(file, Mapping) and file.get("id")]


def _build_file(file: Mapping[str, Any]) -> SharedFile:
    """Return a file; a deleted or hidden one has no URL."""
    name = str(file.get("name") or file.get("title") or file.get("id"))
    is_gone = str(file.get("mode")) in {"tombstone", "hidden_by_limit"}
    return SharedFile(
        id=str(file["id"]),
        name=" ".join(name.split()),
        media_type=str(file.get("mimetype") or ""),
        size=read_number(file.get("size")),
        url="" if is_gone else str(file.get("url_private") or ""),
    )
