"""What is shown in a terminal: docent's own printing, recorded by Rich, with a time that we set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from unittest.mock import patch

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from bot.cli import terminal
from bot.markup.plain_links import LinkFlattener
from bot.settings import BotSettings
from bot.setup.llm_checks import check_llm
from bot.setup.service_checks import check_slack_app
from ingest.report import IngestReport, Stage
from ingest.report import Progress as Step
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings
from tests.pictures.slack_scenes import ANSWER, NEW_REVISION, QUESTION

COLUMNS = 90
STAGES: tuple[tuple[Stage, int, float], ...] = (
    ("reading", 451, 0.4),
    ("chunking", 42, 1.1),
    ("embedding", 204, 31.0),
    ("writing", 3_912, 4.0),
    ("publishing", 4, 0.9),
)

STYLE = """
body { margin: 0; padding: 14px; background: var(--back); }
html { --back: #e9e9ec; --page: #fbfbfb; --line: #d5d5d8; --text: #24292f; }
html.dark { --back: #101214; --page: #1e2227; --line: #35373b; --text: #d7dae0; }
.window { background: var(--page); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden; } .lights { padding: 10px 14px 2px; display: flex; gap: 7px; }
.lights i { width: 11px; height: 11px; border-radius: 50%; }
pre { margin: 0; padding: 8px 18px 16px; color: var(--text); white-space: pre-wrap;
  font: 12px/18px "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
"""

LIGHT = TerminalTheme(
    (251, 251, 251),
    (36, 41, 47),
    [
        (36, 41, 47),
        (207, 34, 46),
        (17, 99, 41),
        (143, 82, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (110, 119, 129),
    ],
)
DARK = TerminalTheme(
    (30, 34, 39),
    (215, 218, 224),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
)


class _Clock:
    """A time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class _LastFrame(RichProgress):
    """A progress display of which only the last frame is printed."""

    def start(self) -> None:
        """Draw nothing yet."""

    def stop(self) -> None:
        """Draw the bars once, as they stand at the end."""
        self.console.print(self.get_renderable())


@contextmanager
def _record() -> Iterator[tuple[Console, _Clock]]:
    """A console in the place of docent's own."""
    clock = _Clock()
    console = Console(
        file=StringIO(),
        force_terminal=True,
        color_system="standard",
        width=COLUMNS,
        record=True,
        highlight=False,
        markup=False,
        emoji=False,
        get_time=clock,
        legacy_windows=False,
        _environ={},
    )
    with (
        patch.object(terminal, "out", console),
        patch.object(terminal, "err", console),
        patch.object(terminal, "Progress", _LastFrame),
    ):
        yield console, clock


def _type(console: Console, command: str) -> None:
    console.print(Text.assemble(("$ ", "dim"), (command, "bold")))


def _ask(console: Console, clock: _Clock) -> None:
    del clock
    _type(console, f'docent ask "{QUESTION}"')
    terminal.print_text(LinkFlattener().feed(ANSWER.text, last=True))
    terminal.print_sources(ANSWER)


def _index(console: Console, clock: _Clock) -> None:
    _type(console, "docent index")
    with terminal.show_progress() as show:
        for name, total, seconds in STAGES:
            show(Step(name, 0, total))
            clock.now += seconds
            show(Step(name, total, total))
    terminal.print_report(
        IngestReport(
            documents=451,
            chunks=3_912,
            added=12,
            changed=30,
            removed=2,
            embedded=204,
            reused=3_708,
            seconds=38.2,
            revision=NEW_REVISION[:8],
        )
    )


def _doctor(console: Console, clock: _Clock) -> None:
    del clock
    _type(console, "docent doctor")
    terminal.print_checks(
        [
            CheckResult("Python", passed=True, says="3.11.7 on Linux x86_64"),
            CheckResult("settings", passed=True, says="valid; .env in this folder is read"),
            CheckResult("disk", passed=True, says="69.0 GB free for data"),
            CheckResult("source", passed=True, says="aurora: 428 files"),
            CheckResult(
                "Milvus",
                passed=True,
                says="data/milvus.db answers, and the live index has 3,820 chunks",
            ),
            CheckResult("models", passed=True, says="the starter model is there, 91 MB, English"),
            *check_llm(RagSettings.model_construct()),  # without a key
            *check_slack_app(BotSettings.model_construct()),  # without tokens
        ]
    )


SCENES: dict[str, Callable[[Console, _Clock], None]] = {
    "terminal-ask": _ask,
    "terminal-index": _index,
    "terminal-doctor": _doctor,
}


def draw_terminal(name: str, *, dark: bool) -> str:
    """The window of a terminal in which a command has run."""
    with _record() as (console, clock):
        SCENES[name](console, clock)
        code = console.export_html(
            theme=DARK if dark else LIGHT, inline_styles=True, code_format="{code}"
        )
    code = re.sub(r"[ \t]+$", "", code, flags=re.MULTILINE)
    lights = "".join(f'<i style="background:{c}"></i>' for c in ("#ff5f57", "#febc2e", "#28c840"))
    return f'<div class="window"><div class="lights">{lights}</div><pre>{code.rstrip()}</pre></div>'
