"""The text below an answer on Discord: parts without an answer, sources, footer."""

from __future__ import annotations

from collections.abc import Sequence

from bot.discord.content.escaping import format_code, format_link, render_words
from bot.markup.markdown import shorten
from bot.markup.sources import LABEL_LIMIT, label_source, list_pages
from bot.texts import answers
from bot.texts.catalog import say
from bot.types import AnswerContext
from rag_core.retrieval.versions import list_version_labels
from rag_core.types import Answer, Chunk

_MOST_UNANSWERED = 8  # an LLM may name any number of parts
_FOOTER_LIMIT = 1_500


def list_tail(answer: Answer, context: AnswerContext) -> list[str]:
    """Return the paragraphs below an answer."""
    if answer.status == "answered":
        numbers = [citation.number for citation in answer.citations]
        sources = format_sources([citation.passage.chunk for citation in answer.citations])
        lines = [f"[{number}] {source}" for number, source in zip(numbers, sources, strict=True)]
        pages = _add_heading(answers.SOURCES, lines)
    else:
        nearest = format_sources(list_pages(answer.nearest_passages))
        pages = _add_heading(answers.NEAREST, [f"- {source}" for source in nearest])
    return [
        part
        for part in (_render_unanswered(answer), pages, _render_footer(answer, context))
        if part
    ]


def format_sources(chunks: Sequence[Chunk]) -> list[str]:
    """Return linked titles of sections, with versions that differ."""
    versions = list_version_labels(chunks)
    labels = [label_source(chunk, version) for chunk, version in zip(chunks, versions, strict=True)]
    return [
        format_link(chunk.url, render_words(label), label)
        for chunk, label in zip(chunks, labels, strict=True)
    ]


def _add_heading(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([f"**{heading}**", *lines]) if lines else ""


def _render_unanswered(answer: Answer) -> str:
    parts = [render_words(shorten(part, LABEL_LIMIT)) for part in answer.unanswered]
    listed = ", ".join(f"“{part}”" for part in parts[:_MOST_UNANSWERED])
    return say("unanswered", parts=listed) if parts else ""


def _render_footer(answer: Answer, context: AnswerContext) -> str:
    """Render the footer as small print: gaps, age, revision, scope."""
    notes = [answers.AWAY] if context.was_missed else []
    notes += [answers.DEGRADED[stage] for stage in answer.degraded]
    if answer.revision:
        notes.append(_render_revision(answer, context))
    notes += context.notes
    notes += [f"{name} {format_code(value)}" for name, value in answers.list_limits(context.scope)]
    return f"-# {shorten(' · '.join(notes), _FOOTER_LIMIT)}" if notes else ""


def _render_revision(answer: Answer, context: AnswerContext) -> str:
    revision = format_code(answer.revision[:7])
    if context.as_of is None:
        return say("revision_alone", revision=revision)
    # Discord shows such a time as the time since then, in the reader's language.
    age = f"<t:{int(context.as_of.timestamp())}:R>"
    return say("revision", moment=age, revision=revision)
