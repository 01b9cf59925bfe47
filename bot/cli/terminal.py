"""Print progress, answers and tables on the terminal, with Rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

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

from bot.cli.console import err, out
from bot.printable import join_lines, strip_controls
from bot.texts import answers
from bot.texts.catalog import say
from rag_core.english import format_count

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.storage.ratings import RatedAnswer
    from bot.storage.service_status import ServiceStatus
    from ingest.changes.preview import Preview
    from ingest.overview.status import IndexStatus
    from ingest.report import GoldenResult, IngestReport
    from ingest.report import Progress as Step
    from ingest.types import IndexVersion
    from rag_core.models.known_answers import CheckResult
    from rag_core.types import Answer, Chunk, Hit, Passage

_LINES_SHOWN = 100  # lines; `--json` has all of them

_PREVIEW_CHARACTERS = 160
_LINE_SECONDS = 5.0


def print_text(delta: str) -> None:
    """Print a piece of the answer as it arrives."""
    out.print(Text(delta), end="", soft_wrap=True)


def print_sources(answer: Answer) -> None:
    """Print the sources below an answer, or the closest pages."""
    if answer.status == "not_found":
        out.print(answers.NOT_FOUND)
        if answer.passages:
            out.print("\nThe closest pages:")
            for place in _format_places([each.chunk for each in answer.nearest_passages]):
                out.print(Text(f"  {place}", style="dim"), soft_wrap=True)
    elif answer.unanswered:
        parts = ", ".join(f"“{join_lines(part)}”" for part in answer.unanswered)
        out.print(Text(f"\n\n{say('unanswered', parts=parts)}"), soft_wrap=True)
    if answer.status != "not_found" and answer.citations:
        out.print("\n\nSources:", style="bold")
        places = _format_places([citation.passage.chunk for citation in answer.citations])
        for citation, place in zip(answer.citations, places, strict=True):
            out.print(Text(f"  [{citation.number}] {place}"), soft_wrap=True)
    notes = [f"{answers.DEGRADED[stage]}." for stage in answer.degraded]
    seconds = answer.timings.total_ms / 1000
    notes.append(f"Index revision {answer.revision}, {seconds:.1f} s.")
    out.print(Text("\n" + " ".join(notes), style="dim"), soft_wrap=True)


def print_passages(passages: Sequence[Passage]) -> None:
    """Print passages with their scores, best first."""
    if not passages:
        out.print(answers.NOT_FOUND)
    places = _format_places([passage.chunk for passage in passages])
    for number, (passage, place) in enumerate(zip(passages, places, strict=True), start=1):
        out.print(Text(f"{number}. {place}", style="bold"), soft_wrap=True)
        preview = " ".join(strip_controls(passage.chunk.text).split())
        if len(preview) > _PREVIEW_CHARACTERS:
            preview = f"{preview[:_PREVIEW_CHARACTERS]}…"
        out.print(Text(f"   {preview}"), soft_wrap=True)
        scores = f"   retrieval {passage.retrieval_score:.3f}, rerank {_format_score(passage)}"
        out.print(Text(scores, style="dim"))


def print_comparison(by_embedding: Sequence[Hit], reranked: Sequence[Passage]) -> None:
    """Print the order by embedding beside that after reranking, with scores."""
    table = Table(title="By embedding, and after reranking")
    for name in ("", "by embedding", "cosine", "after reranking", "score"):
        table.add_column(name, justify="right" if name in {"", "cosine", "score"} else "left")
    for number, (hit, passage) in enumerate(zip(by_embedding, reranked, strict=False), start=1):
        table.add_row(
            str(number),
            Text(join_lines(_get_title(hit.chunk))),
            f"{hit.score:.4f}",
            Text(join_lines(_get_title(passage.chunk))),
            _format_score(passage),
        )
    out.print(table)


def print_report(report: IngestReport) -> None:
    """Print the report of a sync on stderr."""
    if report.unchanged:
        err.print(
            f"Nothing has changed. The index holds {_format_size(report.documents, report.chunks)}."
        )
    else:
        err.print(
            f"Found {_format_changes(report.added, report.changed, report.removed)}. "
            f"Embedded {format_count(report.embedded, 'chunk')} and reused {report.reused:,}. "
            f"The index holds {_format_size(report.documents, report.chunks)}. "
            f"Revision {report.revision}, {report.seconds:.1f} s."
        )
    if report.truncated:
        count = format_count(report.truncated, "chunk")
        err.print(f"The model read only the beginning of {count}: the rest is too long for it.")
    for result in report.golden:
        err.print(
            Text(f"  Golden questions of {_format_golden(result)}", style="dim"), soft_wrap=True
        )
    _print_sites(report.sites)
    _print_dropped(report.dropped, "their pages are removed")
    _print_lines("Skipped or repaired", report.failures)
    _print_lines("Note", report.notes)


def print_preview(preview: Preview) -> None:
    """Print the preview of a sync: pages on stdout, totals on stderr."""
    for page in preview.pages:
        out.print(Text(f"{page.change:<8} {page.source}: {join_lines(page.path)}"), soft_wrap=True)
    if preview.unchanged:
        size = _format_size(preview.documents, preview.chunks)
        err.print(f"Nothing has changed. The index holds {size}.")
    else:
        from ingest.progress import format_time

        time = "unknown" if preview.seconds is None else format_time(preview.seconds)
        err.print(
            f"Found {_format_changes(preview.added, preview.changed, preview.removed)}. "
            f"Would embed {format_count(preview.to_embed, 'chunk')} and reuse "
            f"{preview.chunks - preview.to_embed:,}. Estimated time: {time}."
        )
    if preview.stopped:
        stop = f"This would only be published with --force: {join_lines(preview.stopped)}."
        err.print(Text(stop, style="yellow"), soft_wrap=True)
    _print_sites(preview.sites)
    _print_dropped(preview.dropped, "their pages would be removed")
    _print_lines("Skipped or repaired", preview.failures)
    _print_lines("Note", preview.notes)


def print_stopped() -> None:
    """Print that a sync was ended by Ctrl-C."""
    err.print("Stopped. The index is unchanged.")


def print_versions(versions: Sequence[IndexVersion]) -> None:
    """Print the stored versions, newest first."""
    if not versions:
        out.print("There is no index yet: run `docent index`.")
    for version in versions:
        marks = [name for name in ("live", "previous", "pinned") if getattr(version, name)]
        out.print(
            Text(
                f"{version.collection}  {version.revision}  {_format_moment(version.created_at)}  "
                f"{_format_size(version.documents, version.chunks)}  {', '.join(marks)}"
            ),
            soft_wrap=True,
        )


def print_feedback(ratings: Sequence[RatedAnswer]) -> None:
    """Print ratings with their questions, latest first."""
    if not ratings:
        out.print("There are no ratings in this period.")
        return
    table = Table()
    for name in ("when", "", "question", "reason", "comment"):
        table.add_column(name)
    for rated in ratings:
        rating = rated.rating
        thumb = "up" if rating.verdict == "up" else "down"
        texts = (rated.record.question, rating.reason.replace("_", " "), rating.comment)
        cells = (Text(" ".join(strip_controls(text).split())) for text in texts)
        table.add_row(_format_moment(rated.rated_at), thumb, *cells)
    out.print(table)


def print_rollback(version: IndexVersion) -> None:
    """Print the version that a rollback made live again."""
    created = _format_moment(version.created_at)
    err.print(
        f"The index is back at revision {version.revision} from {created} and stays there. "
        "To sync again, run `docent index --resume`.",
        soft_wrap=True,
    )


def _format_size(pages: int, chunks: int) -> str:
    return f"{format_count(pages, 'page')} and {format_count(chunks, 'chunk')}"


def _format_changes(added: int, changed: int, removed: int) -> str:
    return f"{format_count(added, 'new page')}, {changed:,} changed and {removed:,} removed"


def _format_golden(result: GoldenResult) -> str:
    if result.after is None:
        return f"{result.source}: not compared, {join_lines(result.skipped)}"
    before = "-" if result.before is None else f"{result.before:.0%}"
    return f"{result.source}: {before} found the right page before, {result.after:.0%} now"


def _print_sites(lines: Sequence[str]) -> None:
    for line in lines:
        err.print(Text(f"  Site of {join_lines(line)}", style="dim"), soft_wrap=True)


def _print_dropped(names: Sequence[str], consequence: str) -> None:
    if names:
        line = f"  No longer in DOCENT_SOURCES, {consequence}: {join_lines(', '.join(names))}"
        err.print(Text(line, style="yellow"), soft_wrap=True)


def _print_lines(label: str, lines: Sequence[str]) -> None:
    from ingest.report import limit_lines

    style = "dim" if label == "Note" else "yellow"
    for line in limit_lines(lines, _LINES_SHOWN):
        err.print(Text(f"  {label}: {join_lines(line)}", style=style), soft_wrap=True)


def print_checks(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Print each result on a line, when it is there; return all."""
    results = []
    for check in checks:
        mark, style = ("ok   ", "green") if check.passed else ("wrong", "bold red")
        if not check.is_set_up:
            mark, style = "-    ", "dim"
        text = Text(join_lines(f"{check.name}: {check.says}"))
        out.print(Text(mark, style=style), text, soft_wrap=True)
        results.append(check)
    return results


