"""Attachments: forwarded messages, what other apps attach, and previews of links."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.slack.content.markup import read_markup
from bot.slack.content.rich_text import render_blocks

_MOST_NESTED = 3
"""A forwarded message may hold a forwarded message; deeper ones are left out."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """A text that a message brings along.

    Attributes:
        kind: `message` for a forwarded or quoted one, `attachment` for what an app attached,
            `preview` for what Slack or an app shows of a link.
        text: the text, without its author.
        author: name of its author; empty if unknown.
        url: address that it was taken from; empty for none.
        files: the files of a forwarded message, as Slack describes them.
    """

    kind: Literal["message", "attachment", "preview"]
    text: str
    author: str = ""
    url: str = ""
    files: tuple[Mapping[str, Any], ...] = ()

    @property
    def signed_text(self) -> str:
        """The text below its author's name."""
        return f"{self.author}:\n{self.text}" if self.author and self.text else self.text


def read_attachments(attachments: Any, *, bot_user: str = "") -> tuple[Quotation, ...]:
    """Return the quotations of a message's attachments, without empty ones."""
    quotations = (_read_attachment(each, bot_user, 0) for each in _list_mappings(attachments))
    return tuple(each for each in quotations if each.text or each.files)


def list_quoted_authors(attachments: Any) -> list[str]:
    """Return the ids of people whose messages attachments quote, nested ones included."""
    authors = (_find_author(each) for each in _walk_attachments(attachments))
    return [author for author in dict.fromkeys(authors) if author]


def remove_quotations(attachments: Any, authors: Collection[str]) -> list[Mapping[str, Any]]:
    """Return attachments without those that quote one of these authors."""
    return [
        _remove_nested(each, authors)
        for each in _list_mappings(attachments)
        if _find_author(each) not in authors
    ]


def _remove_nested(attachment: Mapping[str, Any], authors: Collection[str]) -> Mapping[str, Any]:
    changed = dict(attachment)
    if attachment.get("attachments"):
        changed["attachments"] = remove_quotations(attachment["attachments"], authors)
    if attachment.get("message_blocks"):
        changed["message_blocks"] = [
            {**each, "message": _remove_nested(_get_message(each), authors)}
            for each in _list_mappings(attachment["message_blocks"])
            if str(_get_message(each).get("user") or "") not in authors
        ]
    return changed


def _walk_attachments(attachments: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield attachments and the messages within them, if read."""
    for each in _list_mappings(attachments):
        yield each
        if depth < _MOST_NESTED:
            yield from _walk_attachments(each.get("attachments"), depth + 1)
            for block in _list_mappings(each.get("message_blocks")):
                yield _get_message(block)
                yield from _walk_attachments(_get_message(block).get("attachments"), depth + 1)


def _find_author(attachment: Mapping[str, Any]) -> str:
    return str(attachment.get("author_id") or attachment.get("user") or "")


def _get_message(block: Mapping[str, Any]) -> Mapping[str, Any]:
    message = block.get("message")
    return message if isinstance(message, Mapping) else {}


def _read_attachment(attachment: Mapping[str, Any], bot_user: str, depth: int) -> Quotation:
    kind = _find_kind(attachment)
    names = ("author_name", "author_subname", "username")
    author = next((str(attachment[name]) for name in names if attachment.get(name)), "")
    author = " ".join(author.split())  # or a name could imitate another author's message
    text = _read_message_blocks(attachment, bot_user, depth) if kind == "message" else ""
    text = text or _read_body(attachment, bot_user, with_title=kind != "message")
    if depth < _MOST_NESTED:
        inner = (
            _read_attachment(each, bot_user, depth + 1)
            for each in _list_mappings(attachment.get("attachments"))
        )
        text = _join([text, *(each.signed_text for each in inner)])
    files = tuple(_list_mappings(attachment.get("files")))
    if not text and not files:
        text = _read_text(attachment.get("fallback"), bot_user)
    url = str(attachment.get("from_url") or attachment.get("original_url") or "")
    return Quotation(kind, text, author if kind == "message" else "", url, files)


def _find_kind(attachment: Mapping[str, Any]) -> Literal["message", "attachment", "preview"]:
    marks = ("is_share", "is_msg_unfurl", "is_reply_unfurl", "is_thread_root_unfurl")
    if any(attachment.get(mark) for mark in marks) or attachment.get("message_blocks"):
        return "message"
    links = ("from_url", "original_url", "is_app_unfurl", "app_unfurl_url", "bot_link_unfurl")
    return "preview" if any(attachment.get(link) for link in links) else "attachment"


def _read_message_blocks(attachment: Mapping[str, Any], bot_user: str, depth: int) -> str:
    """Return the text of a message quoted as blocks within blocks."""
    texts: list[str] = []
    for each in _list_mappings(attachment.get("message_blocks")):
        message = _get_message(each)
        texts.append(render_blocks(message.get("blocks") or (), bot_user=bot_user))
        if depth < _MOST_NESTED:
            inner = _list_mappings(message.get("attachments"))
            texts += [_read_attachment(one, bot_user, depth + 1).signed_text for one in inner]
    return _join(texts)


def _read_body(attachment: Mapping[str, Any], bot_user: str, *, with_title: bool) -> str:
    """Return pretext, title, fields, and the text or longer blocks."""
    title = _read_text(attachment.get("title"), bot_user)
    text = _read_text(attachment.get("text"), bot_user)
    blocks = render_blocks(attachment.get("blocks") or (), bot_user=bot_user)
    fields = (
        ": ".join(
            part
            for part in (_read_text(field.get(key), bot_user) for key in ("title", "value"))
            if part
        )
        for field in _list_mappings(attachment.get("fields"))
    )
    pretext = _read_text(attachment.get("pretext"), bot_user)
    body = text if len(text) >= len(blocks) else blocks
    return _join([pretext, title if with_title or not body else "", body, *fields])


def _read_text(value: Any, bot_user: str) -> str:
    return read_markup(str(value), bot_user=bot_user) if value else ""


def _join(texts: Iterable[str]) -> str:
    """Return texts on lines of their own, each once."""
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _list_mappings(values: Any) -> list[Mapping[str, Any]]:
    values = values if isinstance(values, list | tuple) else []
    return [value for value in values if isinstance(value, Mapping)]
