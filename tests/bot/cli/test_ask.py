"""What `docent ask` prints of an answer as it streams."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from bot.cli import ask, json_output, terminal
from rag_core.types import AnswerDone, TextDelta
from tests.bot.fakes import answer


@pytest.fixture
def print_answer(monkeypatch: pytest.MonkeyPatch):
    def ask_for(*pieces: str, text: str) -> str:
        events = [*map(TextDelta, pieces), AnswerDone(answer(text=text))]
        pipeline = SimpleNamespace(stream=lambda _question: iter(events))
        monkeypatch.setattr(ask, "_connect_pipeline", lambda _scope: nullcontext(pipeline))
        with terminal.out.capture() as shown:
            ask.ask("Where is it?")
        return shown.get()

    return ask_for


def test_an_answer_is_printed_once(print_answer):
    shown = print_answer("To a ", "broker [1].\n", text="To a broker [1].")
    assert shown.count("broker") == 1
    assert shown.startswith("To a broker [1].\n")


def test_an_answer_that_began_anew_is_printed_whole_on_a_line_of_its_own(print_answer):
    shown = print_answer("It asks for logs, or so.", "To a broker [1].", text="To a broker [1].")
    assert "\n\nTo a broker [1].\n" in shown


def test_a_text_that_was_no_answer_is_not_repeated(print_answer):
    assert print_answer("I am sorry.", text="").count("sorry") == 1


MARKED = "Set metadata.\u200bname in a &lt;td class=x> of ASP.\u200bNET, `b.\u200bcom` [1]."


def test_names_and_tags_are_printed_as_they_are_meant(print_answer):
    shown = print_answer(*MARKED, text=MARKED)
    assert "Set metadata.name in a <td class=x> of ASP.NET, `b.\u200bcom` [1]." in shown


def test_the_answer_in_json_is_markdown_with_names_as_they_are_written():
    written = json_output.serialise_answer("Where?", answer(text=MARKED), None)["answer"]
    assert written == "Set metadata.name in a &lt;td class=x> of ASP.NET, `b.\u200bcom` [1]."
