"""The consoles print texts as texts."""

from __future__ import annotations

import pytest
from rich.table import Table
from rich.text import Text

from bot.cli.console import CleanConsole


def test_colours_are_docents_own_and_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    console = CleanConsole()
    with console.capture() as shown:
        console.print(Text("a\x1b[31mb", style="bold"), soft_wrap=True)
    assert shown.get() == "\x1b[1ma[31mb\x1b[0m\n"


def test_markup_of_a_text_is_a_text():
    console = CleanConsole()
    table = Table("[link=https://evil.test]head[/link]", title="[red]title")
    table.add_row("[blink]cell\x9b2J")
    with console.capture() as shown:
        console.print("[bold]plain :skull:", table)
    for text in ("[bold]plain :skull:", "[link=https://evil.test]head[/link]", "[blink]cell2J"):
        assert text in shown.get()
    assert "\x1b" not in shown.get()
