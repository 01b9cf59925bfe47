"""What the command line prints."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.cli import terminal
from bot.storage.problems import Problem
from bot.storage.service_status import ServiceStatus
from tests.bot.conftest import index_status
from tests.bot.fakes import answer, chunk, citation


def test_the_status_shows_a_rollback():
    with terminal.out.capture() as shown:
        terminal.print_status(index_status(), ServiceStatus())
    assert "Pinned" not in shown.get()
    pinned = replace(
        index_status(), pinned="docent__v1_0123abcd", pinned_at=datetime(2026, 7, 1, 12, tzinfo=UTC)
    )
    with terminal.out.capture() as shown:
        terminal.print_status(pinned, ServiceStatus())
    assert "docent__v1_0123abcd, rolled back at 2026-07-01 12:00 UTC" in shown.get()
    assert "docent index --resume" in shown.get()


def test_the_status_shows_open_questions_and_problems():
    with terminal.out.capture() as shown:
        terminal.print_status(index_status(), ServiceStatus())
    assert "Questions" not in shown.get()
    assert "Problem" not in shown.get()
    problem = Problem("llm", "The key is refused: set it.", datetime(2026, 7, 1, 12, tzinfo=UTC))
    with terminal.out.capture() as shown:
        terminal.print_status(index_status(), ServiceStatus(1_200, 3, (problem,)))
    assert "1,200 waiting, 3 being answered" in shown.get()
    assert "llm, since 2026-07-01 12:00 UTC: The key is refused: set it." in shown.get()


def test_sources_say_their_version_where_it_differs():
    old, new = (citation(n, replace(chunk(n), version=f"2.{n}")) for n in (4, 5))
    with terminal.out.capture() as shown:
        terminal.print_sources(answer(citations=(old, new)))
    assert "[4] Storage > Where data lives (2.4) — https://" in shown.get()
    assert "[5] Storage > Where data lives (2.5) — https://" in shown.get()
    with terminal.out.capture() as shown:
        terminal.print_passages([old.passage])
    assert "(2.4)" not in shown.get()


def test_a_flood_of_failures_is_counted():
    with terminal.err.capture() as shown:
        terminal._print_lines("Note", [f"{number}.md: is short" for number in range(10_000)])
    lines = shown.get().splitlines()
    assert len(lines) == 101
    assert lines[-1] == "  Note: and 9,900 more"


def test_the_site_of_a_source_is_one_line():
    with terminal.err.capture() as shown:
        terminal._print_sites(["docs: MkDocs, https://m.test/,\nanchors as MkDocs makes them"])
    assert shown.get() == (
        "  Site of docs: MkDocs, https://m.test/, anchors as MkDocs makes them\n"
    )
