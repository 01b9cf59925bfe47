"""Asks for new values in place of those that are not valid, before any other question."""

from __future__ import annotations

import os

from bot.cli.init_dialogue.questions import WARNING, Questions, ask_for_text, print_line
from rag_core.errors import SettingsError

_DEFAULT = "-"


def repair_settings(questions: Questions) -> None:
    """Ask for each value that is not valid.

    Raises:
        SettingsError: the value stands in the environment, which docent can't change.
    """
    from bot.setup.choices import list_names
    from bot.setup.setting_faults import find_faults

    while faults := find_faults(questions.values):
        name, says = faults[0].variable, faults[0].says
        if not name or (name in os.environ and name not in questions.values):
            raise SettingsError(f"{says} The environment has this value, so correct it there.")
        print_line(f"\n{says}", style=WARNING)
        questions.forget(name)
        if list_names()[name]:
            question = f"New value of {name}, Enter for none"
            questions.ask_for_secret(question, name, keeps_old=False)
        else:
            answer = ask_for_text(f"New value of {name}, `-` for its default", _DEFAULT)
            questions.values[name] = "" if answer == _DEFAULT else answer
