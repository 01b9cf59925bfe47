"""Helps to make the Slack app, and asks for its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bot.cli.init_dialogue.questions import WARNING, Questions, ask_for_text, choose, print_line
from rag_core.errors import SettingsError

if TYPE_CHECKING:
    from rag_core.models.known_answers import CheckResult

MODES = {
    "socket": "Socket Mode: docent opens the connection, and needs no public address",
    "http": "HTTP mode: Slack sends requests to a public https:// address of docent",
}

_SETTINGS = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "DOCENT_HTTP_PORT",
)
_PORT = "3000"
_LEAVE = "-"


def ask_for_slack(questions: Questions) -> None:
    """Help to make the Slack app; ask for its secrets."""
    questions.begin_step("Slack")
    is_given = questions.has_any("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
    if not is_given:
        has_token = bool(questions.written.get("SLACK_BOT_TOKEN"))
        if not typer.confirm("Set up Slack now?", default=not has_token, err=True):
            print_line("`docent manifest` prints the app; run `docent init` again for the tokens.")
            return
    if not questions.has_any("DOCENT_HTTP_PORT", "SLACK_APP_TOKEN"):
        _choose_mode(questions)
    if not is_given:
        _explain_app(questions)
    wrong = {"token"}
    while wrong:
        if not _ask_for_wrong(questions, wrong):
            print_line("Slack is left for later: run `docent init` again for the tokens.")
            return
        wrong = _find_wrong(questions)


def _choose_mode(questions: Questions) -> None:
    old = "http" if questions.get("DOCENT_HTTP_PORT") else "socket"
    if questions.has_any("SLACK_SIGNING_SECRET"):
        old = "http"
    if choose("How does docent reach Slack?", MODES, old) == "socket":
        questions.remove("DOCENT_HTTP_PORT")
        return
    while True:
        port = questions.ask("Port on which docent listens", "DOCENT_HTTP_PORT", _PORT)
        if port.isascii() and port.isdecimal() and 0 < int(port) < 2**16:
            questions.values["DOCENT_HTTP_PORT"] = port
            return
        print_line("Type a number from 1 to 65535.", style=WARNING)


def _explain_app(questions: Questions) -> None:
    """Say how the app is made; open the page on request."""
    from bot.slack.manifest import NEW_APP_URL, build_new_app_url

    is_http = bool(questions.get("DOCENT_HTTP_PORT"))
    manifest, command = _build_manifest(questions, is_http=is_http)
    if typer.confirm("Open the page where Slack makes the app?", default=False, err=True):
        typer.launch(build_new_app_url(manifest))
    print_line(f"If no page opens: at {NEW_APP_URL}, choose From a manifest, and paste what")
    print_line(f"`{command}` prints in another terminal. Create the app, then:")
    print_line("  Install App > Install, and copy the Bot User OAuth Token")
    if is_http:
        print_line("  Basic Information > App Credentials, and copy the Signing Secret")
    else:
        print_line("  Basic Information > App-Level Tokens > Generate, with connections:write")


def _build_manifest(questions: Questions, *, is_http: bool) -> tuple[str, str]:
    """Build the manifest; return it with the command that prints it."""
    from bot.settings import BotSettings
    from bot.setup.choices import load_settings
    from bot.slack.manifest import build_manifest

    settings = load_settings(BotSettings, {**questions.values, "DOCENT_HTTP_PORT": ""})
    if not is_http:
        return build_manifest(settings), "docent manifest"
    while True:
        url = ask_for_text("Public address of docent, https://...", "")
        try:
            return build_manifest(settings, url), f"docent manifest --url {url}"
        except SettingsError as error:
            print_line(str(error), style=WARNING)


def _ask_for_wrong(questions: Questions, wrong: set[str]) -> bool:
    """Ask for what is wrong; return False to leave Slack.

    What is wrong is `token` for all secrets, or the names of other settings.
    """
    from bot.setup.choices import list_names

    if "token" in wrong and not _ask_for_secrets(questions):
        return False
    for name in sorted(wrong & list_names().keys()):
        answer = ask_for_text(f"New value of {name}, `-` for none", questions.get(name) or _LEAVE)
        questions.values[name] = "" if answer == _LEAVE else answer
    return True


def _ask_for_secrets(questions: Questions) -> bool:
    """Ask for the mode's secrets; return False to leave Slack."""
    is_http = bool(questions.get("DOCENT_HTTP_PORT"))
    for name, question in (
        ("SLACK_BOT_TOKEN", "Bot User OAuth Token, xoxb-..."),
        ("SLACK_SIGNING_SECRET", "Signing Secret")
        if is_http
        else ("SLACK_APP_TOKEN", "App-level token, xapp-..."),
    ):
        if not _ask_for_secret(questions, question, name):
            for each in _SETTINGS:
                questions.forget(each)
            return False
    return True


def _ask_for_secret(questions: Questions, question: str, name: str) -> bool:
    """Ask for a secret of the right form; return False without one."""
    from bot.slack.client.required_secrets import require_beginning

    while True:
        questions.ask_for_secret(question, name)
        secret = questions.get(name)
        if not secret:
            print_line(f"Slack does not work without {name}.", style=WARNING)
            if not typer.confirm("Ask again?", default=True, err=True):
                return False
            continue
        try:
            require_beginning(name, secret)
        except SettingsError as error:
            print_line(str(error), style=WARNING)
        else:
            return True


def _find_wrong(questions: Questions) -> set[str]:
    """Check the app with Slack; return what is wrong."""
    from bot.setup.choices import check_new_slack

    results: list[CheckResult] = []

    def check() -> list[CheckResult]:
        results.extend(check_new_slack(questions.values))
        return results

    if questions.is_fine(check):
        return set()
    # A check of a setting begins with its name: `DOCENT_ADMINS U012AB3CD`.
    names = {result.name.partition(" ")[0] for result in results if not result.passed}
    return {name for name in names if name.startswith("DOCENT_")} or {"token"}