def print_status(status: IndexStatus, service: ServiceStatus) -> None:
    """Print the contents of the index, its age, open questions and problems."""
    rows = {
        "Index": status.collection,
        "Revision": status.revision or "no index yet: run `docent index`",
        "Model": status.model or "none yet",
        "Documents": _format_size(status.documents, status.chunks),
        "Sources": ", ".join(status.sources) or "none yet",
        "Last sync": (_format_moment(status.last_sync) if status.last_sync else "never")
        + (f", failed: {status.last_error}" if status.last_error else ""),
        "Next sync": _format_next_sync(status.next_sync),
    }
    if status.pinned:
        since = f"rolled back at {_format_moment(status.pinned_at)}"
        rows["Pinned"] = f"to {status.pinned}, {since}; run `docent index --resume` to sync again"
    if service.waiting or service.answering:
        rows["Questions"] = f"{service.waiting:,} waiting, {service.answering:,} being answered"
    for name, value in rows.items():
        out.print(Text(f"{name:<10} {join_lines(value)}"), soft_wrap=True)
    for problem in service.problems:
        since = _format_moment(problem.since)
        line = f"{'Problem':<10} {problem.service}, since {since}: {join_lines(problem.text)}"
        out.print(Text(line, style="yellow"), soft_wrap=True)


