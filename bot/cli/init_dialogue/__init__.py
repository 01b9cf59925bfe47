"""The questions of `docent init`, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cli.init_dialogue.documentation import ask_for_sources
from bot.cli.init_dialogue.keys import ask_for_left_keys
from bot.cli.init_dialogue.llm import ask_for_llm
from bot.cli.init_dialogue.models import ask_for_models
from bot.cli.init_dialogue.questions import Questions, print_line
from bot.cli.init_dialogue.repairs import repair_settings
from bot.cli.init_dialogue.slack import ask_for_slack

if TYPE_CHECKING:
    from bot.setup.choices import Values


def ask_for_choices(given: Values, written: Values, *, should_check: bool) -> dict[str, str]:
    """Ask for everything that was not given.

    Args:
        given: the choices of the command line, which are asked for only if they are wrong.
        written: the values of `.env`, which are the defaults.
        should_check: whether answers are tried.

    Returns:
        The choices by setting.

    Raises:
        Abort: the person pressed Ctrl-C.
        SettingsError: the environment has a value that is not valid.
    """
    print_line("docent init asks for documentation, models, LLM and Slack, and writes .env here.")
    print_line("Enter takes the answer in brackets. Ctrl-C ends it, and changes nothing.")
    questions = Questions(given, written, should_check=should_check)
    repair_settings(questions)
    ask_for_left_keys(questions)
    ask_for_sources(questions)
    ask_for_models(questions)
    ask_for_llm(questions)
    ask_for_slack(questions)
    return questions.values
