"""Asks where the documentation is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli import terminal
from bot.cli.init_dialogue.questions import Questions, print_line

if TYPE_CHECKING:
    from rag_core.models.known_answers import CheckResult


def ask_for_sources(questions: Questions) -> None:
    """Ask where the documentation is, until it can be read."""
    from bot.setup.choices import format_sources

    questions.begin_step("Documentation")
    if not questions.has_any("DOCENT_SOURCES"):
        print_line("A folder, an archive, a repository (git+https://...) or a website;")
        print_line("separate several by spaces. `-` leaves it for later.")
    while True:
        entry = questions.ask("Where is your documentation?", "DOCENT_SOURCES", _suggest_folder())
        if entry == "-":
            questions.forget("DOCENT_SOURCES")
            return
        questions.values["DOCENT_SOURCES"] = format_sources([entry])
        if questions.is_fine(lambda: _check_sources(questions)):
            return
        questions.forget("DOCENT_SOURCES")


def _suggest_folder() -> str:
    """Return the folder of documentation that many projects have; `-` without it."""
    return "docs" if Path("docs").is_dir() else "-"


def _check_sources(questions: Questions) -> list[CheckResult]:
    """Read the sources, with a bar for what is downloaded."""
    from bot.setup.choices import check_new_sources
    from ingest.report import Progress
    from ingest.sources import DownloadProgress

    with terminal.show_progress() as show:

        def show_download(state: DownloadProgress) -> None:
            if state.pages:
                show(Progress("reading", state.pages, 0))
            else:
                show(Progress("downloading", state.bytes // 2**10, (state.total or 0) // 2**10))

        return list(check_new_sources(questions.values, progress=show_download))
