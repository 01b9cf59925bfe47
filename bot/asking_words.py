"""Words for the ways to ask: scope, private answers, Stop; the texts are in `sentences`."""

from __future__ import annotations

from bot import messages
from bot.sentences import constant, say
from rag_core.types import Scope


def __getattr__(name: str) -> str:
    """A sentence without placeholders: `asking_words.STOP`, in the current task's language."""
    return constant(name)


def scope_is(scope: Scope) -> str:
    """What a channel asks of, to somebody who wants to know."""
    limits = messages.scope(scope)
    return say("scope_is", limits=limits) if limits else say("scope_all")


def scope_set(scope: Scope) -> str:
    """What a channel asks of from now on."""
    limits = messages.scope(scope)
    return say("scope_set", limits=limits) if limits else say("scope_cleared")


def shared(user: str, question: str) -> str:
    """Above an answer that somebody shares; the question can call nobody and link nowhere."""
    return say("shared", user=user, question=question)
