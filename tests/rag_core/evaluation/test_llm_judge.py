from __future__ import annotations

import json

import pytest

from rag_core.errors import LLMUnavailableError
from rag_core.evaluation.llm_judge import PROMPT, JudgeVerdict, judge_answer
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.settings import DEFAULT_LLM, RagSettings
from rag_core.types import Answer, Timings
from tests.rag_core.fakes import make_passage

ANSWER = Answer(
    text="In object storage [1].",
    citations=(),
    passages=(make_passage("Data is kept in object storage."),),
    status="answered",
    degraded=(),
    revision="r1",
    usage=None,
    timings=Timings(),
)


@pytest.fixture
def llm(openai_server) -> OpenAIGenerator:
    settings = RagSettings.load(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )
    return OpenAIGenerator(settings)


def test_a_grade(openai_server, llm):
    openai_server.reply = '{"faithful": true, "answering": false}'
    assert judge_answer(llm, "Where?", ANSWER) == JudgeVerdict(True, False, DEFAULT_LLM)


def test_the_request_has_a_strict_schema_and_everything_to_judge(openai_server, llm):
    openai_server.reply = '{"faithful": true, "answering": true}'
    judge_answer(llm, 'Where? "quoted"', ANSWER)
    (request,) = openai_server.requests
    wanted = request.arguments["response_format"]["json_schema"]
    assert wanted["strict"] is True
    assert set(wanted["schema"]["required"]) == {"faithful", "answering"}
    system, user = request.messages
    assert system["content"] == PROMPT
    told = json.loads(user["content"])
    assert told["question"] == 'Where? "quoted"'
    assert told["answer"] == ANSWER.text
    assert "[1] Storage\nData is kept in object storage." in told["passages"]


@pytest.mark.parametrize(
    "said", ["Yes.", "[]", "{}", '{"faithful": "yes", "answering": true}', "null"]
)
def test_a_judge_that_does_not_keep_to_the_form(openai_server, llm, said):
    openai_server.reply = said
    with pytest.raises(LLMUnavailableError, match="in the requested form"):
        judge_answer(llm, "Where?", ANSWER)


@pytest.mark.parametrize(("status", "words"), [(401, "OPENAI_API_KEY"), (500, "500")])
def test_a_judge_that_is_away(openai_server, llm, status, words):
    openai_server.fail(status, times=3)
    with pytest.raises(LLMUnavailableError, match=words):
        judge_answer(llm, "Where?", ANSWER)


def test_an_empty_answer_of_the_judge(openai_server, llm):
    openai_server.reply = []
    with pytest.raises(LLMUnavailableError, match="in the requested form"):
        judge_answer(llm, "Where?", ANSWER)
