"""Sentences of the five texts in Discord's dialect; they are written in Slack's."""

from __future__ import annotations

import re

_BOLD = re.compile(r"(?<![\\*\w])\*(?=\S)([^*\n]+)(?<=\S)\*(?![*\w])")
_LINK = re.compile(r"<(https?://[^|>\s]+)\|([^>\n]+)>")
_DATE = re.compile(r"<!date\^(\d{1,12})\^(\{ago\})?[^|>]*\|[^>]*>")
_BULLET = re.compile(r"^• ", re.MULTILINE)


def adapt_sentence(text: str) -> str:
    """Turn Slack's bold, links, dates and bullets into Discord's.

    Values in the sentence must be escaped for Discord already.
    """
    text = _LINK.sub(r"[\2](<\1>)", _BULLET.sub("- ", text))
    text = _DATE.sub(lambda date: f"<t:{date[1]}:{'R' if date[2] else 'f'}>", text)
    return _BOLD.sub(r"**\1**", text)
