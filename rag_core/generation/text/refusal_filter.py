"""The filter for the word by which the LLM refuses: it is found in the stream and never shown."""

from __future__ import annotations

from rag_core.generation.prompt import NOT_FOUND

_AROUND = " \n.`\"'*"
"""Characters that LLMs put around a single word."""

_MOST_AROUND = 200


class RefusalFilter:
    """Passes text through as it streams, without the refusal.

    Text that could still become the word is held back until more text decides it. An answer that
    begins with the word is a refusal, and the rest of it is dropped.

    Attributes:
        refused: True once the LLM has written the word.
    """

    def __init__(self) -> None:
        self.refused = False
        self._begun = self._silent = False
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        text, self._held = self._held + text, ""
        if not self._begun:
            word = text.lstrip(_AROUND)
            is_near = len(text) - len(word) <= _MOST_AROUND
            if NOT_FOUND.startswith(word) and is_near:
                self._held = text
                return ""
            self._begun = True
            self._silent = self.refused = is_near and word.startswith(NOT_FOUND)
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
        """Return the text that was held back, unless it is the refusal."""
        text, self._held = self._held, ""
        if text.strip(_AROUND) == NOT_FOUND:
            self.refused = True
            return ""
        return text
