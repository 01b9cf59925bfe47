"""Script of a question: an English model returns noise for scripts other than Latin."""

from __future__ import annotations

import unicodedata


def is_latin(text: str) -> bool:
    """Return whether at least half of the letters are Latin.

    Accented letters count as Latin, and so does a text without letters.
    """
    letters = [character for character in text if character.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return 2 * latin >= len(letters)
