"""The questions of `docent init`, and what it prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from bot.cli import terminal
from bot.cli.console import err
from bot.printable import join_lines
from rag_core.errors import SettingsError

if TYPE_CHECKING:
    from bot.setup.choices import Values
    from rag_core.generation.llm.offered_models import OfferedModel
    from rag_core.models.known_answers import CheckResult
    from rag_core.settings import RagSettings

    CheckModels = Callable[[RagSettings], Iterator[CheckResult]]

LLMS = {
    "openai": "OpenAI, with a key",
    "server": "a server that speaks OpenAI's API, such as vLLM or Ollama",
    "none": "no LLM: answers quote the documentation",
}

_WHERE = "Where is your documentation?"
_SHOWN_MODELS = 15
_STEPS = 4


def ask_for_choices(given: Values, written: Values, *, should_check: bool) -> dict[str, str]:
    """Ask for everything that was not given.

    Args:
        given: the choices of the command line, which are not asked for.
        written: the values of `.env`, which are the defaults.
        should_check: whether answers are tried.

    Returns:
        The choices by setting.

    Raises:
        Abort: the person pressed Ctrl-C.
    """
    _print("docent init asks for documentation, models, LLM and Slack, and writes .env here.")
    _print("Enter takes the answer in brackets. Ctrl-C ends it, and changes nothing.")
    dialogue = _Dialogue(given, written, should_check=should_check)
    dialogue.ask_for_sources()
    dialogue.ask_for_models()
    dialogue.ask_for_llm()
    dialogue.ask_for_slack()
    return dialogue.values


class _Dialogue:
    """Asks one question after the other, and collects the values."""

    def __init__(self, given: Values, written: Values, *, should_check: bool) -> None:
        self.values = dict(given)
        self._written = written
        self._should_check = should_check
        self._step = 0

    def ask_for_sources(self) -> None:
        """Ask where the documentation is, until it can be read."""
        from bot.setup.choices import format_sources

        self._begin_step("Documentation")
        if not self._has_any("DOCENT_SOURCES"):
            _print("A folder, an archive, a repository (git+https://...) or a website;")
            _print("separate several by spaces. `-` leaves it for later.")
        while True:
            if "DOCENT_SOURCES" not in self.values:
                entry = self._ask(
                    "Where is your documentation?", "DOCENT_SOURCES", _suggest_folder()
                )
                if entry == "-":
                    return
                self.values["DOCENT_SOURCES"] = format_sources([entry])
            if not self._should_check or self._accept(_check_sources(self.values)):
                return
            del self.values["DOCENT_SOURCES"]

    def ask_for_models(self) -> None:
        """Ask which models are used, with what each costs on this machine."""
        from bot.setup.choices import load_settings
        from bot.setup.model_offers import inspect_machine, list_offers, suggest_choice
        from rag_core.settings import RagSettings

        self._begin_step("Models")
        if self._has_any("DOCENT_PROFILE", "DOCENT_EMBEDDING_URL"):
            return
        _print("Looking at this machine...", style="dim")
        machine = inspect_machine(load_settings(RagSettings, self.values))
        _print(machine.describe())
        offers = list_offers(machine)
        default = self._written.get("DOCENT_PROFILE") or suggest_choice(machine)
        choice = self._choose(
            "Which models?",
            [f"{offer.choice:<8}{offer.says}" for offer in offers],
            [offer.choice for offer in offers],
            "server" if self._written.get("DOCENT_EMBEDDING_URL") else default,
        )
        if choice == "server":
            self._ask_for_model_server()
        else:
            self.values |= {"DOCENT_PROFILE": choice}
            for name in ("DOCENT_EMBEDDING_URL", "DOCENT_RERANK_URL"):
                if self._written.get(name):
                    self.values[name] = ""

    def _ask_for_model_server(self) -> None:
        from bot.setup.model_checks import check_model_files

        names = {
            "DOCENT_EMBEDDING_URL": ("Address of the embedding server", ""),
            "DOCENT_EMBEDDING_MODEL": ("Its model", "Qwen/Qwen3-Embedding-0.6B"),
            "DOCENT_RERANK_URL": ("Address of the rerank server, `-` for none", "-"),
            "DOCENT_RERANKER_MODEL": ("Its model", "Qwen/Qwen3-Reranker-0.6B"),
        }
        while True:
            for name, (question, default) in names.items():
                if name == "DOCENT_RERANKER_MODEL" and not self.values["DOCENT_RERANK_URL"]:
                    continue
                answer = self._ask(question, name, default)
                answer = "" if answer == "-" else answer
                is_bare = name.endswith("_URL") and answer and "://" not in answer
                self.values[name] = f"http://{answer}" if is_bare else answer
            # Without a rerank server, the order of the search stays: nothing is downloaded.
            profile = "qwen3" if self.values["DOCENT_RERANK_URL"] else "starter"
            self.values["DOCENT_PROFILE"] = profile
            if self._try(check_model_files, names):
                return

    def ask_for_llm(self) -> None:
        """Ask for the LLM, and offer the models that its server has."""
        from bot.setup.llm_checks import check_llm

        self._begin_step("LLM")
        if self._has_any("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            terminal.print_checks(self._load_and_check(check_llm))
            return
        while True:
            kind = self._choose("Who writes the answers?", LLMS.values(), LLMS, self._find_llm())
            if kind == "none":
                self._leave_llm()
                return
            self._ask_for_llm_server(kind)
            self._ask_for_llm_model()
            if self._try(check_llm, ("OPENAI_BASE_URL", "OPENAI_API_KEY", "DOCENT_LLM_MODEL")):
                return

    def _find_llm(self) -> str:
        """Return the choice that `.env` has made already."""
        if self._written.get("OPENAI_BASE_URL"):
            return "server"
        return "openai" if self._written.get("OPENAI_API_KEY") else "none"

    def _leave_llm(self) -> None:
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DOCENT_LLM_MODEL"):
            self.values.pop(name, None)
            if self._written.get(name):
                self.values[name] = ""

    def _ask_for_llm_server(self, kind: str) -> None:
        from bot.setup.llm_checks import complete_base_url

        self.values["OPENAI_BASE_URL"] = ""
        if kind == "server":
            url = self._ask("Base URL", "OPENAI_BASE_URL", "http://localhost:8000/v1")
            self.values["OPENAI_BASE_URL"] = complete_base_url(url)
        self._ask_for_secret("Key (not shown; Enter for none)", "OPENAI_API_KEY")

    def _ask_for_llm_model(self) -> None:
        """Show the server's models; take a number or a name."""
        from rag_core.generation.llm.offered_models import find_model

        models = self._fetch_models()
        if models is None:  # the check says why
            return
        default = self.values.get("DOCENT_LLM_MODEL") or self._load_rag().llm_model
        names = [model.name for model in models]
        if names and find_model(default, models) is None:
            default = names[0]
        for number, model in enumerate(models[:_SHOWN_MODELS], start=1):
            context = f"  {model.context_tokens:,} tokens" if model.context_tokens else ""
            _print(f"  {number:>2}  {model.name}{context}")
        if len(models) > _SHOWN_MODELS:
            _print(f"      and {len(models) - _SHOWN_MODELS} more, by name")
        answer = self._ask_for_text("Which model?", default)
        is_number = answer.isascii() and answer.isdecimal() and 0 < int(answer) <= len(names)
        self.values["DOCENT_LLM_MODEL"] = names[int(answer) - 1] if is_number else answer

    def _fetch_models(self) -> tuple[OfferedModel, ...] | None:
        """Return the server's models; None if it does not answer."""
        from rag_core.errors import DocentError
        from rag_core.generation.llm.offered_models import fetch_offered_models

        if not self._should_check:
            return ()
        try:
            return fetch_offered_models(self._load_rag()) or ()
        except DocentError:
            return None

    def ask_for_slack(self) -> None:
        """Help to make the Slack app, and ask for its tokens."""
        from bot.setup.choices import check_new_slack

        self._begin_step("Slack")
        if not self._has_any("SLACK_BOT_TOKEN"):
            has_tokens = bool(self._written.get("SLACK_BOT_TOKEN"))
            if not typer.confirm("Set up Slack now?", default=not has_tokens, err=True):
                _print("`docent manifest` prints the app; run `docent init` again for the tokens.")
                return
            self._explain_app()
        is_given = self._has_any("SLACK_BOT_TOKEN")
        while True:
            if not is_given:
                self._ask_for_token("Bot User OAuth Token, xoxb-...", "SLACK_BOT_TOKEN", "xoxb-")
                self._ask_for_token("App-level token, xapp-...", "SLACK_APP_TOKEN", "xapp-")
            if not self._should_check or self._accept(check_new_slack(self.values)):
                return
            is_given = False

    def _explain_app(self) -> None:
        """Say how the app is made; open the page on request."""
        from bot.settings import BotSettings
        from bot.setup.choices import load_settings
        from bot.slack.manifest import NEW_APP_URL, build_manifest, build_new_app_url

        settings = load_settings(BotSettings, {**self.values, "DOCENT_HTTP_PORT": ""})
        link = build_new_app_url(build_manifest(settings))
        if typer.confirm("Open the page where Slack makes the app?", default=False, err=True):
            typer.launch(link)
        _print(f"If no page opens: at {NEW_APP_URL}, choose From a manifest, and paste what")
        _print("`docent manifest` prints in another terminal. Create the app, then:")
        _print("  Install App > Install, and copy the Bot User OAuth Token")
        _print("  Basic Information > App-Level Tokens > Generate, with connections:write")

    def _ask_for_token(self, question: str, name: str, beginning: str) -> None:
        while True:
            self._ask_for_secret(f"{question} (not shown)", name)
            token = self.values.get(name, self._written.get(name, ""))
            if token.startswith(beginning) or not token:
                return
            _print(f"That is not the one that begins with {beginning}.", style="yellow")

    # How to ask

    def _begin_step(self, title: str) -> None:
        self._step += 1
        _print(f"\n{self._step} of {_STEPS}: {title}", style="bold")

    def _has_any(self, *names: str) -> bool:
        return any(self.values.get(name) for name in names)

    def _ask(self, question: str, name: str, default: str) -> str:
        return self._ask_for_text(question, self._written.get(name) or default)

    def _ask_for_text(self, question: str, default: str) -> str:
        while True:
            answer = str(typer.prompt(question, default=default or None, err=True)).strip()
            if answer.isprintable() and answer:
                return answer

    def _ask_for_secret(self, question: str, name: str) -> None:
        """Ask for a secret; an empty answer keeps the old one."""
        hint = "; Enter keeps yours" if self.values.get(name) or self._written.get(name) else ""
        answer = typer.prompt(
            f"{question}{hint}", default="", hide_input=True, show_default=False, err=True
        )
        if secret := "".join(filter(str.isprintable, str(answer))).strip():
            self.values[name] = secret

    def _choose(
        self, question: str, lines: Iterable[str], names: Iterable[str], default: str
    ) -> str:
        """Show options by number; take a number or the name of one."""
        options = list(names)
        for number, line in enumerate(lines, start=1):
            _print(f"  {number}  {line}")
        while True:
            answer = self._ask_for_text(question, str(options.index(default) + 1))
            if answer in options:
                return answer
            if answer.isascii() and answer.isdecimal() and 0 < int(answer) <= len(options):
                return options[int(answer) - 1]
            _print(f"Type a number from 1 to {len(options)}.", style="yellow")

    # How to check

    def _load_rag(self) -> RagSettings:
        from bot.setup.choices import load_settings
        from rag_core.settings import RagSettings

        return load_settings(RagSettings, self.values)

    def _load_and_check(self, check: CheckModels) -> Iterable[CheckResult]:
        settings = self._load_rag()  # also where nothing is tried: what is written must be valid
        return check(settings) if self._should_check else ()

    def _try(self, check: CheckModels, names: Iterable[str]) -> bool:
        """Try what was answered to these names; return False to ask again."""
        try:
            return self._accept(self._load_and_check(check))
        except SettingsError as error:
            if all(name not in str(error) for name in names):
                raise
            _print(str(error), style="yellow")
        return False

    def _accept(self, checks: Iterable[CheckResult]) -> bool:
        """Print the results; let the person decide if something is wrong."""
        results = terminal.print_checks(checks)
        is_fine = all(result.passed for result in results)
        return is_fine or not typer.confirm("Ask again? (n keeps it)", default=True, err=True)


def _suggest_folder() -> str:
    """Return the folder of documentation that many projects have; `-` without it."""
    return "docs" if Path("docs").is_dir() else "-"


def _check_sources(values: Values) -> list[CheckResult]:
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

        return list(check_new_sources(values, progress=show_download))


def _print(line: str, *, style: str = "") -> None:
    lead = "\n" if line.startswith("\n") else ""
    indent = " " * (len(line) - len(line.lstrip(" ")))
    err.print(Text(f"{lead}{indent}{join_lines(line.strip())}", style=style), soft_wrap=True)
