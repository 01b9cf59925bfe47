"""Whoever has set a language reads no English: every surface is drawn in the others, and read.

Russian, Chinese and Japanese are written without Latin letters, so that a word that nobody put into
`bot/texts` is seen. German comes from the same files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from bot.slack.views import answer_blocks, buttons, explanation, home, modals, sync_report
from bot.slack.views.home import AdminContent, HomeContent
from bot.storage.activity import ActivityCounts, RecentQuestion
from bot.storage.answers import AnswerRecord
from bot.storage.problems import Problem
from bot.texts import admin, answers, asking, button_labels, problems, sync
from bot.texts.catalog import load_sentences, set_language
from bot.types import AnswerContext, MessageKey
from ingest.errors import DownloadError, SyncRunningError
from ingest.overview.history import PastSync, SourceState
from ingest.overview.status import IndexStatus
from ingest.publishing import golden_questions
from ingest.report import GoldenResult, Progress, Stage
from ingest.state.jobs import SyncAlert
from ingest.types import IndexVersion
from rag_core.errors import BusyError, DocentError
from rag_core.types import Answer, Chunk, Citation, Degradation, Passage, Scope, Timings, Usage
from tests.bot import fakes

OTHER_SCRIPTS = ("ru", "zh", "ja")
WHEN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
DATA = "«42»"  # what people and documents say has no letters here

CHUNK = Chunk("1" * 32, DATA, DATA, "https://example.com/#1", DATA, (DATA,), 0, DATA)
OTHER = replace(CHUNK, id="2" * 32)
PASSAGES = (Passage(CHUNK, 0.9, 0.8), Passage(OTHER, 0.5, None))
ANSWER = Answer(
    text=DATA,
    citations=(Citation(1, PASSAGES[0]),),
    passages=PASSAGES,
    status="answered",
    degraded=get_args(Degradation),
    revision="1234567",
    usage=Usage(1200, 85),
    timings=Timings(1, 2, 3, 4, 5, 6, 7),
    query="«43»",
    unanswered=(DATA,),
)
NOTHING = replace(
    ANSWER, citations=(), passages=(), status="not_found", usage=None, timings=Timings()
)
UNCITED = replace(ANSWER, citations=(), status="not_found")
KEPT = AnswerRecord("1", MessageKey("1", "2", "3"), "4", "5", question=DATA, answer=ANSWER)
SCOPE = Scope((DATA,), DATA, DATA, DATA)
STATUS = IndexStatus("1", "1234567", "1", 1205, 224, ("1",), WHEN, DATA, WHEN)
VERSION = IndexVersion("1", 1, "1234567", "1", WHEN, 224, 1205, True, True, True)
SOURCE = SourceState(DATA, DATA, 224, WHEN)
SKIPPED = (golden_questions.NO_QUESTIONS, golden_questions.NO_VERSION, DATA)
REPORT = replace(
    fakes.REPORT,
    revision="1234567",
    failures=(DATA,),
    golden=(GoldenResult(DATA, 20, 0.9, 0.95), *(GoldenResult(DATA, skipped=s) for s in SKIPPED)),
)
PREVIEW = replace(fakes.PREVIEW, failures=(DATA,), stopped=DATA)
KNOWN = HomeContent(STATUS, [SOURCE], [RecentQuestion(DATA, "1", WHEN)], WHEN)
PROBLEMS = [Problem(service, DATA, WHEN) for service in problems.PROBLEMS]
MANAGED = AdminContent(
    [VERSION], [PastSync(WHEN, 1), PastSync(WHEN, error=DATA)], ActivityCounts(1, 2, 3, 4), PROBLEMS
)
CONTEXT = AnswerContext("1", WHEN, SCOPE, can_escalate=True)


def errors() -> Iterator[DocentError]:
    """One of each that is told."""
    for kind in answers.ERRORS:
        yield BusyError(7) if kind is BusyError else kind(DATA)


Draw = Callable[[], Any]

SURFACES: dict[ModuleType, dict[str, Draw]] = {
    explanation: {
        "render_explanation": lambda: [
            explanation.render_explanation(KEPT, one) for one in (ANSWER, NOTHING)
        ],
        "render_origin": lambda: explanation.render_origin(KEPT, NOTHING),
        "render_candidates": lambda: explanation.render_candidates(UNCITED),
    },
    modals: {
        "build_evidence_view": lambda: [
            modals.build_evidence_view(KEPT, a) for a in (ANSWER, NOTHING, UNCITED)
        ],
        "build_gone_view": modals.build_gone_view,
        "build_feedback_form": lambda: modals.build_feedback_form("1"),
        "build_section": lambda: modals.build_section(DATA),
    },
    home: {
        "build_home_view": lambda: [
            home.build_home_view(KNOWN, MANAGED),
            home.build_home_view(
                replace(KNOWN, status=IndexStatus("1"), recent_questions=()), None
            ),
        ],
        "build_refusal_view": lambda: home.build_refusal_view(answers.NOT_FOR_YOU),
    },
    admin: {
        "render_status": lambda: [
            admin.render_status(one, versions, [SOURCE])
            for one in (STATUS, IndexStatus("1"))
            for versions in ([VERSION], [])
        ],
        "render_source": lambda: [admin.render_source(SOURCE, held=held) for held in (True, False)],
        "render_versions": lambda: admin.render_versions([VERSION]),
        "render_rollback": lambda: admin.render_rollback(VERSION, "1"),
        "render_unknown_source": lambda: admin.render_unknown_source(DATA, [DATA]),
    },
    problems: {
        "render_problem": lambda: [problems.render_problem(one) for one in PROBLEMS],
        "render_recovery": lambda: [problems.render_recovery(one) for one in PROBLEMS],
        "render_problem_list": lambda: problems.render_problem_list(PROBLEMS),
    },
    sync: {
        "render_progress": lambda: [
            sync.render_progress(Progress(stage, 30, total), left)
            for stage in get_args(Stage)
            for total in (0, 120)
            for left in (None, 5.0, 100.0, 9000.0)
        ],
        "render_report": lambda: [
            sync.render_report(replace(REPORT, unchanged=u)) for u in (True, False)
        ],
        "render_preview": lambda: [
            sync.render_preview(replace(PREVIEW, unchanged=unchanged, seconds=seconds))
            for unchanged in (True, False)
            for seconds in (None, 5.0, 100.0, 9000.0)
        ],
    },
    sync_report: {
        "build_report_blocks": lambda: sync_report.build_report_blocks(REPORT, can_roll_back=True),
    },
    answer_blocks: {
        "build_answer_tail": lambda: [
            answer_blocks.build_answer_tail(one, CONTEXT) for one in (ANSWER, UNCITED)
        ],
        "build_stop_tail": answer_blocks.build_stop_tail,
        "build_sources": lambda: answer_blocks.build_sources(ANSWER.citations),
        "build_nearest_pages": lambda: answer_blocks.build_nearest_pages(PASSAGES),
        "format_sources": lambda: "".join(answer_blocks.format_sources([CHUNK])),
        "format_source": lambda: answer_blocks.format_source(CHUNK),
        "build_footer": lambda: answer_blocks.build_footer(ANSWER, AnswerContext()),
        "build_text_block": lambda: answer_blocks.build_text_block(DATA),
        "render_preview": lambda: answer_blocks.render_preview(DATA),
    },
    buttons: {
        "build_answer_buttons": lambda: buttons.build_answer_buttons(
            "1", has_passages=True, can_escalate=True
        ),
        "build_escalation_block": lambda: buttons.build_escalation_block("1"),
        "build_stop_block": buttons.build_stop_block,
        "build_share_block": lambda: buttons.build_share_block("1", "2"),
        "parse_share_value": lambda: buttons.parse_share_value("1 2"),
    },
    answers: {
        "list_limits": lambda: [
            name for name, _ in answers.list_limits(Scope(("docs",), "en/", "2.6", "en"))
        ],
        "render_error": lambda: [
            answers.render_error(error) for error in (*errors(), RuntimeError("secret"))
        ],
        "find_limit_sentence": lambda: [
            answers.find_limit_sentence(limit)
            for limit in ("line_full", "too_many_open", "daily_limit")
        ],
        "render_place": lambda: answers.render_place(7),
        "render_reranking": lambda: [answers.render_reranking(number) for number in (1, 30)],
        "render_unknown_command": lambda: answers.render_unknown_command(DATA),
        "render_sync_alert": lambda: [
            answers.render_sync_alert(SyncAlert(DATA, resolved=over)) for over in (True, False)
        ],
        "render_sync_failure": lambda: [answers.render_sync_failure(kind(DATA)) for kind in FAILED],
        "render_revision": lambda: [
            answers.render_revision("1234567", when) for when in (WHEN, None)
        ],
        "render_scope": lambda: answers.render_scope(SCOPE),
        "render_unread_files": lambda: answers.render_unread_files([DATA] * 6),
        "render_shortened_files": lambda: answers.render_shortened_files([DATA]),
        "render_misspelt_command": lambda: answers.render_misspelt_command(DATA, "status"),
        "render_unanswered": lambda: answers.render_unanswered([DATA, DATA]),
        "format_moment": lambda: [answers.format_moment(when) for when in (WHEN, None)],
        "format_age": lambda: answers.format_age(WHEN),
    },
    asking: {
        "render_current_scope": lambda: [
            asking.render_current_scope(one) for one in (SCOPE, Scope())
        ],
        "render_new_scope": lambda: [asking.render_new_scope(one) for one in (SCOPE, Scope())],
        "render_unknown_value": lambda: [
            asking.render_unknown_value("version", DATA, known) for known in ((DATA,), ())
        ],
        "render_empty_scope": lambda: asking.render_empty_scope(SCOPE),
        "render_instructions": lambda: [
            asking.render_instructions(team, channel)
            for team in (DATA, "")
            for channel in (DATA, "")
        ],
        "render_new_instructions": lambda: asking.render_new_instructions(DATA),
        "render_long_instructions": lambda: asking.render_long_instructions(1205, 1000),
        "render_shared_heading": lambda: asking.render_shared_heading("1", DATA),
    },
    button_labels: {
        "render_escalation": lambda: button_labels.render_escalation("1"),
        "render_answer_place": lambda: [
            button_labels.render_answer_place(link) for link in ("", "https://1")
        ],
        "render_passed_on": lambda: button_labels.render_passed_on("1"),
        "render_already_passed_on": lambda: button_labels.render_already_passed_on("1"),
    },
}
FAILED = (DownloadError, SyncRunningError)

DRAWN = [(module, name) for module, drawn in SURFACES.items() for name in drawn]


def shown(node: Any) -> Iterator[str]:
    """Every text that somebody reads or hears, of text, blocks and views."""
    node = node.to_dict() if hasattr(node, "to_dict") else node
    if isinstance(node, str):
        yield node
    elif isinstance(node, list | tuple):
        for child in node:
            yield from shown(child)
    elif isinstance(node, dict):
        for key in ("text", "accessibility_label", "alt_text"):
            if isinstance(node.get(key), str):
                yield node[key]
        for child in node.values():
            if isinstance(child, dict | list):
                yield from shown(child)


def latin(text: str) -> set[str]:
    """Words in Latin letters; not those of commands, addresses, people, dates and emoji."""
    text = re.sub(r"`[^`]*`|:\w+:|<!date[^>]*>|<[@#][^>]*>|\{\w+\}", " ", text)
    text = re.sub(r"<[^|>]*\|", " ", text)
    return set(re.findall(r"[A-Za-z]+", text))


@pytest.mark.parametrize("language", OTHER_SCRIPTS)
@pytest.mark.parametrize(("module", "name"), DRAWN, ids=[f"{m.__name__}.{n}" for m, n in DRAWN])
async def test_nothing_is_shown_in_english(language: str, module: ModuleType, name: str):
    set_language(language)
    text = "\n".join(shown(SURFACES[module][name]()))
    assert text
    # Such as docent's own name.
    own = latin("\n".join(load_sentences(language).values()))
    assert latin(text) - own == set()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("module", "name"), DRAWN, ids=[f"{m.__name__}.{n}" for m, n in DRAWN])
async def test_what_is_shown_in_latin_letters_fits(language: str, module: ModuleType, name: str):
    """The Slack SDK refuses what is longer than Slack takes, such as a button of a question."""
    set_language(language)
    assert "".join(shown(SURFACES[module][name]()))


@pytest.mark.parametrize("language", OTHER_SCRIPTS)
def test_hardly_a_word_of_a_language_is_latin(language: str):
    """Or else the test above would see nothing."""
    assert latin("\n".join(load_sentences(language).values())) <= {"docent", "Slack", "Discord"}


@pytest.mark.parametrize("module", SURFACES, ids=lambda module: module.__name__)
def test_every_function_of_a_module_of_words_is_drawn(module: ModuleType):
    tree = ast.parse(Path(str(module.__file__)).read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name for name in defined if not name.startswith("_")} == set(SURFACES[module])


ROOM = Path(answers.__file__).parent.parent
NOT_SLACK = (
    "api",  # what programs are told
    "calls",
    "discord/client",  # what `docent serve` says before it reaches Discord
    "discord/doctor.py",
    "door",
    "mcp",
    "setup",
    "cli",
    "control",  # what the command line is told
    "health",  # what supervisors and Prometheus read
    "settings.py",
    "slack/client/connection.py",  # what `docent serve` says before it reaches Slack
    "slack/doctor.py",
    "storage/tables.py",
)
SENTENCE = re.compile(r"(?:\W|:\w+:)*[A-Z][a-z']* [a-z]")
"""How an English sentence begins; what is written into the audit begins small."""


def spoken_elsewhere(tree: ast.Module) -> set[int]:
    """Literals in docstrings, log lines and raised errors, which have their own line in `error`."""
    found: set[int] = set()
    for node in ast.walk(tree):
        log = isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger.")
        error = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error")
        alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if log or error or alone or isinstance(node, ast.Raise):
            found |= {id(child) for child in ast.walk(node)}
    return found


def test_no_sentence_stands_in_the_code():
    strays = []
    for path in sorted(ROOM.rglob("*.py")):
        if any(path.is_relative_to(ROOM / name) for name in NOT_SLACK):
            continue
        tree = ast.parse(path.read_text())
        elsewhere = spoken_elsewhere(tree)
        strays += [
            f"{path.name}:{node.lineno}: {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if id(node) not in elsewhere and SENTENCE.match(node.value)
        ]
    assert strays == []
