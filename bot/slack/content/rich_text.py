"""Rich text: the blocks of a message become the text that people read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.slack.content.markup import read_markup, remove_mention
from bot.slack.content.payloads import as_mapping, read_number

_DATE = re.compile(r"<!date\^(\d{1,12})\^[^<>]*>")
_NAMED_REFERENCE = re.compile(r"<((?:[@#]|!subteam\^)[A-Z0-9]+)\|[^<>]*>")

_MOST_INDENTS = 8  # of a list, as Slack has it

Block = Mapping[str, Any]


def render_blocks(blocks: Iterable[Any], *, bot_user: str = "") -> str:
    """Return the text of blocks, without mentions of `bot_user`.

    Buttons and inputs are left out. People and channels stay as in `read_markup`.
    """
    texts = (_render_block(block) for block in _list_mappings(blocks))
    text = "\n".join(text for text in texts if text.strip())
    return remove_mention(text, bot_user).strip()


def replace_named_references(text: str) -> str:
    """Return a text whose references read as those of blocks do.

    People, channels and groups lose their names, and a date is followed by its time stamp.
    """
    text = _DATE.sub(lambda date: f"{date[0]} {_format_date(date[1])}", text)
    return _NAMED_REFERENCE.sub(r"<\1>", text)


def _render_block(block: Block) -> str:
    match block.get("type"):
        case "rich_text":
            text = _render_sections(block.get("elements"))
        case "actions" | "input" | "context_actions" | "divider":
            text = ""
        case "context":
            text = " ".join(_render_leaves(block.get("elements")))
        case "image" | "video":
            text = _join(block.get("title"), block.get("alt_text"))
        case "table":
            text = _render_table(block)
        case _:
            body = _join(
                block.get("title"),
                block.get("text"),
                block.get("description"),
            )
            fields = _render_leaves(block.get("fields"))
            text = "\n".join(part for part in (body, *fields) if part)
    return text


def _join(*values: Any) -> str:
    """Return texts on lines of their own, each once."""
    texts = (_render_text(value) for value in values)
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _render_text(value: Any) -> str:
    """Return the text of a text object, or of a plain string."""
    if isinstance(value, str):
        return value.strip()
    if not isinstance(value, Mapping):
        return ""
    text = str(value.get("text") or "")
    is_markup = value.get("type") == "mrkdwn"
    return read_markup(text) if is_markup else text.strip()


def _render_leaves(values: Any) -> list[str]:
    texts = (
        _render_text(each if each.get("text") else each.get("alt_text"))
        for each in _list_mappings(values)
    )
    return [text for text in texts if text]


def _render_table(block: Block) -> str:
    rows = (
        " | ".join(_render_cell(cell) for cell in _list_mappings(row))
        for row in _list_values(block.get("rows"))
    )
    return "\n".join(row for row in rows if row.strip(" |"))


def _render_cell(cell: Block) -> str:
    is_rich = cell.get("type") == "rich_text"
    text = _render_block(cell) if is_rich else str(cell.get("text") or "")
    return " ".join(text.split())


def _render_sections(sections: Any) -> str:
    """Return the sections of a rich text on lines of their own."""
    lines: list[str] = []
    for section in _list_mappings(sections):
        text = _render_section(section)
        if text.strip():
            lines.append(text.strip("\n"))
    return "\n".join(lines)


def _render_section(section: Block, depth: int = 0) -> str:
    elements = section.get("elements")
    match section.get("type"):
        case "rich_text_list":
            return _render_list(section, depth)
        case "rich_text_preformatted":
            code = _render_inline(elements).strip("\n")
            return f"```{section.get('language') or ''}\n{code}\n```"
        case "rich_text_quote":
            text = _render_inline(elements)
            return "\n".join(f"> {line}" for line in text.splitlines())
    return _render_inline(elements)


def _render_list(section: Block, depth: int) -> str:
    """Return the items of a list that is not too deep."""
    if depth > _MOST_INDENTS:
        return ""
    indent = "  " * min(read_number(section.get("indent")), _MOST_INDENTS)
    number = read_number(section.get("offset"))
    lines: list[str] = []
    for item in _list_mappings(section.get("elements")):
        number += 1
        mark = f"{number}." if section.get("style") == "ordered" else "•"
        lines.append(f"{indent}{mark} {_render_section(item, depth + 1).strip()}")
    return "\n".join(lines)


def _render_inline(elements: Any) -> str:
    return "".join(
        _INLINE.get(str(element.get("type")), _render_other)(element)
        for element in _list_mappings(elements)
    )


def _render_words(element: Block) -> str:
    text = str(element.get("text") or "")
    is_code = as_mapping(element.get("style")).get("code") and text.strip()
    return f"`{text}`" if is_code else text


def _render_link(element: Block) -> str:
    url = str(element.get("url") or "").removeprefix("mailto:")
    label = str(element.get("text") or "")
    return url if not label or label in url else f"{label} ({url})"


def _render_date(element: Block) -> str:
    fallback = str(element.get("fallback") or "")
    return fallback or _format_date(element.get("timestamp"))


def _render_other(element: Block) -> str:
    return str(element.get("text") or element.get("value") or element.get("url") or "")


_INLINE: Mapping[str, Callable[[Block], str]] = {
    "text": _render_words,
    "link": _render_link,
    "date": _render_date,
    "emoji": lambda element: f":{element.get('name')}:",
    "user": lambda element: f"<@{element.get('user_id')}>",
    "channel": lambda element: f"<#{element.get('channel_id')}>",
    "usergroup": lambda element: f"<!subteam^{element.get('usergroup_id')}>",
    "broadcast": lambda element: f"@{element.get('range') or 'channel'}",
}


def _format_date(timestamp: Any) -> str:
    try:
        return f"{datetime.fromtimestamp(int(timestamp), UTC):%Y-%m-%d %H:%M} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _list_mappings(values: Any) -> list[Mapping[str, Any]]:
    return [value for value in _list_values(values) if isinstance(value, Mapping)]


def _list_values(values: Any) -> list[Any]:
    """Return the values of a list, or of its JSON text."""
    if isinstance(values, str):
        try:
            values = json.loads(values)
        except (ValueError, RecursionError):
            return []
    return list(values) if isinstance(values, list | tuple) else []
