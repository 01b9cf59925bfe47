"""Chunking: documents are divided by section into whole blocks, within a token budget."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol
from urllib.parse import quote

from ingest.documents import Block, Document, PageError, Section
from rag_core.types import Chunk, hash_content, strip_link_targets

CHUNKER = "2"
"""Version of the rules here and of the readers; raise it, so that all pages are reread."""

BUDGET = 250
"""Tokens of a chunk with its heading path: as many as MiniLM reads (docs/quality.md)."""

MAX_CHARS = 4_000
"""Characters of a chunk, because a tokenizer may count a huge word as one token."""

MAX_CHUNKS = 5_000
"""Chunks of a page: a book of a thousand pages has fewer."""

MAX_COUNTED = 30_000_000
"""Characters of a page whose tokens are counted, parts that lie inside others again."""

_WHOLE = {"fence", "code", "table", "list", "item"}
_SPECIAL_TOKENS = 4
_LONG = 1_000  # characters of a sentence; a longer one is divided without being counted first
_WORD = 200  # characters of a word, likewise
_SENTENCE = re.compile(r"[.!?][\"'”’)\]]*\s+|[。！？]|\n")  # noqa: RUF001  (Chinese and Japanese)
_SPACE = re.compile(r"\s+")


class Tokenizer(Protocol):
    """The part of an embedder that counts tokens."""

    @property
    def max_tokens(self) -> int:
        """Longest input of the model."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special ones."""


@dataclass(frozen=True, slots=True)
class _TokenBudget:
    """Limits of a chunk's text in tokens, without the heading path.

    Attributes:
        fill: for neighbouring pieces that share a chunk.
        whole: for a block that should stay whole.
    """

    fill: int
    whole: int


class _Piece(NamedTuple):  # a line may have a million of them, and a named tuple is made fastest
    """Text that is not divided any more; `glue` joins it to the previous piece."""

    text: str
    tokens: int
    glue: str = "\n\n"


