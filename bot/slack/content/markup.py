"""Markup: Slack's `mrkdwn` becomes the text that people read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_MARKUP = re.compile(r"<([^<>\n]+)>")
_REFERENCE = re.compile(r"<((?:[@#]|!subteam\^)[A-Z0-9]+)\|?>")


def extract_plain_text(text: str, *, bot_user: str = "") -> str:
    """Return a message's text as people read it, without mentions of `bot_user`."""
    return _read(text, bot_user, _render_markup)


def read_markup(text: str, *, bot_user: str = "") -> str:
    """Return a message's text without mentions of `bot_user`.

    People, channels and groups without a name stay as `<@U1>`, `<#C1>` and `<!subteam^S1>`.
    """
    return _read(text, bot_user, _keep_reference)


def remove_mention(text: str, bot_user: str) -> str:
    """Return a text without mentions of `bot_user`."""
    if not bot_user:
        return text
    parts = re.split(rf"<@{re.escape(bot_user)}(?:\|[^<>]*)?>", text)
    trimmed = [part.lstrip(" \t") if number else part for number, part in enumerate(parts)]
    return " ".join([*(part.rstrip(" \t") for part in trimmed[:-1]), trimmed[-1]])


def list_references(text: str) -> tuple[str, ...]:
    """Return the references to people, channels and groups, each once."""
    return tuple(dict.fromkeys(match[0] for match in _REFERENCE.finditer(text)))


def replace_references(text: str, names: Mapping[str, str]) -> str:
    """Replace references by names, or by ids without one."""
    return _REFERENCE.sub(lambda match: names.get(match[0]) or _render_markup(match), text)


def _read(text: str, bot_user: str, render: Callable[[re.Match[str]], str]) -> str:
    text = _MARKUP.sub(render, remove_mention(text, bot_user))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _keep_reference(match: re.Match[str]) -> str:
    return match[0] if _REFERENCE.fullmatch(match[0]) else _render_markup(match)


def _render_markup(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    if target.startswith("@"):
        return f"@{label.lstrip('@') or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    url = target.removeprefix("mailto:")
    return url if not label or label in url else f"{label} ({url})"
