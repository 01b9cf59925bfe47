"""The text of results, for the model that reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from bot.calls.schema import AnswerResult, PageResult, PassageResult, SearchResult

NOT_FOUND = "The documentation does not answer this question."
TOO_LATE = "Writing an answer took too long. These passages are the nearest."


def render_search(found: SearchResult) -> str:
    """Return the passages of a search as text."""
    if not found.passages:
        return _join(["No passage fits this search.", _describe_age(found.revision, found.as_of)])
    return _join(
        [
            *_render_passages(found.passages),
            found.cut,
            _describe_age(found.revision, found.as_of),
        ]
    )


def render_answer(result: AnswerResult) -> str:
    """Return an answer with its sources as text."""
    age = _describe_age(result.revision, result.as_of)
    if result.status == "passages_only":
        return _join([TOO_LATE, *_render_passages(result.passages), result.cut, age])
    if result.status == "not_found":
        pages = dict.fromkeys(f"- {each.title}: {each.url}" for each in result.passages[:5])
        nearest = "\n".join(["The nearest pages:", *pages]) if pages else ""
        return _join([NOT_FOUND, nearest, age])
    sources = [
        f"[{each.number}] {_name_section(each.title, each.headings)}: {each.url}"
        for each in result.citations
    ]
    missing = [f"Not answered: {part}" for part in result.unanswered]
    listed = "\n".join(["Sources:", *sources]) if sources else ""
    return _join([result.answer, *missing, listed, result.cut, age])


def render_page(page: PageResult) -> str:
    """Return a page, or what may have been meant, as text."""
    age = _describe_age(page.revision, page.as_of)
    if page.status == "not_found":
        there = "\n".join(f"- {each}" for each in page.candidates)
        if page.path:
            said = f"{page.path} has no such section or piece. Its sections:"
        else:
            said = "There is no such page. Pages that may have been meant:"
        return _join([f"{said}\n{there}" if there else said.partition(".")[0] + ".", age])
    more = (
        f"The page goes on: call read_page again with offset {page.next_offset}."
        if page.next_offset is not None
        else ""
    )
    return _join([f"# {page.title}\n{page.url}", page.text, more, age])


def _render_passages(passages: Iterable[PassageResult]) -> list[str]:
    return [
        f"## {_name_section(each.title, each.headings)}\n{each.path} ({each.source}): {each.url}"
        f"\n\n{each.text}"
        for each in passages
    ]


def _name_section(title: str, headings: list[str]) -> str:
    below = headings[1:] if headings[:1] == [title] else headings
    return " > ".join(part for part in (title, *below) if part)


def _describe_age(revision: str, as_of: datetime | None) -> str:
    """Return a line about how old the documentation is."""
    read = f"{as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if as_of else ""
    parts = [f"last read {read}" if read else "", f"revision {revision[:12]}" if revision else ""]
    said = ", ".join(part for part in parts if part)
    return f"(Documentation: {said}.)" if said else ""


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)
