"""What the command line prints: progress, answers, tables. Rich, and nothing else, lives here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from bot import messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ingest.report import IngestReport
    from ingest.report import Progress as Step
    from ingest.status import IndexStatus
    from rag_core.known_answers import Check
    from rag_core.types import Answer, Chunk, Hit, Passage

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_PREVIEW_CHARACTERS = 160


def text(delta: str) -> None:
    """Print a piece of the answer as it comes."""
    out.print(Text(delta), end="", soft_wrap=True)


def sources(answer: Answer) -> None:
    """Print what stands below an answer: its sources, or the nearest pages."""
    if answer.status == "not_found":
        out.print(messages.NOT_FOUND)
        if answer.passages:
            out.print("\nThe nearest pages:")
            for passage in answer.passages[:3]:
                out.print(Text(f"  {_place(passage.chunk)}", style="dim"), soft_wrap=True)
    elif answer.citations:
        out.print("\n\nSources:", style="bold")
        for cited in answer.citations:
            place = _place(cited.passage.chunk)
            out.print(Text(f"  [{cited.number}] {place}"), soft_wrap=True)
    notes = [f"{messages.DEGRADED[lost]}." for lost in answer.degraded]
    seconds = answer.timings.total_ms / 1000
    notes.append(f"Index revision {answer.revision}, {seconds:.1f} s.")
    out.print(Text("\n" + " ".join(notes), style="dim"), soft_wrap=True)


def passages(found: Sequence[Passage]) -> None:
    """Print passages with their scores, best first."""
    for number, passage in enumerate(found, start=1):
        out.print(Text(f"{number}. {_place(passage.chunk)}", style="bold"), soft_wrap=True)
        preview = " ".join(passage.chunk.text.split())
        if len(preview) > _PREVIEW_CHARACTERS:
            preview = f"{preview[:_PREVIEW_CHARACTERS]}…"
        out.print(Text(f"   {preview}"), soft_wrap=True)
        scores = f"   retrieval {passage.retrieval_score:.3f}, rerank {_score(passage)}"
        out.print(Text(scores, style="dim"))


def comparison(by_embedding: Sequence[Hit], reranked: Sequence[Passage]) -> None:
    """Print the order by embedding beside the order after reranking, with both scores."""
    table = Table(title="By embedding, and after reranking")
    for name in ("", "by embedding", "cosine", "after reranking", "score"):
        table.add_column(name, justify="right" if name in {"", "cosine", "score"} else "left")
    for number, (hit, passage) in enumerate(zip(by_embedding, reranked, strict=False), start=1):
        table.add_row(
            str(number),
            Text(_title(hit.chunk)),
            f"{hit.score:.4f}",
            Text(_title(passage.chunk)),
            _score(passage),
        )
    out.print(table)


def report(done: IngestReport) -> None:
    """Print what a sync did, to stderr."""
    if done.unchanged:
        err.print(f"Nothing has changed: {done.documents} pages, {done.chunks} chunks.")
    else:
        err.print(
            f"Pages: {done.added} added, {done.changed} changed, {done.removed} removed, "
            f"{done.documents} in the index. Chunks: {done.embedded} embedded, {done.reused} "
            f"reused, {done.chunks} in the index. Revision {done.revision}, {done.seconds:.1f} s."
        )
    for failure in done.failures:
        err.print(Text(f"  Skipped or mended: {failure}", style="yellow"), soft_wrap=True)


def checks(done: Sequence[Check]) -> None:
    """Print what a check-up found, a line each."""
    for check in done:
        mark, style = ("ok   ", "green") if check.passed else ("wrong", "bold red")
        out.print(Text(mark, style=style), Text(f"{check.name}: {check.says}"), soft_wrap=True)


def status(now: IndexStatus) -> None:
    """Print what is indexed, how fresh it is, and when the next sync runs."""
    rows = {
        "Index": now.collection,
        "Revision": now.revision or "nothing indexed yet: run `docent index`",
        "Model": now.model or "-",
        "Documents": f"{now.documents:,} pages, {now.chunks:,} chunks",
        "Sources": ", ".join(now.sources) or "-",
        "Last sync": _moment(now.last_sync)
        + (f", failed: {now.last_error}" if now.last_error else ""),
        "Next sync": _moment(now.next_sync),
    }
    for name, value in rows.items():
        out.print(Text(f"{name:<10} {value}"), soft_wrap=True)


@contextmanager
def progress() -> Iterator[Callable[[Step], None]]:
    """Bars on stderr, one a stage; where stderr is no terminal, a line a stage."""
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bars: dict[str, TaskID] = {}
    if not err.is_terminal:
        seen: set[str] = set()

        def line(step: Step) -> None:
            if step.stage not in seen and step.total:
                seen.add(step.stage)
                err.print(f"{step.stage}: {step.total}", markup=False)

        yield line
        return
    with Progress(*columns, console=err) as display:

        def show(step: Step) -> None:
            if step.stage not in bars:
                bars[step.stage] = display.add_task(step.stage, total=step.total)
            display.update(bars[step.stage], completed=step.done, total=step.total)

        yield show


def _place(chunk: Chunk) -> str:
    return f"{_title(chunk)} — {chunk.url}"


def _title(chunk: Chunk) -> str:
    return chunk.heading_path or chunk.path


def _moment(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "-"


def _score(passage: Passage) -> str:
    return "-" if passage.rerank_score is None else f"{passage.rerank_score:.4f}"
