"""The text of an answer, from the pieces that an LLM streams: what is its own, checked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rag_core.generation.text.answer_fence import FenceUnwrapper
from rag_core.generation.text.citations import CitationChecker, IsSupported, accept_all
from rag_core.generation.text.links.addresses import KnownAddresses
from rag_core.generation.text.links.link_guard import LinkGuard
from rag_core.generation.text.refusal_filter import RefusalFilter
from rag_core.generation.text.roles import RoleRestorer
from rag_core.generation.text.source_list import SourceListFilter
from rag_core.generation.text.surrogates import SurrogateRepairer
from rag_core.reasoning import ReasoningFilter
from rag_core.types import Citation, Passage

_MARKUP = re.compile(r"\[\d{1,3}\]|```\w*|</?[a-z][a-z0-9]*\s?/?>", re.IGNORECASE)
_MARKUP_CHARACTERS = 300
"""Longest beginning of an answer that may be nothing but markup."""


class AnswerText:
    """Collects an answer as it streams, without what is none of its text.

    The LLM's reasoning, a fence around the whole answer, its own list of sources and the word of a
    refusal are left out; then citations are checked, and links last.

    Args:
        passages: as the prompt numbers them, from 1.
        is_supported: judges the sentence before a citation.
        question: as it was typed.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        is_supported: IsSupported = accept_all,
        *,
        question: str = "",
    ) -> None:
        self._passages = passages
        self._question = question
        self._is_supported = is_supported
        self._surrogates, self._reasoning = SurrogateRepairer(), ReasoningFilter()
        self._known = KnownAddresses.of(passages)
        self._restarts = 0
        self._begin()

    def _begin(self) -> None:
        self._fence, self._refusal = FenceUnwrapper(), RefusalFilter()
        self._sources = SourceListFilter(self._passages)
        self._roles = RoleRestorer(self._passages, self._question)
        self._checker = CitationChecker(self._passages, self._is_supported, self._sources.targets)
        self._guard = LinkGuard(self._known)
        self._shown: list[str] = []
        self._says_something = False

    @property
    def text(self) -> str:
        """The text so far. It may begin anew, if the text before was reasoning."""
        return "".join(self._shown)

    @property
    def length(self) -> int:
        """Characters of the text so far."""
        return sum(map(len, self._shown))

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far; those of the LLM's own list if it cites none in its text."""
        listed = (Citation(number, self._passages[number - 1]) for number in self._sources.numbers)
        return self._checker.citations or tuple(listed)

    @property
    def is_refused(self) -> bool:
        """True once the LLM has written the word by which it refuses."""
        return self._refusal.refused

    @property
    def is_empty(self) -> bool:
        """True if the text has at most markup and numbers of sources."""
        return not self._says_something

    def feed(self, piece: str) -> str:
        """Return the text that can be shown."""
        return self._add(self._read_reasoning(self._surrogates.feed(piece), last=False), last=False)

    def end_early(self) -> str:
        """Return the text that is shown if the LLM stops here."""
        text = self._join("", self._reasoning.feed(self._surrogates.flush()))
        text = self._join(text, self._reasoning.flush(is_cut=True))
        text = self._fence.feed(text) + self._fence.flush()
        text = self._roles.feed(self._sources.feed(self._refusal.feed(text)))
        text = self._checker.feed(text)
        return self._show(self._guard.feed(text))

    def flush(self) -> str:
        """Return the text that was held back."""
        text = self._read_reasoning(self._surrogates.flush(), last=True)
        return self._add(text, last=True)

    def _read_reasoning(self, text: str, *, last: bool) -> str:
        shown = self._join("", self._reasoning.feed(text))
        return self._join(shown, self._reasoning.flush()) if last else shown

    def _join(self, before: str, text: str) -> str:
        """Return both texts, or the second if the first was reasoning."""
        if self._reasoning.restarts == self._restarts:
            return before + text
        self._restarts = self._reasoning.restarts
        self._begin()
        return text

    def _add(self, text: str, *, last: bool) -> str:
        for each in (self._fence, self._refusal, self._sources, self._roles):
            text = each.feed(text) + (each.flush() if last else "")
        text = self._checker.feed(text, last=last)
        return self._show(self._guard.feed(text, last=last))

    def _show(self, text: str) -> str:
        if text:
            self._shown.append(text)
            self._says_something = self._says_something or _has_content(
                self.text[-_MARKUP_CHARACTERS:] if len(self._shown) < _MARKUP_CHARACTERS else text
            )
        return text


def _has_content(text: str) -> bool:
    """Return True for letters, digits or pictures outside of markup."""
    return any(
        sign.isalnum() or unicodedata.category(sign) in {"So", "Sc"}
        for sign in _MARKUP.sub("", text)
    )
