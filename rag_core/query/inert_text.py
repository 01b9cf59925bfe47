"""Inert text: no text within a prompt closes its block or looks like a passage or a role."""

from __future__ import annotations

import regex

_NAMES = (
    "passages",
    "quoted_material",
    "team_instructions",
    "channel_instructions",
    "team_glossary",
    "conversation",
)
"""The tags of docent's prompts."""

# Invisible characters, wide signs and letters that only look alike do not hide a tag from an LLM.
_HIDDEN = r"[\p{Cf}\p{Mn}]*+"
_GAP = r"[\s\p{Cf}\p{Mn}]*+"
_OPENERS = "<\uff1c\ufe64\u2039\u3008\u27e8\u276e"
_SLASHES = "/\uff0f\u2044\u2215"
_LOOKALIKES = {
    "a": "\u0430\u03b1",
    "c": "\u0441",
    "e": "\u0435",
    "g": "\u0261",
    "i": "\u0456\u0131\u03b9",
    "l": "\u04cf",
    "n": "\u0578",
    "o": "\u043e\u03bf",
    "p": "\u0440\u03c1",
    "s": "\u0455",
    "u": "\u057d",
    "v": "\u03bd",
    "y": "\u0443",
}


def _build_letter(letter: str) -> str:
    """Build the pattern of a letter, wide, circled and mathematical ones included."""
    place = ord(letter) - ord("a")
    forms = [chr(0xFF41 + place), chr(0x24D0 + place)]
    forms += [chr(0x1D400 + 26 * style + place) for style in range(26)]
    return f"[{letter}{''.join(forms)}{_LOOKALIKES.get(letter, '')}]"


def _build_name(name: str) -> str:
    letters = (r"[\s_-]?" if each == "_" else _build_letter(each) for each in name)
    return _HIDDEN.join(letters)


_TAG = regex.compile(
    rf"[{_OPENERS}](?={_GAP}[{_SLASHES}]?{_GAP}(?:" + "|".join(map(_build_name, _NAMES)) + "))",
    regex.IGNORECASE,
)
_NUMBER_OPENER = regex.compile(r"[\u3010\ufe3b\u3016](?=[^\u3010\u3011]{0,80}?\p{N})")
_NUMBER_CLOSER = regex.compile(r"(?<=\p{N}[^\u3010\u3011]{0,80})[\u3011\ufe3c\u3017]")
_ROLE = regex.compile(
    rf"<(?=[|\uff5c]{_HIDDEN}[\w\u2581][\w\u2581 /-]{{0,40}}[|\uff5c]>)"
    r"|<(?=/?(?:start_of_turn|end_of_turn)>|</?SYS>>)|\[(?=/?INST\])",
    regex.IGNORECASE,
)
"""The signs with which servers of LLMs separate the roles of a conversation."""

_LINE_END = regex.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def escape_tags(text: str) -> str:
    """Escape the tags of docent's prompts.

    Then no text in a prompt can begin or end a part of it.
    """
    return str(_TAG.sub(lambda match: f"{match.group()} ", text))


def escape_numbers(text: str) -> str:
    """Put numbers that look like a passage's into square brackets."""
    return str(_NUMBER_CLOSER.sub("]", _NUMBER_OPENER.sub("[", text)))


def neutralise_passage(text: str) -> str:
    """Return a page's text without live tags and numbers."""
    return escape_numbers(escape_tags(text))


def neutralise_words(text: str) -> str:
    """Return people's words without live tags, numbers and roles.

    Apart from a space or a bracket, it stays as it is: a question may be about tags.
    """
    return str(_ROLE.sub(lambda match: f"{match.group()} ", neutralise_passage(text)))


def prefix_lines(text: str) -> str:
    """Indent all lines but the first.

    Then none of them begins like another message.
    """
    return str(_LINE_END.sub("\n  ", text))
