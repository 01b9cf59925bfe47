"""Render what Slack says of a channel's scope and instructions, and of private answers."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.markup.markdown import escape, escape_plain
from bot.texts import answers
from bot.texts.catalog import find_constant, say
from rag_core.types import Scope

_LISTED = 20


__getattr__ = find_constant
"""A sentence without placeholders: `asking.STOP`, in the current task's language."""


def render_current_scope(scope: Scope) -> str:
    """Return the part of the documentation that a channel searches."""
    limits = answers.render_scope(scope)
    return say("scope_is", limits=limits) if limits else say("scope_all")


def render_new_scope(scope: Scope) -> str:
    """Return the confirmation of a channel's new scope."""
    limits = answers.render_scope(scope)
    return say("scope_set", limits=limits) if limits else say("scope_cleared")


def render_unknown_value(name: str, value: str, known_values: Collection[str]) -> str:
    """Return the refusal of a value that no page has.

    Args:
        name: the limit: `version`, `source`, `path` or `language`.
        value: the value that no page has.
        known_values: the values that pages have.

    Returns:
        A sentence that lists known values, in the language of the current task.
    """
    label = say(f"scope.{name}")
    if not known_values:
        return say("scope_unlabelled", name=label)
    # If not all versions fit, people want the newest.
    ordered = sorted(known_values, key=_split_numbers, reverse=name == "version")
    listed = ", ".join(f"`{escape_plain(each)}`" for each in ordered[:_LISTED])
    more = ", …" if len(known_values) > _LISTED else ""
    return say("scope_unknown", name=label, value=escape_plain(value), known=listed + more)


def render_empty_scope(scope: Scope) -> str:
    """Return the refusal of limits that no page meets together."""
    return say("scope_apart", limits=answers.render_scope(scope))


def render_instructions(team: str, channel: str) -> str:
    """Return the instructions of the team, and those of a channel."""
    lines = [
        say("instructions_team", text=_quote(team)) if team else say("instructions_no_team"),
        say("instructions_here", text=_quote(channel))
        if channel
        else say("instructions_none_here"),
    ]
    return "\n\n".join(lines)


def render_new_instructions(channel: str) -> str:
    """Return the confirmation of a channel's new instructions."""
    return say("instructions_set", text=_quote(channel))


def render_long_instructions(length: int, limit: int) -> str:
    """Return the refusal of instructions that are too long."""
    return say("instructions_long", length=length, limit=limit)


def _quote(text: str) -> str:
    """Quote a text from outside, line by line."""
    return "\n".join(f"> {escape(line)}" for line in text.splitlines())


def _split_numbers(value: str) -> list[tuple[int, str]]:
    """Return a sort key that puts 2.10 after 2.9."""
    pieces = re.findall(r"\d+|\D+", value)
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces]


def render_shared_heading(user: str, question: str) -> str:
    """Return the line above a shared answer; its question is already escaped."""
    return say("shared", user=user, question=question)
