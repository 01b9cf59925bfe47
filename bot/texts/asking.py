"""Render what Slack says of the scope of a channel and of private answers."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.texts import answers
from bot.texts.admin import escape_plain
from bot.texts.catalog import find_constant, say
from rag_core.types import Scope

_LISTED = 20


def __getattr__(name: str) -> str:
    """Return a sentence without placeholders: `asking.STOP`, in the task's language."""
    return find_constant(name)


def render_current_scope(scope: Scope) -> str:
    """Return which part of the documentation a channel searches."""
    limits = answers.render_scope(scope)
    return say("scope_is", limits=limits) if limits else say("scope_all")


def render_new_scope(scope: Scope) -> str:
    """Return which part of the documentation a channel searches from now on."""
    limits = answers.render_scope(scope)
    return say("scope_set", limits=limits) if limits else say("scope_cleared")


def render_unknown_value(name: str, value: str, known: Collection[str]) -> str:
    """Return the refusal of a value that no page has; it names the known ones."""
    called = say(f"scope.{name}")
    if not known:
        return say("scope_unlabelled", name=called)
    # The newest versions first: where not all fit, those are the ones that are wanted.
    ordered = sorted(known, key=_split_numbers, reverse=name == "version")
    listed = ", ".join(f"`{escape_plain(one)}`" for one in ordered[:_LISTED])
    more = ", …" if len(known) > _LISTED else ""
    return say("scope_unknown", name=called, value=escape_plain(value), known=listed + more)


def render_empty_scope(scope: Scope) -> str:
    """Return the refusal of limits that no page matches together."""
    return say("scope_apart", limits=answers.render_scope(scope))


def _split_numbers(value: str) -> list[tuple[int, str]]:
    """Return a sort key that puts 2.10 after 2.9."""
    pieces = re.findall(r"\d+|\D+", value)
    return [(int(one), "") if one.isdecimal() else (-1, one) for one in pieces]


def render_shared_heading(user: str, question: str) -> str:
    """Return the line above a shared answer; its question is already escaped."""
    return say("shared", user=user, question=question)
