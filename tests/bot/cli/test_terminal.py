"""What the command line prints."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.cli import terminal
from tests.bot.conftest import index_status


def test_the_status_shows_a_rollback():
    with terminal.out.capture() as shown:
        terminal.print_status(index_status())
    assert "Pinned" not in shown.get()
    pinned = replace(
        index_status(), pinned="docent__v1_0123abcd", pinned_at=datetime(2026, 7, 1, 12, tzinfo=UTC)
    )
    with terminal.out.capture() as shown:
        terminal.print_status(pinned)
    assert "docent__v1_0123abcd, rolled back at 2026-07-01 12:00 UTC" in shown.get()
    assert "docent index --resume" in shown.get()
