"""Render what Slack tells the admins of services that do not work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from bot.markup.markdown import escape_line
from bot.storage.problems import Problem
from bot.texts import answers
from bot.texts.catalog import LocalizedMapping, say
from rag_core.outages import Service

_SERVICES = (*get_args(Service), "state")

PROBLEMS: Mapping[str, str] = LocalizedMapping({name: f"problem.{name}" for name in _SERVICES})
"""The effect of a service that does not work, by the service."""

RECOVERIES: Mapping[str, str] = LocalizedMapping(
    {name: f"works_again.{name}" for name in _SERVICES}
)
"""The end of a problem, by the service."""


def render_problem(problem: Problem) -> str:
    """Return the alert about a problem; its details are in English."""
    return f":warning: {PROBLEMS[problem.service]}\n> {escape_line(problem.text)}"


def render_recovery(problem: Problem) -> str:
    """Return the message that a problem is over."""
    return f":white_check_mark: {RECOVERIES[problem.service]}"


def render_problem_list(problems: Sequence[Problem]) -> list[str]:
    """Return the problems that go on, each with its beginning and details."""
    return [
        say(
            "problem_since",
            problem=PROBLEMS[problem.service],
            moment=answers.format_moment(problem.since),
        )
        + f"\n> {escape_line(problem.text)}"
        for problem in problems
    ]
