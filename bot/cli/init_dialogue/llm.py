"""Asks for the LLM, and offers the models that its server has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cli.init_dialogue.keys import ask_for_key
from bot.cli.init_dialogue.questions import Questions, ask_for_text, choose, print_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag_core.generation.llm.offered_models import OfferedModel
    from rag_core.models.known_answers import CheckResult

LLMS = {
    "openai": "OpenAI, with a key",
    "server": "a server that speaks OpenAI's API, such as vLLM or Ollama",
    "none": "no LLM: answers quote the documentation",
}

_SETTINGS = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "DOCENT_LLM_MODEL")
_SHOWN_MODELS = 15


def ask_for_llm(questions: Questions) -> None:
    """Ask for the LLM, until it answers."""
    questions.begin_step("LLM")
    is_given = questions.has_any("OPENAI_API_KEY", "OPENAI_BASE_URL")
    if is_given and questions.is_fine(lambda: _check(questions)):
        return
    while True:
        kind = choose("Who writes the answers?", LLMS, _find_kind(questions))
        if kind == "none":
            questions.remove(*_SETTINGS)
            return
        _ask_for_server(questions, kind)
        _ask_for_model(questions)
        if questions.is_fine(lambda: _check(questions)):
            return


def _check(questions: Questions) -> Iterator[CheckResult]:
    from bot.setup.llm_checks import check_llm

    return check_llm(questions.load_rag())


def _find_kind(questions: Questions) -> str:
    """Return the choice that was made already."""
    if questions.get("OPENAI_BASE_URL"):
        return "server"
    return "openai" if questions.get("OPENAI_API_KEY") else "none"


def _ask_for_server(questions: Questions, kind: str) -> None:
    from bot.setup.llm_checks import complete_base_url

    if kind == "server":
        url = questions.ask("Base URL", "OPENAI_BASE_URL", "http://localhost:8000/v1")
        questions.values["OPENAI_BASE_URL"] = complete_base_url(url)
    else:
        questions.values["OPENAI_BASE_URL"] = ""
    ask_for_key(questions, "OPENAI_BASE_URL")


def _ask_for_model(questions: Questions) -> None:
    """Show the server's models; take a number or a name."""
    from rag_core.generation.llm.offered_models import find_model

    if questions.take_given("DOCENT_LLM_MODEL"):
        return
    models = _fetch_models(questions)
    default = questions.load_rag().llm_model
    names = [model.name for model in models]
    if names and find_model(default, models) is None:
        default = names[0]
    for number, model in enumerate(models[:_SHOWN_MODELS], start=1):
        context = f"  {model.context_tokens:,} tokens" if model.context_tokens else ""
        print_line(f"  {number:>2}  {model.name}{context}")
    if len(models) > _SHOWN_MODELS:
        print_line(f"      and {len(models) - _SHOWN_MODELS} more, by name")
    answer = ask_for_text("Which model?", default)
    is_number = answer.isascii() and answer.isdecimal() and 0 < int(answer) <= len(names)
    questions.values["DOCENT_LLM_MODEL"] = names[int(answer) - 1] if is_number else answer


def _fetch_models(questions: Questions) -> tuple[OfferedModel, ...]:
    """Return the server's models; none if it does not list them."""
    from rag_core.errors import DocentError
    from rag_core.generation.llm.offered_models import fetch_offered_models

    if not questions.should_check:
        return ()
    try:
        return fetch_offered_models(questions.load_rag()) or ()
    except DocentError:  # the check says why
        return ()
