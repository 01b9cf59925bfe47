"""What is said of a sync: how far it is, what it did, what it would do. Pure."""

from __future__ import annotations

from bot.markup import markdown
from bot.texts.catalog import figure, say
from ingest.changes.preview import Preview
from ingest.progress import rounded
from ingest.publishing import golden_questions
from ingest.report import GoldenResult, IngestReport, Progress

_BAR = 20
_LINE_LIMIT = 300
_TEXT_LIMIT = 2_900
_GOLDEN_SHOWN = 5


def progress(now: Progress, left: float | None) -> str:
    """Stage, bar and time left."""
    done = figure(f"{now.done:,}")
    if now.total:
        share = min(now.done / now.total, 1.0)
        full = int(share * _BAR)
        bar = f"`{'█' * full}{'░' * (_BAR - full)}` {share:.0%}"
        done = f"{done} / {figure(f'{now.total:,}')}\n{bar}"
    text = say("progress", stage=say(f"stage.{now.stage}"), done=done)
    return text if left is None else f"{text} · {say('progress_left', time=_span(left))}"


def report(done: IngestReport) -> str:
    """What a sync did."""
    seconds = figure(f"{done.seconds:,.{0 if done.seconds >= 10 else 1}f}")
    lines = [say("report_unchanged" if done.unchanged else "report_done", seconds=seconds)]
    lines.append(_item("report_index", pages=done.documents, chunks=done.chunks))
    if not done.unchanged:
        pages = {"added": done.added, "changed": done.changed, "removed": done.removed}
        lines.append(_item("report_pages", **pages))
        lines.append(_item("report_chunks", embedded=done.embedded, reused=done.reused))
    lines.append(_item("report_revision", revision=f"`{done.revision[:7]}`"))
    lines += [_golden(result) for result in done.golden[:_GOLDEN_SHOWN]]
    if done.failures:
        lines.append(_failures(done.failures))
    return _joined(lines)


def preview(found: Preview) -> str:
    """What a sync would do."""
    lines = [say("preview_unchanged" if found.unchanged else "preview_done")]
    lines.append(_item("report_index", pages=found.documents, chunks=found.chunks))
    if not found.unchanged:
        pages = {"added": found.added, "changed": found.changed, "removed": found.removed}
        lines.append(_item("report_pages", **pages))
        lines.append(_item("preview_chunks", embed=found.to_embed, chunks=found.chunks))
        lines.append(_time(found.seconds))
    if found.stopped:
        lines.append(_item("preview_stopped", reason=_plain(found.stopped)))
    if found.failures:
        lines.append(_failures(found.failures))
    return _joined(lines)


def _joined(lines: list[str]) -> str:
    """As many of the lines as fit into a section."""
    text = lines[0]
    for line in lines[1:]:
        if len(text) + 1 + len(line) <= _TEXT_LIMIT:
            text += f"\n{line}"
    return text


def _item(key: str, **values: object) -> str:
    return f"• {say(key, **values)}"


def _golden(result: GoldenResult) -> str:
    source = _plain(result.source)
    if result.before is None or result.after is None:
        return _item("report_no_golden", source=source, reason=_skipped(result.skipped))
    return _item(
        "report_golden",
        source=source,
        before=f"{result.before:.0%}",
        after=f"{result.after:.0%}",
        questions=result.questions,
    )


def _skipped(reason: str) -> str:
    """In the reader's language; what is wrong with a file stays as the error says it."""
    known = {
        golden_questions.NO_QUESTIONS: "no_questions",
        golden_questions.NO_VERSION: "no_version",
    }
    return say(f"skipped.{known[reason]}") if reason in known else _plain(reason)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return _item("preview_time_unknown")
    return _item("preview_time", time=_span(seconds))


def _span(seconds: float) -> str:
    """A length of time as people say it."""
    count, unit = rounded(seconds)
    return say(f"span.{unit}", count=figure(count))


def _failures(failures: tuple[str, ...]) -> str:
    return _item("report_failures", count=len(failures), first=_plain(failures[0]))


def _plain(text: str) -> str:
    """Words from outside, as Slack shows them unread: no mention, no link."""
    return markdown.escape(markdown.shorten(" ".join(text.split()), _LINE_LIMIT)).replace("`", "'")
