"""Surrogates: halves of characters, which some servers cut apart, become whole again."""

from __future__ import annotations

_FIRST_HIGH, _LAST_HIGH = "\ud800", "\udbff"


class SurrogateRepairer:
    """Passes text through as it streams, with a replacement character for each lone surrogate.

    Two halves that meet, in one piece or in two, become their character.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        text, self._held = self._held + text, ""
        if text and _FIRST_HIGH <= text[-1] <= _LAST_HIGH:
            text, self._held = text[:-1], text[-1]
        return _join_halves(text)

    def flush(self) -> str:
        """Return the half that was held back, as a replacement character."""
        text, self._held = self._held, ""
        return _join_halves(text)


def _join_halves(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
