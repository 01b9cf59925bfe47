"""Asks for the models of the search, with what each costs on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cli.init_dialogue.keys import ask_for_key
from bot.cli.init_dialogue.questions import Questions, choose, print_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.setup.model_offers import Machine
    from rag_core.models.known_answers import CheckResult

_NO_SERVER = "-"


def ask_for_models(questions: Questions) -> None:
    """Ask which models are used, until they can be had."""
    questions.begin_step("Models")
    is_given = questions.has_any("DOCENT_PROFILE", "DOCENT_EMBEDDING_URL")
    if is_given and questions.is_fine(lambda: _check(questions)):
        return
    machine = _inspect_machine(questions)
    while True:
        if _choose_models(questions, machine) == "server":
            _ask_for_servers(questions)
        if questions.is_fine(lambda: _check(questions)):
            return


def _check(questions: Questions) -> Iterator[CheckResult]:
    from bot.setup.model_checks import check_model_files

    return check_model_files(questions.load_rag())


def _inspect_machine(questions: Questions) -> Machine:
    from bot.setup.model_offers import inspect_machine

    print_line("Looking at this machine...", style="dim")
    machine = inspect_machine(questions.load_rag())
    print_line(machine.describe())
    return machine


def _choose_models(questions: Questions, machine: Machine) -> str:
    from bot.setup.model_offers import list_offers, suggest_choice

    offers = {offer.choice: f"{offer.choice:<8}{offer.says}" for offer in list_offers(machine)}
    default = questions.get("DOCENT_PROFILE") or suggest_choice(machine)
    if questions.get("DOCENT_EMBEDDING_URL"):
        default = "server"
    choice = choose("Which models?", {str(name): line for name, line in offers.items()}, default)
    if choice != "server":
        questions.values["DOCENT_PROFILE"] = choice
        questions.remove("DOCENT_EMBEDDING_URL", "DOCENT_RERANK_URL")
    return choice


def _ask_for_servers(questions: Questions) -> None:
    values = questions.values
    address = ""
    while not address:
        address = _ask_for_server(questions, "embedding", "DOCENT_EMBEDDING_URL", default="")
    _ask_for_model(questions, "DOCENT_EMBEDDING_MODEL", "Qwen/Qwen3-Embedding-0.6B")
    _ask_for_server(questions, "rerank", "DOCENT_RERANK_URL", default=_NO_SERVER)
    if values["DOCENT_RERANK_URL"]:
        _ask_for_model(questions, "DOCENT_RERANKER_MODEL", "Qwen/Qwen3-Reranker-0.6B")
    # Without a rerank server, the order of the search stays: nothing is downloaded.
    values["DOCENT_PROFILE"] = "qwen3" if values["DOCENT_RERANK_URL"] else "starter"


def _ask_for_server(questions: Questions, kind: str, name: str, *, default: str) -> str:
    """Ask for a server and its key; return its address, or ''."""
    question = f"Address of the {kind} server{', `-` for none' if default else ''}"
    answer = questions.ask(question, name, default)
    if answer == _NO_SERVER or not answer:
        questions.values[name] = ""
        return ""
    questions.values[name] = answer if "://" in answer else f"http://{answer}"
    ask_for_key(questions, name)
    return questions.values[name]


def _ask_for_model(questions: Questions, name: str, default: str) -> None:
    questions.values[name] = questions.ask("Its model", name, default)
