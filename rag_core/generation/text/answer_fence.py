"""A fence around a whole answer: LLMs write one when they are asked for Markdown."""

# ruff: noqa: RUF001  (full stops of other languages)

from __future__ import annotations

import regex

from rag_core.generation.text.lines import LineReader

_OPENING = regex.compile(
    r"\s{0,100}(?P<fence>`{3,9}|~{3,9})[ \t]{0,9}(?P<info>\w{0,20})[ \t]{0,9}\n"
)
_MARKDOWN = frozenset(("markdown", "md", "mdx", "gfm"))
_TEXT = frozenset(("", "text", "txt", "plaintext", "plain"))
_FENCE = regex.compile(r" {0,3}(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)\n?")
# A citation stands in an answer, and hardly ever in an example of Markdown.
_CITATION = regex.compile(
    r"【\d{1,2}|(?<=[\w.。)`*\"] |[.。)`*\"])\[(?:\^|Passage |Source )?\d{1,2}(?:, ?\d{1,2})*\]"
    r"(?=[\s.,;:|)\[]|$)"
)
_SENTENCE = regex.compile(
    r"[\s>]*(?:[-*+]|\d+[.)]|#+)?\s*[*_\"]*"
    r"(?:\p{Lu}\S*(?:\s+\S+){3,}|[\p{Han}\p{Hiragana}\p{Katakana}].{8,})[.!?。！？][*_\")]*\s*"
)


class FenceUnwrapper:
    """Passes text through as it streams, without a fence around the whole of it.

    The text in the fence is shown as soon as a citation in it tells that it is the answer;
    otherwise docent waits for the end. A fence for Markdown is taken away if nothing follows it, a
    fence for text only if it holds sentences. Fences of code within it stay.
    """

    def __init__(self) -> None:
        self._held = ""
        self._is_begun = False
        self._body: _FencedBody | None = None

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        if self._body is not None:
            return self._body.feed(text)
        if self._is_begun:
            return text
        text, self._held = self._held + text, ""
        match = _OPENING.match(text, partial=True)
        if match and match.partial:
            self._held = text
            return ""
        self._is_begun = True
        if match is None or match["info"].lower() not in _MARKDOWN | _TEXT:
            return text
        self._body = _FencedBody(match)
        return self._body.feed(text[match.end() :])

    def flush(self) -> str:
        """Return the text that was held back, without the fence around it."""
        text, self._held = self._held, ""
        body, self._body, self._is_begun = self._body, None, True
        return text if body is None else body.flush()


class _FencedBody:
    """The text behind the opening fence."""

    def __init__(self, opening: regex.Match[str]) -> None:
        self._opening = opening[0]
        self._is_markdown = opening["info"].lower() in _MARKDOWN
        self._fence = opening["fence"]
        self._lines = LineReader(self._can_matter)
        self._inner = ""  # the fence of a block with a language, until it is closed
        self._is_cited = False
        self._original: list[str] = []
        self._shown: list[str] = []
        self._closing: list[str] = []  # what may be the closing fence, and the text behind it
        self._sentences = self._others = 0

    def feed(self, text: str) -> str:
        for line, is_whole in self._lines.feed(text):
            self._read_line(line, is_whole=is_whole)
        return self._take() if self._is_cited else ""

    def flush(self) -> str:
        for line, is_whole in self._lines.flush():
            self._read_line(line, is_whole=is_whole)
        behind = "".join(self._closing[1:])
        is_prose = self._sentences > 0 and self._sentences >= self._others
        is_answer = not behind.strip() and (self._is_markdown or is_prose)
        if self._is_cited or is_answer:
            return self._take() + behind
        return "".join([self._opening, *self._original])

    def _can_matter(self, line: str) -> bool:
        return not self._is_cited or _FENCE.fullmatch(line, partial=True) is not None

    def _take(self) -> str:
        text = "".join(self._shown)
        self._shown.clear()
        return text

    def _read_line(self, line: str, *, is_whole: bool) -> None:
        fence = _FENCE.fullmatch(line) if is_whole else None
        if not self._is_cited:
            self._original.append(line)
            self._count_line(line)
        if fence and not self._inner and not fence["info"].strip():
            self._read_bare_fence(line, fence["fence"])
            return
        if fence and self._inner:
            is_closing = fence["fence"].startswith(self._inner) and not fence["info"].strip()
            self._inner = "" if is_closing else self._inner
        elif fence:
            self._inner = fence["fence"]
        (self._closing or self._shown).append(line)

    def _read_bare_fence(self, line: str, fence: str) -> None:
        """Read a fence of the answer, or of a block within it."""
        if self._closing:  # the second of two: a block within the answer
            self._shown += [*self._closing, line]
            self._closing = []
        elif fence.startswith(self._fence):
            self._closing = [line]
        else:
            self._shown.append(line)

    def _count_line(self, line: str) -> None:
        if self._inner or self._closing or not line.strip():
            return
        is_sentence = _SENTENCE.fullmatch(line) is not None
        is_cited = _CITATION.search(line) is not None
        self._is_cited = is_cited and (is_sentence or self._is_markdown)
        if is_sentence:
            self._sentences += 1
        else:
            self._others += 1
