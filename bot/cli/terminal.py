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

from bot.texts import answers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.storage.ratings import RatedAnswer
    from ingest.changes.preview import Preview
    from ingest.overview.status import IndexStatus
    from ingest.report import GoldenResult, IngestReport
    from ingest.report import Progress as Step
    from ingest.types import IndexVersion
    from rag_core.models.known_answers import Check
    from rag_core.types import Answer, Chunk, Hit, Passage

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_PREVIEW_CHARACTERS = 160
_LINE_SECONDS = 5.0


def text(delta: str) -> None:
    """Print a piece of the answer as it comes."""
    out.print(Text(delta), end="", soft_wrap=True)


def sources(answer: Answer) -> None:
    """Print what stands below an answer: its sources, or the nearest pages."""
    if answer.status == "not_found":
        out.print(answers.NOT_FOUND)
        if answer.passages:
            out.print("\nThe nearest pages:")
            for passage in answer.nearest:
                out.print(Text(f"  {_place(passage.chunk)}", style="dim"), soft_wrap=True)
    elif answer.citations:
        out.print("\n\nSources:", style="bold")
        for cited in answer.citations:
            place = _place(cited.passage.chunk)
            out.print(Text(f"  [{cited.number}] {place}"), soft_wrap=True)
    notes = [f"{answers.DEGRADED[lost]}." for lost in answer.degraded]
    seconds = answer.timings.total_ms / 1000
    notes.append(f"Index revision {answer.revision}, {seconds:.1f} s.")
    out.print(Text("\n" + " ".join(notes), style="dim"), soft_wrap=True)


def passages(found: Sequence[Passage]) -> None:
    """Print passages with their scores, best first."""
    if not found:
        out.print(answers.NOT_FOUND)
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
        err.print(f"Nothing has changed: pages {done.documents:,}, chunks {done.chunks:,}.")
    else:
        err.print(
            f"Pages: {done.added} added, {done.changed} changed, {done.removed} removed, "
            f"{done.documents} in the index. Chunks: {done.embedded} embedded, {done.reused} "
            f"reused, {done.chunks} in the index. Revision {done.revision}, {done.seconds:.1f} s."
        )
    if done.truncated:
        err.print(f"Of {done.truncated} chunks the model read only the beginning: too long for it.")
    for result in done.golden:
        err.print(Text(f"  Golden questions of {_golden(result)}", style="dim"), soft_wrap=True)
    _dropped(done.dropped, "their pages are removed")
    _failures(done.failures)


def preview(found: Preview) -> None:
    """Print what a sync would do: pages to stdout, the sum to stderr."""
    for page in found.pages:
        out.print(Text(f"{page.change:<8} {page.source}: {page.path}"), soft_wrap=True)
    if found.unchanged:
        err.print(f"Nothing has changed: pages {found.documents:,}, chunks {found.chunks:,}.")
    else:
        from ingest.progress import span

        time = "unknown" if found.seconds is None else span(found.seconds)
        err.print(
            f"Pages: {found.added} to add, {found.changed} changed, {found.removed} to remove. "
            f"Chunks: {found.to_embed} to embed of {found.chunks}. Estimated time: {time}."
        )
    if found.stopped:
        stop = f"It would not be published without --force: {found.stopped}."
        err.print(Text(stop, style="yellow"), soft_wrap=True)
    _dropped(found.dropped, "their pages would be removed")
    _failures(found.failures)


def stopped() -> None:
    """Print that a sync was ended by Ctrl-C."""
    err.print("Stopped; the index is as it was.")


def versions(found: Sequence[IndexVersion]) -> None:
    """Print the versions that are kept, the newest first."""
    if not found:
        out.print("Nothing is indexed yet: run `docent index`.")
    for version in found:
        marks = [name for name in ("live", "previous", "pinned") if getattr(version, name)]
        out.print(
            Text(
                f"{version.collection}  {version.revision}  {_moment(version.created_at)}  "
                f"pages {version.documents:,}, chunks {version.chunks:,}  {', '.join(marks)}"
            ),
            soft_wrap=True,
        )


def feedback(found: Sequence[RatedAnswer]) -> None:
    """Print how answers were rated, the latest first."""
    if not found:
        out.print("Nobody has rated an answer in this time.")
        return
    table = Table()
    for name in ("when", "", "question", "reason", "comment"):
        table.add_column(name)
    for one in found:
        thumb = "up" if one.rating.verdict == "up" else "down"
        cells = (one.kept.question, one.rating.reason.replace("_", " "), one.rating.comment)
        table.add_row(_moment(one.rated_at), thumb, *(Text(" ".join(c.split())) for c in cells))
    out.print(table)


def rolled_back(version: IndexVersion) -> None:
    """Print which version answers again."""
    err.print(
        f"Revision {version.revision} of {_moment(version.created_at)} answers again, and the "
        "index stays at it: run `docent index --resume` to sync again.",
        soft_wrap=True,
    )


def _golden(result: GoldenResult) -> str:
    if result.after is None:
        return f"{result.source}: not asked, {result.skipped}"
    before = "-" if result.before is None else f"{result.before:.0%}"
    return f"{result.source}: {before} found before, {result.after:.0%} now"


def _dropped(names: Sequence[str], what: str) -> None:
    if names:
        line = f"  Taken out of DOCENT_SOURCES, {what}: {', '.join(names)}"
        err.print(Text(line, style="yellow"), soft_wrap=True)


def _failures(lines: Sequence[str]) -> None:
    for line in lines:
        err.print(Text(f"  Skipped or mended: {line}", style="yellow"), soft_wrap=True)


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
        "Documents": f"pages {now.documents:,}, chunks {now.chunks:,}",
        "Sources": ", ".join(now.sources) or "-",
        "Last sync": _moment(now.last_sync)
        + (f", failed: {now.last_error}" if now.last_error else ""),
        "Next sync": _moment(now.next_sync),
    }
    if now.pinned:
        since = f"rolled back at {_moment(now.pinned_at)}"
        rows["Pinned"] = f"to {now.pinned}, {since}: `docent index --resume` syncs again"
    for name, value in rows.items():
        out.print(Text(f"{name:<10} {value}"), soft_wrap=True)


@contextmanager
def progress() -> Iterator[Callable[[Step], None]]:
    """Bars on stderr, one a stage; where stderr is no terminal, a line every few seconds."""
    if not err.is_terminal:
        yield _Lines().show
        return
    columns = (
        TextColumn("{task.description:<17}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=err) as display:

        def show(step: Step) -> None:
            if step.stage not in bars:
                name = f"{step.stage}{' (KiB)' if step.stage == 'downloading' else ''}"
                bars[step.stage] = display.add_task(name, total=step.total)
            display.update(bars[step.stage], completed=step.done, total=step.total)

        yield show


class _Lines:
    """Progress for a log: a line when a stage begins, and every few seconds while it lasts."""

    def __init__(self) -> None:
        from ingest.progress import Teller

        self._teller = Teller(every=_LINE_SECONDS)

    def show(self, step: Step) -> None:
        if line := self._teller.line(step):
            err.print(line, markup=False, soft_wrap=True)


def _place(chunk: Chunk) -> str:
    return f"{_title(chunk)} — {chunk.url}"


def _title(chunk: Chunk) -> str:
    return chunk.heading_path or chunk.path


def _moment(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else "-"


def _score(passage: Passage) -> str:
    return "-" if passage.rerank_score is None else f"{passage.rerank_score:.4f}"
