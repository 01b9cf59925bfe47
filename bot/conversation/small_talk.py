"""Small talk: thanks and the like, which get a reaction, and greetings, which get help.

A message is small talk only if phrases of `small_talk.toml` cover all of it, so that a message
with any more content stays a question.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files

_MOST_CHARACTERS = 120

_EMOJI = re.compile(r":[a-z0-9_+'-]+:(?::skin-tone-\d:)?", re.IGNORECASE)
_MENTION = re.compile(r"<[@!#][^<>]*>")
_QUESTION_MARKS = "?؟"  # the text is normalised
# These scripts put no space between words, so a phrase may end anywhere.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "HANGUL")


def is_small_talk(text: str) -> bool:
    """Return True if a message only thanks, approves or shows emoji."""
    text = _normalise(text)
    words = _EMOJI.sub(" ", text)
    if not _has_word(words):
        return _has_emoji(text)
    if any(mark in text for mark in _QUESTION_MARKS) or _is_covered_by_greetings(words):
        return False
    is_covered = _is_covered(words, _load_phrases("thanks", "approval", "fillers"))
    return is_covered and _load_phrases("thanks", "approval").search(words) is not None


def is_greeting(text: str) -> bool:
    """Return True if a message only greets or asks for help.

    The same holds for one without any word, such as `?`.
    """
    text = _normalise(text)
    words = _EMOJI.sub(" ", text)
    return _is_covered_by_greetings(words) if _has_word(words) else not _has_emoji(text)


def _is_covered_by_greetings(words: str) -> bool:
    phrases = _load_phrases("greetings", "addresses")
    return _is_covered(words, phrases) and _load_phrases("greetings").search(words) is not None


def _normalise(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).replace("\u2019", "'").casefold()
    return " ".join(_MENTION.sub(" ", folded).split())


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _has_emoji(text: str) -> bool:
    is_picture = any(unicodedata.category(character) in {"So", "Sk"} for character in text)
    return is_picture or _EMOJI.search(text) is not None


def _is_covered(text: str, phrases: re.Pattern[str]) -> bool:
    """Return whether phrases cover the text, apart from signs."""
    position = 0
    while position < len(text) <= _MOST_CHARACTERS:
        if match := phrases.match(text, position):
            position = match.end()
        elif text[position].isalnum():
            return False
        else:
            position += 1
    return len(text) <= _MOST_CHARACTERS


@cache
def _load_phrases(*lists: str) -> re.Pattern[str]:
    """Return a pattern of the phrases in some lists, the longest first."""
    content = files("bot.conversation").joinpath("small_talk.toml").read_text(encoding="utf-8")
    table = tomllib.loads(content)
    phrases = {_normalise(phrase) for name in lists for phrase in table[name].split("|")}
    return re.compile("|".join(map(_build_pattern, sorted(phrases, key=len, reverse=True))))


def _build_pattern(phrase: str) -> str:
    last = phrase[-1]
    if unicodedata.name(last, "").startswith(_UNSPACED):
        return re.escape(phrase)
    # People stretch the last letter: "thankssss", "soooo", "yesss".
    stretch = f"{last}*" if last.isalpha() else ""
    return rf"(?<![^\W_]){re.escape(phrase)}{stretch}(?![^\W_])"
