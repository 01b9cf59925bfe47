"""What is said of a sync fits into a message, and calls nobody."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.views import sync_report
from bot.slack.views.answer_blocks import SECTION_LIMIT
from bot.texts import sync
from ingest.report import GoldenResult, IngestReport, Progress
from tests.bot.fakes import PREVIEW, REPORT

texts = st.text(max_size=500)


def test_a_report_names_its_first_failure_harmlessly():
    failures = ("a.md: <!here> is `not` text", "b.md: no")
    text = sync.render_report(replace(REPORT, failures=failures))
    assert "There were 2 problems, for example: a.md" in text
    assert "&lt;!here&gt; is 'not' text" in text
    assert "`a1b2c3d`" in text


def test_a_report_names_its_first_note_harmlessly():
    for render, result in ((sync.render_report, REPORT), (sync.render_preview, PREVIEW)):
        text = render(replace(result, notes=("a.md: <!here>", "b.md: no")))
        assert "There are 2 notes, for example: a.md: &lt;!here&gt;" in text


def test_golden_questions_are_told_before_and_after():
    golden = "Of 20 golden questions for docs, 90% found the right page before this sync and 95%"
    assert golden in sync.render_report(REPORT)
    skipped = GoldenResult("docs", skipped="there are none")
    text = sync.render_report(replace(REPORT, golden=(skipped,)))
    assert "I did not compare the golden questions for docs: there are none" in text


def test_an_unchanged_sync_lists_no_changes():
    text = sync.render_report(replace(REPORT, unchanged=True))
    assert text.startswith("Nothing has changed")
    assert "new page" not in text


@given(failures=st.lists(texts, min_size=1, max_size=3), source=texts, reason=texts)
def test_every_report_fits(failures: list[str], source: str, reason: str):
    golden = (GoldenResult(source, skipped=reason),) * 8
    done: IngestReport = replace(REPORT, failures=tuple(failures), golden=golden)
    for block in sync_report.build_report_blocks(done, can_roll_back=True):
        block.to_dict()
    assert len(sync.render_report(done)) < SECTION_LIMIT


def test_progress_has_a_bar_where_there_is_a_total():
    text = sync.render_progress(Progress("embedding", 30, 120), 95.0)
    assert "embedding, 30 / 120 chunks" in text
    assert "`█████░░░░░░░░░░░░░░░` 25%" in text
    assert text.endswith("about 2 minutes left")
    assert sync.render_progress(Progress("reading", 3, 0), None).endswith("reading, 3 pages")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(95.0, "This would take about 2 minutes."), (None, "I can't estimate the time")],
)
def test_a_preview_says_how_long_it_would_take(seconds: float | None, said: str):
    text = sync.render_preview(replace(PREVIEW, seconds=seconds))
    assert said in text
    assert "I would embed 12 chunks and reuse 1,193." in text
    assert "<!here>" not in text
