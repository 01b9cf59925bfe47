"""Whoever has set a language reads no English: every surface is drawn in the others, and read.

Russian, Chinese and Japanese are written without Latin letters, so that a word that nobody put into
`bot/sentences` is seen. German comes from the same files.
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

from bot import (
    answer_words,
    asking_words,
    blocks,
    buttons,
    home_view,
    managing_words,
    messages,
    modals,
    sync_words,
    why,
)
from bot.activity import Asked, Counts
from bot.answers import KeptAnswer
from bot.home_view import Known, Managed
from bot.sentences import sentences, speak
from bot.types import Footing, MessageKey
from ingest import golden
from ingest.errors import DownloadError, SyncRunningError
from ingest.jobs import Trouble
from ingest.overview import PastSync, SourceState
from ingest.report import GoldenResult, Progress, Stage
from ingest.status import IndexStatus
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
)
NOTHING = replace(
    ANSWER, citations=(), passages=(), status="not_found", usage=None, timings=Timings()
)
UNCITED = replace(ANSWER, citations=(), status="not_found")
KEPT = KeptAnswer("1", MessageKey("1", "2", "3"), "4", "5", question=DATA, answer=ANSWER)
SCOPE = Scope((DATA,), DATA, DATA, DATA)
STATUS = IndexStatus("1", "1234567", "1", 1205, 224, ("1",), WHEN, DATA, WHEN)
VERSION = IndexVersion("1", "1234567", "1", WHEN, 224, 1205, True, True, True)
SOURCE = SourceState(DATA, DATA, 224, WHEN)
SKIPPED = (golden.NO_QUESTIONS, golden.NO_VERSION, DATA)
REPORT = replace(
    fakes.REPORT,
    revision="1234567",
    failures=(DATA,),
    golden=(GoldenResult(DATA, 20, 0.9, 0.95), *(GoldenResult(DATA, skipped=s) for s in SKIPPED)),
)
PREVIEW = replace(fakes.PREVIEW, failures=(DATA,), stopped=DATA)
KNOWN = Known(STATUS, [SOURCE], [Asked(DATA, "1", WHEN)], WHEN)
MANAGED = Managed([VERSION], [PastSync(WHEN, 1), PastSync(WHEN, error=DATA)], Counts(1, 2, 3, 4))
FOOTING = Footing("1", WHEN, SCOPE, people=True)


def errors() -> Iterator[DocentError]:
    """One of each that is told."""
    for kind in messages.ERRORS:
        yield BusyError(7) if kind is BusyError else kind(DATA)


Draw = Callable[[], Any]

SURFACES: dict[ModuleType, dict[str, Draw]] = {
    why: {
        "explain": lambda: [why.explain(KEPT, one) for one in (ANSWER, NOTHING)],
        "origin": lambda: why.origin(KEPT, NOTHING),
        "candidates": lambda: why.candidates(UNCITED),
        "scores": lambda: [why.scores(one) for one in PASSAGES],
    },
    modals: {
        "evidence": lambda: [modals.evidence(KEPT, a) for a in (ANSWER, NOTHING, UNCITED)],
        "gone": modals.gone,
        "why_bad": lambda: modals.why_bad("1"),
        "section": lambda: modals.section(DATA),
    },
    home_view: {
        "home": lambda: [
            home_view.home(KNOWN, MANAGED),
            home_view.home(replace(KNOWN, status=IndexStatus("1"), asked=()), None),
        ],
        "refused": lambda: home_view.refused(messages.NOT_FOR_YOU),
    },
    managing_words: {
        "status": lambda: [
            managing_words.status(one, versions, [SOURCE])
            for one in (STATUS, IndexStatus("1"))
            for versions in ([VERSION], [])
        ],
        "source": lambda: [managing_words.source(SOURCE, held=held) for held in (True, False)],
        "versions": lambda: managing_words.versions([VERSION]),
        "rolled_back": lambda: managing_words.rolled_back(VERSION, "1"),
        "no_source": lambda: managing_words.no_source(DATA, [DATA]),
        "plain": lambda: managing_words.plain(DATA),
    },
    sync_words: {
        "progress": lambda: [
            sync_words.progress(Progress(stage, 30, total), left)
            for stage in get_args(Stage)
            for total in (0, 120)
            for left in (None, 5.0, 100.0, 9000.0)
        ],
        "report": lambda: [sync_words.report(replace(REPORT, unchanged=u)) for u in (True, False)],
        "report_blocks": lambda: sync_words.report_blocks(REPORT, roll_back=True),
        "preview": lambda: [
            sync_words.preview(replace(PREVIEW, unchanged=unchanged, seconds=seconds))
            for unchanged in (True, False)
            for seconds in (None, 5.0, 100.0, 9000.0)
        ],
    },
    blocks: {
        "answer_tail": lambda: [blocks.answer_tail(one, FOOTING) for one in (ANSWER, UNCITED)],
        "stop_tail": blocks.stop_tail,
        "sources": lambda: blocks.sources(ANSWER.citations),
        "nearest": lambda: blocks.nearest(PASSAGES),
        "source": lambda: blocks.source(CHUNK),
        "footer": lambda: blocks.footer(ANSWER, Footing()),
        "text_block": lambda: blocks.text_block(DATA),
        "preview": lambda: blocks.preview(DATA),
    },
    buttons: {
        "below_answer": lambda: buttons.below_answer("1", passages=True, people=True),
        "ask_people": lambda: buttons.ask_people("1"),
        "stop": buttons.stop,
        "share": lambda: buttons.share("1", "2"),
        "to_share": lambda: buttons.to_share("1 2"),
        "rated": lambda: buttons.rated("1 2"),
    },
    messages: {
        "sentence": lambda: [
            messages.sentence(error) for error in (*errors(), RuntimeError("secret"))
        ],
        "busy": lambda: messages.busy(7),
        "ranking": lambda: [messages.ranking(number) for number in (1, 30)],
        "unknown_word": lambda: messages.unknown_word(DATA),
        "trouble": lambda: [messages.trouble(Trouble(DATA, over=over)) for over in (True, False)],
        "sync_failed": lambda: [messages.sync_failed(kind(DATA)) for kind in FAILED],
        "revision": lambda: [messages.revision("1234567", when) for when in (WHEN, None)],
        "scope": lambda: messages.scope(SCOPE),
        "moment": lambda: [messages.moment(when) for when in (WHEN, None)],
        "ago": lambda: messages.ago(WHEN),
    },
    asking_words: {
        "scope_is": lambda: [asking_words.scope_is(one) for one in (SCOPE, Scope())],
        "scope_set": lambda: [asking_words.scope_set(one) for one in (SCOPE, Scope())],
        "scope_unknown": lambda: [
            asking_words.scope_unknown("version", DATA, known) for known in ((DATA,), ())
        ],
        "scope_apart": lambda: asking_words.scope_apart(SCOPE),
        "shared": lambda: asking_words.shared("1", DATA),
    },
    answer_words: {
        "somebody_asks": lambda: answer_words.somebody_asks("1"),
        "where_asked": lambda: [answer_words.where_asked(link) for link in ("", "https://1")],
        "passed_on": lambda: answer_words.passed_on("1"),
        "passed_on_before": lambda: answer_words.passed_on_before("1"),
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
    speak(language)
    text = "\n".join(shown(SURFACES[module][name]()))
    assert text
    # Such as docent's own name.
    own = latin("\n".join(sentences(language).values()))
    assert latin(text) - own == set()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("module", "name"), DRAWN, ids=[f"{m.__name__}.{n}" for m, n in DRAWN])
async def test_what_is_shown_in_latin_letters_fits(language: str, module: ModuleType, name: str):
    """The Slack SDK refuses what is longer than Slack takes, such as a button of a question."""
    speak(language)
    assert "".join(shown(SURFACES[module][name]()))


@pytest.mark.parametrize("language", OTHER_SCRIPTS)
def test_hardly_a_word_of_a_language_is_latin(language: str):
    """Or else the test above would see nothing."""
    assert latin("\n".join(sentences(language).values())) <= {"docent", "Slack"}


@pytest.mark.parametrize("module", SURFACES, ids=lambda module: module.__name__)
def test_every_function_of_a_module_of_words_is_drawn(module: ModuleType):
    tree = ast.parse(Path(str(module.__file__)).read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name for name in defined if not name.startswith("_")} == set(SURFACES[module])


ROOM = Path(messages.__file__).parent
NOT_SLACK = {
    "cli",
    "connect.py",  # what `docent serve` says before it reaches Slack
    "control_server.py",  # what the command line is told
    "doctor.py",
    "evaluation_shown.py",
    "settings.py",
    "slack_checks.py",
    "tables.py",
    "terminal.py",
}
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
        if path.relative_to(ROOM).parts[0] in NOT_SLACK:
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