class Chunker:
    """The division of documents into chunks.

    A chunk holds at most `budget` tokens with its heading path. A fence, table, list, list item or
    sentence may take twice as many, if the model reads that much, before it is divided.

    Args:
        tokenizer: counts tokens as the embedder does.
        budget: tokens of a chunk.
    """

    def __init__(self, tokenizer: Tokenizer, *, budget: int = BUDGET) -> None:
        self.tokenizer = tokenizer
        self.budget = budget
        longest = tokenizer.max_tokens - _SPECIAL_TOKENS
        self._fill = min(budget, longest)
        self._whole = min(2 * budget, longest)
        self._count = _TokenCounter(lambda texts: _count_tokens(tokenizer, texts))

    @property
    def fingerprint(self) -> str:
        """Text that is equal for chunkers with the same rules."""
        return f"{CHUNKER}/{self._fill}/{self._whole}"

    def split_document(self, document: Document) -> list[Chunk]:
        """Return the chunks of a page, none if it has no text.

        Raises:
            PageError: the page has more than `MAX_CHUNKS` chunks, or too much text to count.
        """
        self._count.restart(_list_counted_texts(document))
        drafts: list[Chunk] = []
        for section, text in self._split_sections(document):
            if len(drafts) == MAX_CHUNKS:
                raise PageError(f"has text for more than {MAX_CHUNKS:,} chunks")
            drafts.append(_draft_chunk(document, section, text, len(drafts)))
        return assign_ids(drafts)

    def _split_sections(self, document: Document) -> Iterator[tuple[Section, str]]:
        has_text = False
        for section in document.sections:
            # 1. The heading path takes its share of the budget.
            budget = self._compute_budget(_draft_chunk(document, section, "", 0).heading_path)
            # 2. Blocks are divided until each piece fits.
            pieces = [
                piece for block in section.blocks for piece in self._split_block(block, budget)
            ]
            # 3. Neighbouring pieces are joined again, as long as they fit.
            for text in _pack_pieces(pieces, budget.fill):
                has_text = True
                yield section, text
        headings = [section.headings[-1] for section in document.sections if section.headings]
        if headings and not has_text:
            # A page of headings alone can still be found by them.
            yield document.sections[0], "\n".join(headings)[:MAX_CHARS]

    def _compute_budget(self, heading_path: str) -> _TokenBudget:
        # A long heading path may not take more than half of the budget.
        heading = self._count(heading_path)
        return _TokenBudget(
            fill=max(self._fill - heading, self._fill // 2),
            whole=max(self._whole - heading, self._fill // 2),
        )

    def _split_block(self, block: Block, budget: _TokenBudget) -> Iterator[_Piece]:
        tokens = self._count(block.text)
        limit = budget.whole if block.kind in _WHOLE else budget.fill
        if tokens <= limit and len(block.text) <= MAX_CHARS:
            yield _Piece(block.text, tokens)
        elif block.parts:
            yield from self._split_parts(block, budget)
        elif block.head or block.kind == "code":
            yield from self._group_lines(block, budget)
        else:
            yield from self._split_sentences(block.text, budget)

    def _split_parts(self, block: Block, budget: _TokenBudget) -> Iterator[_Piece]:
        self._count.learn(part.text for part in block.parts)
        for part in block.parts:
            glue = "\n" if block.kind == "list" else "\n\n"
            for piece in self._split_block(part, budget):
                if piece.glue:
                    yield _Piece(textwrap.dedent(piece.text), piece.tokens, glue)
                else:
                    yield piece

    def _group_lines(self, block: Block, budget: _TokenBudget) -> Iterator[_Piece]:
        """Yield groups of lines, each between the block's head and tail."""
        head, tail, lines = _split_frame(block)
        self._count.learn([f"{head}\n{tail}", *lines])
        fill = budget.fill - self._count(f"{head}\n{tail}")
        if fill < budget.fill // 2:  # the head is too large to be repeated
            # The fence's label becomes a line: a second fence inside would look like half of one.
            label = head.strip().lstrip("`~").strip() if tail.strip() else head
            head, lines = tail.strip(), [*filter(None, [label]), *lines]
            fill = max(budget.fill - 2 * self._count(tail), budget.fill // 4)
        pieces = [piece for line in lines for piece in self._split_line(line, fill)]
        framed = [
            "\n".join(part for part in (head, text, tail) if part)
            for text in _pack_pieces(pieces, fill)
        ]
        self._count.learn(framed)
        for text in framed:
            yield _Piece(text, self._count(text))

    def _split_line(self, line: str, fill: int) -> Iterator[_Piece]:
        tokens = self._count(line)
        if tokens <= fill and len(line) <= _LONG:
            yield _Piece(line, tokens, "\n")
            return
        for piece in self._split_sentences(line, _TokenBudget(fill, fill)):
            yield _Piece(piece.text, piece.tokens, piece.glue and "\n")

    def _split_sentences(self, text: str, budget: _TokenBudget) -> Iterator[_Piece]:
        """Yield sentences, and the words of a sentence that is too long."""
        sentences = _cut_text(text, _SENTENCE)
        self._count.learn(s.strip() for s in sentences if len(s) <= _LONG)
        glue = "\n\n"  # before the first only: each sentence keeps the white space at its end
        for sentence in sentences:
            if len(sentence) <= _LONG and self._count(sentence.strip()) <= budget.whole:
                yield _Piece(sentence, self._count(sentence.strip()), glue)
                glue = ""
                continue
            words = self._split_words(sentence, budget.fill)
            first = next(words)  # a sentence is never empty
            yield _Piece(first.text, first.tokens, glue)
            yield from words
            glue = ""

    def _split_words(self, sentence: str, fill: int) -> Iterator[_Piece]:
        words = [
            w[i : i + _WORD] for w in _cut_text(sentence, _SPACE) for i in range(0, len(w), _WORD)
        ]
        self._count.learn(word.strip() for word in words)
        for word in words:
            tokens = self._count(word.strip())
            if tokens <= fill:
                yield _Piece(word, tokens, "")
            else:
                yield from self._halve_word(word, fill)

    def _halve_word(self, word: str, fill: int) -> Iterator[_Piece]:
        tokens = self._count(word.strip())
        if tokens <= fill or len(word) < 2:
            yield _Piece(word, tokens, "")
            return
        middle = len(word) // 2
        yield from self._halve_word(word[:middle], fill)
        yield from self._halve_word(word[middle:], fill)


def _count_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> list[int]:
    """Count the tokens of texts as they will be embedded."""
    return tokenizer.count_tokens([strip_link_targets(text) for text in texts])


class _TokenCounter:
    """Token counts of one document, counted in batches because each call is slow."""

    def __init__(self, count: Callable[[Sequence[str]], list[int]]) -> None:
        self._count = count
        self._counts: dict[str, int] = {}
        self._length = 0

    def restart(self, texts: Iterator[str]) -> None:
        """Forget the last document, and count the texts of the next one."""
        self._counts, self._length = {}, 0
        self.learn(texts)

    def learn(self, texts: Iterator[str] | Sequence[str]) -> None:
        """Count texts in one batch."""
        # A text over the limit of characters is divided in any case, so it needs no count.
        new = [t for t in dict.fromkeys(texts) if t not in self._counts and len(t) <= MAX_CHARS]
        self._length += sum(map(len, new))
        if self._length > MAX_COUNTED:
            raise PageError("has too much text to divide")
        if new:
            self._counts.update(zip(new, self._count(new), strict=True))

    def __call__(self, text: str) -> int:
        if len(text) > MAX_CHARS:
            return len(text)
        if text not in self._counts:
            self.learn([text])
        return self._counts[text]


def _draft_chunk(document: Document, section: Section, text: str, position: int) -> Chunk:
    linkable = section.anchor and "#" not in document.url
    return Chunk(
        id="",
        source=document.source,
        path=document.path,
        url=f"{document.url}#{quote(section.anchor, safe='=')}" if linkable else document.url,
        title=document.title,
        headings=section.headings,
        position=position,
        text=text,
        version=document.version,
        language=document.language,
    )


def _list_counted_texts(document: Document) -> Iterator[str]:
    """Yield the texts that are counted in any case."""
    for section in document.sections:
        yield _draft_chunk(document, section, "", 0).heading_path
        yield from (block.text for block in section.blocks)


def assign_ids(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Give the chunks of a page their ids: hashes of their content."""
    named: list[Chunk] = []
    # Equal texts are told apart by their number.
    occurrences: Counter[tuple[str, str]] = Counter()
    for chunk in chunks:
        key = (chunk.heading_path, chunk.text)
        identity = (chunk.source, chunk.path, *key, str(occurrences[key]))
        named.append(replace(chunk, id=hash_content(*identity)))
        occurrences[key] += 1
    return named


def _pack_pieces(pieces: Sequence[_Piece], fill: int) -> Iterator[str]:
    """Join neighbouring pieces as long as they stay within `fill` tokens."""
    text, tokens = "", 0
    for addition, count, glue in pieces:
        # Each character of the glue counts as one token, to be on the safe side.
        joined = tokens + len(glue) + count
        if text and (joined > fill or len(text) + len(addition) + 2 > MAX_CHARS):
            yield from _trim_text(text)
            text = ""
        tokens = joined if text else count
        text = f"{text}{glue}{addition}" if text else addition
    yield from _trim_text(text)


def _trim_text(text: str) -> Iterator[str]:
    if text.strip():
        yield text.rstrip().strip("\n")


def _split_frame(block: Block) -> tuple[str, str, list[str]]:
    """Return a block's head, its tail and the lines between."""
    lines = block.text.split("\n")
    first = len(block.head.split("\n")) if block.head else 0
    last = len(lines) - (1 if block.tail else 0)
    return block.head, block.tail, lines[first:last]


def _cut_text(text: str, boundary: re.Pattern[str]) -> list[str]:
    """Cut a text after every boundary; lose nothing."""
    ends = [match.end() for match in boundary.finditer(text)]
    return [part for part in map(text.__getitem__, _build_slices(ends, len(text))) if part]


def _build_slices(ends: Sequence[int], length: int) -> Iterator[slice]:
    yield from map(slice, [0, *ends], [*ends, length])
