"""Words for the ways to ask: scope, private answers, Stop; the texts are in `sentences`."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.texts import answers
from bot.texts.admin import plain
from bot.texts.catalog import constant, say
from rag_core.types import Scope

_LISTED = 20


def __getattr__(name: str) -> str:
    """A sentence without placeholders: `asking_words.STOP`, in the current task's language."""
    return constant(name)


def scope_is(scope: Scope) -> str:
    """What a channel asks of, to somebody who wants to know."""
    limits = answers.scope(scope)
    return say("scope_is", limits=limits) if limits else say("scope_all")


def scope_set(scope: Scope) -> str:
    """What a channel asks of from now on."""
    limits = answers.scope(scope)
    return say("scope_set", limits=limits) if limits else say("scope_cleared")


def scope_unknown(name: str, value: str, known: Collection[str]) -> str:
    """A value that no page has; the known ones are named, as far as they fit."""
    called = say(f"scope.{name}")
    if not known:
        return say("scope_unlabelled", name=called)
    # The newest versions first: where not all fit, those are the ones that are wanted.
    ordered = sorted(known, key=_numbers_and_words, reverse=name == "version")
    listed = ", ".join(f"`{plain(one)}`" for one in ordered[:_LISTED])
    more = ", …" if len(known) > _LISTED else ""
    return say("scope_unknown", name=called, value=plain(value), known=listed + more)


def scope_apart(scope: Scope) -> str:
    """Limits that have pages each, and none together."""
    return say("scope_apart", limits=answers.scope(scope))


def _numbers_and_words(value: str) -> list[tuple[int, str]]:
    """2.10 comes after 2.9."""
    pieces = re.findall(r"\d+|\D+", value)
    return [(int(one), "") if one.isdecimal() else (-1, one) for one in pieces]


def shared(user: str, question: str) -> str:
    """Above an answer that somebody shares; the question can call nobody and link nowhere."""
    return say("shared", user=user, question=question)
