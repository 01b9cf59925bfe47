"""Another model rewrites follow-ups: its requests, its options, and its problems."""

from __future__ import annotations

import json

import pytest

from rag_core.factory import open_generator, open_rewriter
from rag_core.outages import Outages
from rag_core.query.rewrite import Planner
from rag_core.settings import DEFAULT_LLM, RagSettings
from rag_core.types import Question, Turn
from tests.servers.openai import OpenAIServer

FOLLOW_UP = Question("And how do I drop it?", history=(Turn("user", "What is a partition?"),))
REWRITTEN = "How do I drop a partition?"


@pytest.fixture
def settings(openai_server: OpenAIServer) -> RagSettings:
    openai_server.reply = REWRITTEN
    openai_server.models.add("quick")
    return RagSettings.load(
        openai_api_key=openai_server.api_key,
        openai_base_url=openai_server.base_url,
        llm_options=json.dumps({"reasoning_effort": "high"}),
    )


def rewrite(settings: RagSettings, outages: Outages | None = None) -> bool:
    """Rewrite the follow-up, and say whether it worked."""
    rewriter = open_rewriter(settings, outages) or open_generator(settings, outages)
    return not Planner(rewriter).plan(FOLLOW_UP).failed


@pytest.mark.parametrize(
    ("changes", "model", "options"),
    [
        ({}, DEFAULT_LLM, {"reasoning_effort": "high"}),
        ({"rewrite_model": "quick"}, "quick", {}),
        (
            {"rewrite_options": '{"reasoning_effort": "none"}'},
            DEFAULT_LLM,
            {"reasoning_effort": "none"},
        ),
        ({"rewrite_model": "quick", "rewrite_options": '{"seed": 1}'}, "quick", {"seed": 1}),
    ],
)
def test_the_request(settings, openai_server, changes, model, options):
    assert rewrite(settings.model_copy(update=changes))
    (request,) = openai_server.requests
    sent = request.arguments
    assert sent["model"] == model
    assert {key: sent[key] for key in sent.keys() & {"reasoning_effort", "seed"}} == options
    assert openai_server.violations == []


def test_a_rewriting_model_that_is_gone_is_a_problem_of_its_own(settings, openai_server):
    openai_server.models.remove("quick")
    outages = Outages()
    chosen = settings.model_copy(update={"rewrite_model": "quick"})
    assert not rewrite(chosen, outages)
    list(open_generator(chosen, outages).generate("", (Turn("user", "Hello"),)))
    (outage,) = outages.list_current()  # the answer of the other model does not end it
    assert outage.service == "rewriter"
    assert outage.sentence == (
        "The LLM quick gave no complete answer: it does not know DOCENT_REWRITE_MODEL=quick "
        "(HTTP 404), so set a model that `docent doctor --llm` lists, or correct OPENAI_BASE_URL; "
        "it said: The model quick does not exist."
    )
    openai_server.models.add("quick")
    assert rewrite(chosen, outages)
    assert outages.list_current() == ()
