"""The check of citations in a streaming answer: unsupported ones are not shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rag_core.generation.text.code_splitter import CodeSplitter
from rag_core.generation.text.marker_reader import (
    MarkerReader,
    ProsePart,
    ReferenceLink,
    is_code_span,
)
from rag_core.types import Citation, Passage

IsSupported = Callable[[str, int], bool]
"""Takes a sentence and the number of a passage, from 1; True if the passage supports it."""


def accept_all(_sentence: str, _number: int) -> bool:
    """Accept every citation."""
    return True


_NO_TARGETS: Mapping[str, str] = MappingProxyType({})


class CitationChecker:
    """Passes text through as it streams, without unsupported markers.

    A marker stays if its passage exists and supports the sentence before it; the answer's own
    brackets stay always. Code is not changed. Text that could still become a marker or a link is
    held back until more text decides it; `flush` returns the rest. `LinkGuard` decides about links.

    Args:
        passages: as the prompt numbers them, from 1.
        is_supported: judges the sentence before a marker; by default every sentence is supported.
        targets: of links such as `[label][name]`, by the name in lower case. It may grow while
            the text streams: text behind such a link waits for its target.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        is_supported: IsSupported = accept_all,
        targets: Mapping[str, str] = _NO_TARGETS,
    ) -> None:
        self._passages = passages
        self._is_supported = is_supported
        self._targets = targets
        self._cited: dict[int, None] = {}
        self._code = CodeSplitter()
        self._reader = MarkerReader(len(passages), self._record_citation)
        self._queue: deque[ProsePart] = deque()

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return checked text that can be shown; with `last`, the rest."""
        for part, is_code in self._code.feed(text, last=last):
            if is_code:
                is_span = is_code_span(part)
                self._check_prose("", last=True, behind="`" if is_span else "\n")
                self._queue.append(part)
                self._reader.add_code(part, is_span=is_span)
            else:
                self._check_prose(part)
        if last:
            self._check_prose("", last=True)
        return self._take_decided(last=last)

    def flush(self) -> str:
        """Return the text that was held back, checked."""
        return self.feed("", last=True)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, in the order of their first marker."""
        return tuple(Citation(number, self._passages[number - 1]) for number in self._cited)

    def _check_prose(self, text: str, *, last: bool = False, behind: str = "") -> None:
        self._queue += self._reader.feed(text, last=last, behind=behind)

    def _record_citation(self, sentence: str, number: int) -> bool:
        if not self._is_supported(sentence, number):
            return False
        self._cited.setdefault(number)
        return True

    def _take_decided(self, *, last: bool) -> str:
        """Take the parts before the first link without a known target."""
        taken = []
        while self._queue:
            part = self._queue[0]
            shown = part if isinstance(part, str) else self._resolve(part, last=last)
            if shown is None:
                break
            taken.append(shown)
            self._queue.popleft()
        return "".join(taken)

    def _resolve(self, link: ReferenceLink, *, last: bool) -> str | None:
        target = self._targets.get((link.name or link.label).lower())
        if target is not None:
            return f"[{link.label}]({target})"
        return link.text if last else None
