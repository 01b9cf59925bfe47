"""Render what Slack says of a sync: its progress, its report, its preview."""

from __future__ import annotations

from bot.markup import markdown
from bot.texts.catalog import format_number, format_share, format_size, format_time, say
from ingest.changes.preview import Preview
from ingest.progress import round_time
from ingest.publishing import golden_questions
from ingest.report import NOUNS, GoldenResult, IngestReport, Progress, Stage

_BAR = 20
_TEXT_LIMIT = 2_900
_GOLDEN_SHOWN = 5


def render_progress(progress: Progress, seconds_left: float | None) -> str:
    """Return the stage, a bar and the time left."""
    done = _format_count(progress.stage, progress.done)
    if progress.total:
        share = min(progress.done / progress.total, 1.0)
        full = int(share * _BAR)
        bar = f"`{'█' * full}{'░' * (_BAR - full)}` {format_share(share)}"
        total = _format_count(progress.stage, progress.total)
        done = f"{format_number(progress.done)} / {total}\n{bar}"
    stage = say(f"stage.{progress.stage}")
    has_count = progress.done or progress.total
    text = (
        say("progress", stage=stage, done=done) if has_count else say("progress_stage", stage=stage)
    )
    if seconds_left is None:
        return text
    return f"{text} · {say('progress_left', time=_render_time(seconds_left))}"


def _format_count(stage: Stage, number: int) -> str:
    if stage == "downloading":
        return format_size(number)
    return say(f"{NOUNS[stage]}s", count=number)


def render_report(report: IngestReport) -> str:
    """Return the report of a sync."""
    time = format_time(round(report.seconds, 0 if report.seconds >= 10 else 1), "second")
    lines = [say("report_unchanged" if report.unchanged else "report_done", time=time)]
    lines.append(_render_item("report_index", pages=report.documents, chunks=report.chunks))
    if not report.unchanged:
        pages = {"added": report.added, "changed": report.changed, "removed": report.removed}
        lines.append(_render_item("report_pages", **pages))
        lines.append(_render_item("report_chunks", chunks=report.embedded, reused=report.reused))
    lines.append(_render_item("report_revision", revision=f"`{report.revision[:7]}`"))
    lines += [_render_golden(result) for result in report.golden[:_GOLDEN_SHOWN]]
    if report.failures:
        lines.append(_render_failures(report.failures))
    if report.notes:
        lines.append(_render_notes(report.notes))
    return _join_lines(lines)


def render_preview(preview: Preview) -> str:
    """Return the preview of a sync."""
    lines = [say("preview_unchanged" if preview.unchanged else "preview_done")]
    index = "report_index" if preview.unchanged else "preview_index"
    lines.append(_render_item(index, pages=preview.documents, chunks=preview.chunks))
    if not preview.unchanged:
        pages = {"added": preview.added, "changed": preview.changed, "removed": preview.removed}
        reused = preview.chunks - preview.to_embed
        lines.append(_render_item("report_pages", **pages))
        lines.append(_render_item("preview_chunks", chunks=preview.to_embed, reused=reused))
        lines.append(_render_estimate(preview.seconds))
    if preview.stopped:
        lines.append(_render_item("preview_stopped", reason=markdown.escape_plain(preview.stopped)))
    if preview.failures:
        lines.append(_render_failures(preview.failures))
    if preview.notes:
        lines.append(_render_notes(preview.notes))
    return _join_lines(lines)


def _join_lines(lines: list[str]) -> str:
    """Return as many of the lines as fit into a section."""
    text = lines[0]
    for line in lines[1:]:
        if len(text) + 1 + len(line) <= _TEXT_LIMIT:
            text += f"\n{line}"
    return text


def _render_item(key: str, **values: object) -> str:
    return f"• {say(key, **values)}"


def _render_golden(result: GoldenResult) -> str:
    source = markdown.escape_plain(result.source)
    if result.before is None or result.after is None:
        return _render_item("report_no_golden", source=source, reason=_explain_skip(result.skipped))
    return _render_item(
        "report_golden",
        source=source,
        before=format_share(result.before),
        after=format_share(result.after),
        golden_questions=result.questions,
    )


def _explain_skip(reason: str) -> str:
    """Return the reason in the reader's language; file errors stay in English."""
    keys = {
        golden_questions.NO_QUESTIONS: "no_questions",
        golden_questions.NO_VERSION: "no_version",
    }
    return say(f"skipped.{keys[reason]}") if reason in keys else markdown.escape_plain(reason)


def _render_estimate(seconds: float | None) -> str:
    if seconds is None:
        return _render_item("preview_time_unknown")
    return _render_item("preview_time", time=_render_time(seconds))


def _render_time(seconds: float) -> str:
    return format_time(*round_time(seconds))


def _render_failures(failures: tuple[str, ...]) -> str:
    return _render_item(
        "report_failures", count=len(failures), first=markdown.escape_plain(failures[0])
    )


def _render_notes(notes: tuple[str, ...]) -> str:
    first = markdown.escape_plain(notes[0])
    return _render_item("report_notes", count=len(notes), first=first)
