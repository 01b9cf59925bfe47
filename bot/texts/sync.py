"""Render what Slack says of a sync: how far it is, what it did, what it would do."""

from __future__ import annotations

from bot.markup import markdown
from bot.texts.catalog import format_number, format_share, format_time, say
from ingest.changes.preview import Preview
from ingest.progress import round_time
from ingest.publishing import golden_questions
from ingest.report import NOUNS, GoldenResult, IngestReport, Progress, Stage

_BAR = 20
_LINE_LIMIT = 300
_TEXT_LIMIT = 2_900
_GOLDEN_SHOWN = 5


def render_progress(now: Progress, left: float | None) -> str:
    """Return the stage, a bar and the time left."""
    done = _format_count(now.stage, now.done)
    if now.total:
        share = min(now.done / now.total, 1.0)
        full = int(share * _BAR)
        bar = f"`{'█' * full}{'░' * (_BAR - full)}` {format_share(share)}"
        done = f"{format_number(now.done)} / {_format_count(now.stage, now.total)}\n{bar}"
    text = say("progress", stage=say(f"stage.{now.stage}"), done=done)
    return text if left is None else f"{text} · {say('progress_left', time=_render_time(left))}"


def _format_count(stage: Stage, number: int) -> str:
    noun = NOUNS.get(stage)
    return say(f"{noun}s", count=number) if noun else format_number(number)


def render_report(done: IngestReport) -> str:
    """Return what a sync did."""
    time = format_time(round(done.seconds, 0 if done.seconds >= 10 else 1), "second")
    lines = [say("report_unchanged" if done.unchanged else "report_done", time=time)]
    lines.append(_render_item("report_index", pages=done.documents, chunks=done.chunks))
    if not done.unchanged:
        pages = {"added": done.added, "changed": done.changed, "removed": done.removed}
        lines.append(_render_item("report_pages", **pages))
        lines.append(_render_item("report_chunks", chunks=done.embedded, reused=done.reused))
    lines.append(_render_item("report_revision", revision=f"`{done.revision[:7]}`"))
    lines += [_render_golden(result) for result in done.golden[:_GOLDEN_SHOWN]]
    if done.failures:
        lines.append(_render_failures(done.failures))
    return _join_lines(lines)


def render_preview(found: Preview) -> str:
    """Return what a sync would do."""
    lines = [say("preview_unchanged" if found.unchanged else "preview_done")]
    index = "report_index" if found.unchanged else "preview_index"
    lines.append(_render_item(index, pages=found.documents, chunks=found.chunks))
    if not found.unchanged:
        pages = {"added": found.added, "changed": found.changed, "removed": found.removed}
        reused = found.chunks - found.to_embed
        lines.append(_render_item("report_pages", **pages))
        lines.append(_render_item("preview_chunks", chunks=found.to_embed, reused=reused))
        lines.append(_render_estimate(found.seconds))
    if found.stopped:
        lines.append(_render_item("preview_stopped", reason=_escape(found.stopped)))
    if found.failures:
        lines.append(_render_failures(found.failures))
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
    source = _escape(result.source)
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
    """Return the reason in the reader's language; an error of a file keeps its own words."""
    known = {
        golden_questions.NO_QUESTIONS: "no_questions",
        golden_questions.NO_VERSION: "no_version",
    }
    return say(f"skipped.{known[reason]}") if reason in known else _escape(reason)


def _render_estimate(seconds: float | None) -> str:
    if seconds is None:
        return _render_item("preview_time_unknown")
    return _render_item("preview_time", time=_render_time(seconds))


def _render_time(seconds: float) -> str:
    return format_time(*round_time(seconds))


def _render_failures(failures: tuple[str, ...]) -> str:
    return _render_item("report_failures", count=len(failures), first=_escape(failures[0]))


def _escape(text: str) -> str:
    """Return words from outside so that Slack finds no mention and no link in them."""
    return markdown.escape(markdown.shorten(" ".join(text.split()), _LINE_LIMIT)).replace("`", "'")
