"""Codes of emoji and icons, such as `:rocket:` and `:material-heart:`."""

from __future__ import annotations

import re

from rich.emoji import Emoji

_CODE = re.compile(r"(?<![\w:/.`\\-])(:([a-z0-9+][\w+-]{0,60}):)(?![\w:/])", re.IGNORECASE)
_SETS = re.compile(
    r"(?:material|octicons?|fontawesome|fa[bsrl]?|simple|lucide|heroicons|tabler|bootstrap|bi|mdi|"
    r"feather|iconify|logos|carbon|twemoji|noto|phosphor)-\w[\w-]*"
)


def replace_icons(text: str) -> str:
    """Replace codes of emoji by their characters, and drop those of icons.

    Anything else between colons, such as `10:30:45`, stays.
    """
    return _CODE.sub(_find_character, text) if ":" in text else text


def drop_icons(heading: str, *, emoji: bool = True) -> str:
    """Drop the codes of icons of a heading.

    Args:
        heading: the heading.
        emoji: whether to drop the codes of emoji, too.
    """
    if ":" not in heading:
        return heading
    dropped = _CODE.sub(lambda match: "" if _is_icon(match, emoji=emoji) else match[0], heading)
    return " ".join(dropped.split()) or replace_icons(heading)


def _is_icon(match: re.Match[str], *, emoji: bool) -> bool:
    character = _find_character(match)
    return character == "" or (emoji and character != match[0])


def _find_character(match: re.Match[str]) -> str:
    name = match[2].lower()
    if _SETS.fullmatch(name):
        return ""
    character = Emoji.replace(f":{name}:")
    return match[0] if character.startswith(":") else character
