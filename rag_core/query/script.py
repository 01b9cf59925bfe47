"""The script of a question: an English model makes noise of another than Latin."""

from __future__ import annotations

import unicodedata


def is_latin(text: str) -> bool:
    """Whether at least half of the letters are Latin, accents included; a text without any is."""
    letters = [character for character in text if character.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return 2 * latin >= len(letters)
