"""Block Kit as a web page, near enough to what Slack shows to look at it in the handbook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt

Block = Mapping[str, Any]

STYLE = """
body { margin: 0; padding: 18px 20px; width: 640px; color: #1d1c1d; background: #fff;
  font: 15px/1.46 Lato, "DejaVu Sans", sans-serif; }
.who { display: flex; gap: 10px; } .face { width: 36px; height: 36px; border-radius: 6px;
  background: #1f3a5f; color: #fff; font: bold 20px/36px serif; text-align: center; }
.body { flex: 1; min-width: 0; } b.name { font-size: 15px; } .app { font-size: 10px;
  background: #ddd; padding: 1px 3px; border-radius: 2px; color: #555; margin-left: 4px; }
p, ul, ol, pre { margin: 4px 0 6px; } .section { margin: 6px 0; white-space: pre-wrap; }
.context { font-size: 12px; color: #616061; margin: 6px 0; white-space: pre-wrap; }
h2 { font-size: 18px; margin: 14px 0 2px; } hr { border: 0; border-top: 1px solid #ddd; }
code { font-size: 12px; background: #f6f6f6; border: 1px solid #ddd; border-radius: 3px;
  padding: 1px 3px; color: #c01343; } pre code { color: #1d1c1d; display: block; padding: 8px; }
a { color: #1264a3; text-decoration: none; } .buttons { margin: 8px 0; }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 4px; font-weight: bold;
  font-size: 13px; padding: 4px 11px; margin-right: 8px; }
.danger { background: #e01e5a; border-color: #e01e5a; color: #fff; }
.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
"""

_LINK = re.compile(r"&lt;[^|&]*\|([^&]*?)&gt;")
_DATE = re.compile(r"&lt;!date\^\d+\^([^|]*)\|[^&]*&gt;")
_DATES = {"{ago}": "2 hours ago", "{date_short_pretty} {time}": "Today at 9:30 AM"}
_MENTION = re.compile(r"&lt;([@#])([A-Z0-9]+)&gt;")


def page(blocks: Sequence[Block], *, message: bool) -> str:
    """A page with one message of docent's, or with its Home tab."""
    inner = "".join(map(block, blocks))
    if message:
        name = '<b class="name">docent</b><span class="app">APP</span>'
        body = f'<div class="body">{name}{inner}</div>'
        inner = f'<div class="who"><div class="face">d</div>{body}</div>'
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{inner}"


def block(one: Block) -> str:
    """One block.

    Raises:
        LookupError: of a kind that is not drawn here.
    """
    match one["type"]:
        case "markdown":
            return str(MarkdownIt("commonmark").enable("table").render(one["text"]))
        case "section":
            return f'<div class="section">{mrkdwn(one["text"]["text"])}</div>'
        case "header":
            return f"<h2>{escape(one['text']['text'])}</h2>"
        case "context":
            text = " ".join(mrkdwn(element["text"]) for element in one["elements"])
            return f'<div class="context">{text}</div>'
        case "actions" | "context_actions":
            return f'<div class="buttons">{"".join(map(element, one["elements"]))}</div>'
        case "divider":
            return "<hr>"
    raise LookupError(f"no picture of a block {one['type']}")


def element(one: Block) -> str:
    """A button, or the two of a feedback."""
    if one["type"] == "feedback_buttons":
        texts = [one[f"{side}_button"]["text"]["text"] for side in ("positive", "negative")]
    else:
        texts = [one["text"]["text"]]
    style = one.get("style", "")
    return "".join(f'<span class="button {style}">{escape(text)}</span>' for text in texts)


def mrkdwn(text: str) -> str:
    """Slack's own markup: links, mentions, dates, bold, italics and code."""
    text = re.sub(r"[<>\"]", lambda found: escape(found[0]), text)
    text = _DATE.sub(lambda found: _DATES[found[1]], text)
    text = _LINK.sub(r"<a>\1</a>", text)
    text = _MENTION.sub(r"<a>\1\2</a>", text)
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w_])_([^_\n]+)_(?![\w_])", r"<i>\1</i>", text)
