"""The texts that only the person who asks for them sees: the evidence, and how an answer came."""

from __future__ import annotations

from collections.abc import Iterator

from bot.discord.content.answer import MESSAGE_LIMIT, pack_lines, render_messages
from bot.discord.content.escaping import format_link, render_words
from bot.discord.content.sentences import adapt_sentence
from bot.discord.content.tail import format_sources
from bot.markup.markdown import shorten
from bot.markup.sources import Evidence, label_source, list_evidence
from bot.storage.answers import AnswerRecord
from bot.texts import button_labels as words
from bot.texts import explanation
from rag_core.generation.text.links.link_guard import show_hosts
from rag_core.types import Answer

MOST_MESSAGES = 5
"""Discord takes five further messages for a click where docent is not a member."""

_QUOTE_LIMIT = 500


def render_evidence(record: AnswerRecord, answer: Answer) -> tuple[str, ...]:
    """Return an answer's passages, cited ones first, and its origin."""
    origin = list(pack_lines(_list_origin(record, answer)))
    passages = list(_pack_blocks(_list_passages(answer), MESSAGE_LIMIT - len(_build_note())))
    most = MOST_MESSAGES - len(origin)
    if len(passages) > most:
        passages = passages[:most]
        passages[-1] += _build_note()
    return (*passages, *origin)


def _build_note() -> str:
    """Return the note below passages that were cut."""
    return f"\n\n-# {words.EVIDENCE_CUT}"


def render_explanation(record: AnswerRecord, answer: Answer) -> tuple[str, ...]:
    """Return messages that say how an answer came about."""
    sources = format_sources([passage.chunk for passage in answer.passages])
    candidates = map(adapt_sentence, explanation.list_candidates(answer, sources))
    return tuple(pack_lines([*_list_origin(record, answer), *candidates]))


def _list_origin(record: AnswerRecord, answer: Answer) -> Iterator[str]:
    def quote(text: str) -> str:
        return render_words(shorten(text, _QUOTE_LIMIT))

    yield from map(adapt_sentence, explanation.list_origin(record, answer, quote))


def _list_passages(answer: Answer) -> Iterator[str]:
    cited, others = list_evidence(answer)
    for evidence in cited:
        yield from _render_passage(evidence)
    if others and cited:
        yield f"-# {words.NOT_CITED}"
    for evidence in others:
        yield from _render_passage(evidence)


def _render_passage(evidence: Evidence) -> Iterator[str]:
    """Yield a passage in blocks: its title, its text, its scores."""
    chunk = evidence.passage.chunk
    label = label_source(chunk, evidence.version)
    yield f"**{evidence.mark}{format_link(chunk.url, render_words(label), label)}**"
    yield from render_messages(show_hosts(chunk.text), MESSAGE_LIMIT // 2)
    yield f"-# {explanation.format_scores(evidence.passage)}"


def _pack_blocks(blocks: Iterator[str], limit: int) -> Iterator[str]:
    """Yield blocks together; a block stays whole, because it may be code."""
    packed = ""
    for block in blocks:
        if packed and len(packed) + 1 + len(block) > limit:
            yield packed
            packed = ""
        packed = f"{packed}\n{block}" if packed else block
    if packed:
        yield packed
