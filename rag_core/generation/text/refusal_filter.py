"""The filter for the word by which the LLM refuses: it is found in the stream and never shown."""

# ruff: noqa: RUF001  (full stops of other languages)

from __future__ import annotations

import regex

from rag_core.generation.prompt import NOT_FOUND

_WORD = regex.compile(NOT_FOUND.replace("_", r"\\?_"))

_AROUND = " \n.`\"'*"
"""Characters that LLMs put around a single word."""

_AS_WORDS = NOT_FOUND.replace("_", " ").lower()
_IN_SENTENCE = regex.compile(r"\w[^\w.!?。！？]{0,50}\Z")
_MOST_AROUND = 200


class RefusalFilter:
    """Passes text through as it streams, without the refusal.

    Text that could still become the word is held back until more text decides it. An answer that
    begins with the word is a refusal, and the rest of it is dropped. Markdown may have escaped the
    word. Within a sentence, it is shown as common words.

    Attributes:
        refused: True once the LLM has written the word.
    """

    def __init__(self) -> None:
        self.refused = False
        self._begun = self._silent = False
        self._held = self._line = ""

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        text, self._held = self._held + text, ""
        if not self._begun:
            word = text.lstrip(_AROUND)
            is_near = len(text) - len(word) <= _MOST_AROUND
            match = _WORD.match(word, partial=True)
            if match and match.partial and is_near:
                self._held = text
                return ""
            self._begun = True
            self._silent = self.refused = is_near and match is not None and not match.partial
        return "" if self._silent else self._replace_words(text)

    def _replace_words(self, text: str) -> str:
        shown = ""
        while match := _WORD.search(text, partial=True):
            shown += text[: match.start()]
            if match.partial:
                self._held = match[0]
                return self._show(shown)
            self.refused = True
            line = (self._line + shown).rpartition("\n")[2]
            shown += _AS_WORDS if _IN_SENTENCE.search(line) else ""
            text = text[match.end() :]
        return self._show(shown + text)

    def _show(self, text: str) -> str:
        self._line = (self._line + text).rpartition("\n")[2][-_MOST_AROUND:]
        return text

    def flush(self) -> str:
        """Return the text that was held back, unless it is the refusal."""
        text, self._held = self._held, ""
        if _WORD.fullmatch(text.strip(_AROUND)):
            self.refused = True
            return ""
        return text
