"""Asks a question of `docent init`, and tries an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from bot.cli import terminal
from bot.cli.console import err
from bot.printable import join_lines

if TYPE_CHECKING:
    from bot.setup.choices import Values
    from rag_core.models.known_answers import CheckResult
    from rag_core.settings import RagSettings

_STEPS = 4

WARNING = "yellow"


class Questions:
    """Asks one question after the other, and collects the values.

    Args:
        given: what the command line says; each is asked for only if it turns out to be wrong.
        written: the values of `.env`, which are the defaults.
        should_check: whether answers are tried.
    """

    def __init__(self, given: Values, written: Values, *, should_check: bool) -> None:
        self.values = dict(given)
        self.written = written
        self.should_check = should_check
        self._unasked = set(given)
        self._step = 0

    def begin_step(self, title: str) -> None:
        """Print which step comes now."""
        self._step += 1
        print_line(f"\n{self._step} of {_STEPS}: {title}", style="bold")

    def has_any(self, *names: str) -> bool:
        """Return True if one of the settings was given or answered."""
        return any(self.values.get(name) for name in names)

    def get(self, name: str) -> str:
        """Return the value that a setting will have."""
        return self.values.get(name, self.written.get(name, ""))

    def take_given(self, name: str) -> bool:
        """Return True, once, for a setting that was given."""
        is_given = name in self._unasked
        self._unasked.discard(name)
        return is_given

    def forget(self, name: str) -> None:
        """Forget what was given for a setting."""
        self._unasked.discard(name)
        self.values.pop(name, None)

    def ask(self, question: str, name: str, default: str) -> str:
        """Ask for a setting; the first time, take what was given.

        Args:
            question: what the person reads.
            name: the setting.
            default: the answer in brackets if the setting has no value yet.

        Returns:
            The answer, in one line.
        """
        if self.take_given(name):
            return self.values[name]
        return ask_for_text(question, self.get(name) or default)

    def ask_for_secret(self, question: str, name: str, *, keeps_old: bool = True) -> None:
        """Ask for a secret, and set it.

        Args:
            question: what the person reads.
            name: the setting.
            keeps_old: whether an empty answer keeps the value that is there; `-` removes it.
        """
        if self.take_given(name):
            return
        has_old = keeps_old and bool(self.get(name))
        hint = "not shown; Enter keeps yours, - removes it" if has_old else "not shown"
        answer = typer.prompt(
            f"{question} ({hint})", default="", hide_input=True, show_default=False, err=True
        )
        typed = "".join(filter(str.isprintable, str(answer))).strip()
        if typed == "-" or not (typed or has_old):
            self.remove(name)
        elif typed:
            self.values[name] = typed

    def remove(self, *names: str) -> None:
        """Let settings have no value, also where `.env` has one."""
        for name in names:
            self.values.pop(name, None)
            if self.written.get(name):
                self.values[name] = ""

    def load_rag(self) -> RagSettings:
        """Load the settings as they will be."""
        from bot.setup.choices import load_settings
        from rag_core.settings import RagSettings

        return load_settings(RagSettings, self.values)

    def is_fine(self, check: Callable[[], Iterable[CheckResult]]) -> bool:
        """Try the answers; return False to ask again.

        A value that is not valid is never kept, also where nothing is tried. Of one that fails, the
        person decides.
        """
        from bot.setup.setting_faults import find_faults

        if faults := find_faults(self.values):
            for fault in faults:
                print_line(fault.says, style=WARNING)
            return False
        return not self.should_check or self.accept(terminal.print_checks(check()))

    def accept(self, results: Iterable[CheckResult]) -> bool:
        """Let the person decide if something is wrong."""
        passed = all(result.passed for result in results)
        return passed or not typer.confirm("Ask again? (n keeps it)", default=True, err=True)


def ask_for_text(question: str, default: str) -> str:
    """Ask until there is an answer in one line."""
    while True:
        answer = str(typer.prompt(question, default=default or None, err=True)).strip()
        if answer.isprintable() and answer:
            return answer


def choose(question: str, offers: dict[str, str], default: str) -> str:
    """Show options by number; take a number or the name of one.

    Args:
        question: what the person reads.
        offers: the line of each option, by name.
        default: the name in brackets.

    Returns:
        The name of the option.
    """
    names = list(offers)
    for number, line in enumerate(offers.values(), start=1):
        print_line(f"  {number}  {line}")
    while True:
        answer = ask_for_text(question, str(names.index(default) + 1))
        if answer in offers:
            return answer
        if answer.isascii() and answer.isdecimal() and 0 < int(answer) <= len(names):
            return names[int(answer) - 1]
        print_line(f"Type a number from 1 to {len(names)}.", style=WARNING)


def print_line(line: str, *, style: str = "") -> None:
    """Print a line on stderr; keep its indent and an empty line."""
    lead = "\n" if line.startswith("\n") else ""
    indent = " " * (len(line) - len(line.lstrip(" ")))
    err.print(Text(f"{lead}{indent}{join_lines(line.strip())}", style=style), soft_wrap=True)
