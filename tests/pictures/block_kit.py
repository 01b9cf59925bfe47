"""Block Kit as HTML, near enough to what Slack shows to look at it in the handbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from markdown_it import MarkdownIt

Block = Mapping[str, Any]

NOW = datetime(2026, 3, 3, 9, 41, tzinfo=UTC)
"""The time at which everything is looked at: a Tuesday."""

NAMES = {"C0HELP": "aurora-help", "C0ADMIN": "docs-admins", "U0MARA": "Mara", "U0DOCENT": "docent"}

_LINK = re.compile(r"&lt;([^|&]*)\|([^&]*?)&gt;")
_DATE = re.compile(r"&lt;!date\^(\d+)\^([^|]*)\|[^&]*&gt;")
_MENTION = re.compile(r"&lt;([@#])([A-Z0-9]+)&gt;")
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def draw_blocks(blocks: Sequence[Block]) -> str:
    """Blocks, one below the other."""
    return "".join(map(draw_block, blocks))


def draw_block(block: Block) -> str:
    """One block.

    Raises:
        LookupError: of a kind that is not drawn here.
    """
    if block["type"] not in _DRAWERS:
        raise LookupError(f"no picture of a block {block['type']}")
    return _DRAWERS[block["type"]](block)


def draw_context(block: Block) -> str:
    """The small grey line below an answer."""
    text = " ".join(draw_mrkdwn(element["text"]) for element in block["elements"])
    return f'<div class="context">{text}</div>'


def draw_button(button: Block) -> str:
    style = button.get("style", "")
    return f'<span class="button {style}">{escape(button["text"]["text"])}</span>'


def draw_thumbs(element: Block) -> str:
    """The two small buttons by which people rate."""
    texts = [element[f"{side}_button"]["text"]["text"] for side in ("positive", "negative")]
    return "".join(f'<span class="thumb">{escape(text)}</span>' for text in texts)


def draw_input(block: Block) -> str:
    """A question of a form, with its choices or its field."""
    label = escape(block["label"]["text"])
    if block["optional"]:
        label += ' <span class="optional">(optional)</span>'
    element = block["element"]
    if element["type"] == "radio_buttons":
        texts = [escape(option["text"]["text"]) for option in element["options"]]
        inner = "".join(f'<div class="choice"><i></i>{text}</div>' for text in texts)
    elif element["type"] == "plain_text_input":
        inner = '<div class="field"></div>'
    else:
        raise LookupError(f"no picture of an element {element['type']}")
    return f'<div class="input"><b>{label}</b>{inner}</div>'


_DRAWERS: Mapping[str, Callable[[Block], str]] = {
    "actions": lambda it: f'<div class="buttons">{"".join(map(draw_button, it["elements"]))}</div>',
    "context": draw_context,
    "context_actions": lambda it: (
        f'<div class="thumbs">{"".join(map(draw_thumbs, it["elements"]))}</div>'
    ),
    "divider": lambda _: "<hr>",
    "header": lambda it: f"<h2>{escape(it['text']['text'])}</h2>",
    "input": draw_input,
    "markdown": lambda it: f'<div class="markdown">{_MARKDOWN.render(it["text"])}</div>',
    "section": lambda it: f'<div class="section">{draw_mrkdwn(it["text"]["text"])}</div>',
}


def draw_mrkdwn(text: str) -> str:
    """Slack's own markup: links, mentions, dates, bold, italics and code."""
    text = re.sub(r"[<>\"]", lambda found: escape(found[0]), text)
    text = _DATE.sub(
        lambda found: draw_date(int(found[1]), found[2], first=not found.start()), text
    )
    text = _LINK.sub(r"<a>\2</a>", text)
    text = _MENTION.sub(lambda found: f"<a>{found[1]}{NAMES.get(found[2], found[2])}</a>", text)
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w_])_([^_\n]+)_(?![\w_])", r"<i>\1</i>", text)


def draw_date(timestamp: int, form: str, *, first: bool = False) -> str:
    """A moment as Slack writes it for a reader in UTC who looks at `NOW`.

    Raises:
        LookupError: the form is not drawn here.
    """
    when = datetime.fromtimestamp(timestamp, UTC)
    days = (NOW.date() - when.date()).days
    if form == "{ago}":
        hours = int((NOW - when).total_seconds()) // 3600
        return f"{hours} hours ago" if days < 1 else f"{days} days ago"
    if form != "{date_short_pretty} {time}":
        raise LookupError(f"no picture of a date {form}")
    day = {-1: "tomorrow", 0: "today", 1: "yesterday"}.get(
        days, f"{when:%b} {when.day}, {when.year}"
    )
    return f"{day.capitalize() if first else day} {draw_time(when)}"


def draw_time(when: datetime) -> str:
    """A time of day in English."""
    return f"{when:%I:%M %p}".lstrip("0")