@contextmanager
def show_progress() -> Iterator[Callable[[Step], None]]:
    """Show a bar per stage on stderr; without a terminal, print lines."""
    if not err.is_terminal:
        yield _ProgressLines().show
        return
    columns = (
        TextColumn("{task.description:<17}", markup=False),
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


class _ProgressLines:
    """Progress for a log: a line at the start of a stage and one every few seconds."""

    def __init__(self) -> None:
        from ingest.progress import ProgressReporter

        self._reporter = ProgressReporter(every=_LINE_SECONDS)

    def show(self, step: Step) -> None:
        if line := self._reporter.format_line(step):
            err.print(line, markup=False, soft_wrap=True)


def _format_places(chunks: Sequence[Chunk]) -> list[str]:
    """Return title, version if these differ, and address of each chunk."""
    from rag_core.retrieval.versions import list_version_labels

    versions = (f" ({version})" if version else "" for version in list_version_labels(chunks))
    return [
        join_lines(f"{_get_title(chunk)}{version} — {chunk.url}")
        for chunk, version in zip(chunks, versions, strict=True)
    ]


def _get_title(chunk: Chunk) -> str:
    return chunk.heading_path or chunk.path


def _format_moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "-"


def _format_next_sync(moment: datetime | None) -> str:
    return _format_moment(moment) if moment else "none planned: `docent serve` keeps the schedule"


def _format_score(passage: Passage) -> str:
    return "-" if passage.rerank_score is None else f"{passage.rerank_score:.4f}"
