"""The word by which the LLM refuses: found in the stream, and never shown."""

from __future__ import annotations

from rag_core.generation.prompt import NOT_FOUND

_AROUND = " \n.`\"'*"
"""What LLMs put in front of a single word."""


class RefusalFilter:
    """Passes text through as it streams, without the refusal.

    Text that could still become the word is held back until it is decided. An answer that begins
    with the word is a refusal, whatever follows.

    Attributes:
        refused: whether the word was said.
    """

    def __init__(self) -> None:
        self.refused = False
        self._begun = self._silent = False
        self._held = ""

    def feed(self, text: str) -> str:
        """The text that is ready to be shown."""
        text, self._held = self._held + text, ""
        if not self._begun:
            word = text.lstrip(_AROUND)
            if NOT_FOUND.startswith(word):
                self._held = text
                return ""
            self._begun = True
            self._silent = self.refused = word.startswith(NOT_FOUND)
        if self._silent:
            return ""
        if NOT_FOUND in text:
            self.refused = True
            text = text.replace(NOT_FOUND, "")
        self._held = next(
            (NOT_FOUND[:n] for n in range(len(NOT_FOUND), 0, -1) if text.endswith(NOT_FOUND[:n])),
            "",
        )
        return text.removesuffix(self._held)

    def flush(self) -> str:
        """What was held back and is no refusal."""
        text, self._held = self._held, ""
        if text.strip(_AROUND) == NOT_FOUND:
            self.refused = True
            return ""
        return text
