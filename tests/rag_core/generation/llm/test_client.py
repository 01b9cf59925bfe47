from __future__ import annotations

import json
import socket
import threading

import pytest
from pydantic import SecretStr

from rag_core.errors import GenerationError, LLMInterruptedError, LLMUnavailableError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.settings import DEFAULT_LLM, RagSettings
from rag_core.types import Turn, Usage
from tests.servers.openai_dialects import Dialect


class Ending(Dialect):
    """Ends with these reasons, each in a chunk of its own."""

    def __init__(self, *reasons: str | None) -> None:
        super().__init__()
        self.reasons = reasons

    def end(self, answer):
        return (answer.chunk({}, reason) for reason in self.reasons)


TURNS = (Turn("user", "Hello"), Turn("assistant", "Hi!"), Turn("user", "Where are logs?"))


@pytest.fixture
def settings(openai_server) -> RagSettings:
    return RagSettings.load(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )


@pytest.fixture
def generator(settings) -> OpenAIGenerator:
    return OpenAIGenerator(settings)


def collect(generator, turns=TURNS) -> tuple[list[str], list[GenerationError]]:
    """The text that came, and the error that ended it."""
    texts: list[str] = []
    try:
        texts.extend(p for p in generator.generate("Be kind.", turns) if isinstance(p, str))
    except GenerationError as error:
        return texts, [error]
    return texts, []


def test_text_comes_piece_by_piece_and_the_usage_last(openai_server, generator):
    openai_server.reply = ["Logs ", "go to a broker", " [1]."]
    *texts, usage = generator.generate("Be kind.", TURNS)
    assert texts == ["Logs ", "go to a broker", " [1]."]
    assert usage == Usage(prompt_tokens=7, completion_tokens=6)


def test_the_request(openai_server, generator):
    list(generator.generate("Be kind.", TURNS))
    (request,) = openai_server.requests
    assert request.messages == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Where are logs?"},
    ]
    assert request.arguments["model"] == generator.model == DEFAULT_LLM
    assert request.authorization == f"Bearer {openai_server.api_key}"


def test_nothing_is_asked_before_the_first_piece_is_wanted(openai_server, generator):
    generator.warm_up()
    generator.generate("Be kind.", TURNS)
    assert openai_server.requests == []


def test_the_first_piece_is_given_while_the_rest_is_still_written(openai_server, generator):
    openai_server.reply = ["First", " second"]
    gate = openai_server.hold(after=1)
    stream = generator.generate("Be kind.", TURNS)
    assert next(stream) == "First"  # the server holds the second
    gate.open()
    assert [piece for piece in stream if isinstance(piece, str)] == [" second"]


def test_a_stream_can_be_closed_early_and_another_opened(openai_server, generator):
    openai_server.reply = ["word "] * 100
    gate = openai_server.hold(after=1)
    stream = generator.generate("Be kind.", TURNS)
    next(stream)
    stream.close()
    gate.open()
    assert next(generator.generate("Be kind.", TURNS)) == "word "


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "it refused OPENAI_API_KEY (HTTP 401), so set a valid key"),
        (
            403,
            (
                "it denied access (HTTP 403), so check what OPENAI_API_KEY may use and "
                f"DOCENT_LLM_MODEL={DEFAULT_LLM}; it said: told to fail"
            ),
        ),
        (
            429,
            "it is over its rate limit or quota (HTTP 429), so ask less often or raise the limit",
        ),
        (400, "it answered 400: told to fail"),
        (500, "it answered 500: told to fail"),
        (503, "it answered 503: told to fail"),
    ],
)
def test_a_refusal_before_any_text_is_one_sentence(openai_server, generator, status, reason):
    openai_server.fail(status, times=2)  # the retry is refused as well
    texts, (error,) = collect(generator)
    assert texts == []
    assert type(error) is LLMUnavailableError
    assert str(error) == f"The LLM {DEFAULT_LLM} gave no complete answer: {reason}."
    assert error.__cause__ is not None


def test_over_its_limit_it_is_not_waited_for(openai_server, generator):
    openai_server.fail(429, retry_after=60)
    _, (error,) = collect(generator)
    assert type(error) is LLMUnavailableError
    assert len(openai_server.requests) == 1


@pytest.mark.parametrize("status", [500, 503])
def test_a_passing_failure_is_retried_once(openai_server, generator, status):
    openai_server.fail(status)
    texts, errors = collect(generator)
    assert ("".join(texts), errors) == ("All is well [1].", [])
    assert len(openai_server.requests) == 2


def test_a_model_that_is_not_there_names_its_setting(settings):
    generator = OpenAIGenerator(settings.model_copy(update={"llm_model": "gpt-9"}))
    _, (error,) = collect(generator)
    assert str(error).endswith(
        "it does not know DOCENT_LLM_MODEL=gpt-9 (HTTP 404), so set a model that "
        "`docent doctor --llm` lists, or correct OPENAI_BASE_URL; it said: The model gpt-9 does "
        "not exist."
    )


def build_with(settings, options) -> OpenAIGenerator:
    return OpenAIGenerator(settings.model_copy(update={"llm_options": json.dumps(options)}))


def test_options_are_merged_into_each_request(openai_server, settings):
    options = {"reasoning_effort": "none", "temperature": 0.2, "max_completion_tokens": 900}
    generator = build_with(settings, options)
    list(generator.generate("Be kind.", TURNS))
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    generator.generate_structured("", TURNS, name="n", schema=schema)
    for request in openai_server.requests:
        assert options.items() <= request.arguments.items()
    assert openai_server.violations == []
    assert generator.refused_options == ()


def test_nothing_is_sent_that_a_model_refuses_which_reasons(openai_server, generator):
    list(generator.generate("Be kind.", TURNS))
    (request,) = openai_server.requests
    assert set(request.arguments) == {"model", "messages", "stream", "stream_options"}
    assert openai_server.violations == []


def test_a_refused_option_is_left_out_from_then_on_and_logged_once(openai_server, settings, caplog):
    generator = build_with(settings, {"temperature": 0.2, "max_tokens": 900, "verbosity": "low"})
    for _ in range(2):
        assert "".join(p for p in generator.generate("", TURNS) if isinstance(p, str))
    *refused, second, third = (request.arguments for request in openai_server.requests)
    assert len(refused) == len(openai_server.violations) == 2
    openai_server.violations.clear()
    for arguments in (second, third):
        assert arguments["max_completion_tokens"] == 900
        assert arguments["verbosity"] == "low"
        assert not arguments.keys() & {"temperature", "max_tokens"}
    assert generator.refused_options == ("temperature",)
    (warning,) = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert f"The LLM {DEFAULT_LLM} refuses the option temperature: " in warning


def test_a_wrong_key_is_not_shown(settings):
    secret = SecretStr("sk-wrong-key")
    generator = OpenAIGenerator(settings.model_copy(update={"openai_api_key": secret}))
    _, (error,) = collect(generator)
    assert "OPENAI_API_KEY" in str(error)
    assert "sk-wrong" not in str(error)


def test_the_key_is_not_quoted_from_a_refusal(openai_server, generator):
    openai_server.send({"error": {"message": f"bad {openai_server.api_key}", "code": 400}})
    _, (error,) = collect(generator)
    assert str(error).endswith(": it answered 400: bad ….")


def test_a_server_that_does_not_run():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        _, (error,) = collect(OpenAIGenerator(RagSettings.load(openai_base_url=url)))
    assert type(error) is LLMUnavailableError
    assert "can't be reached" in str(error)


@pytest.mark.parametrize("break_it", ["cut_off", "garble"])
def test_a_stream_that_breaks_after_some_text_is_interrupted(openai_server, generator, break_it):
    openai_server.reply = ["Logs ", "go ", "to a broker."]
    getattr(openai_server, break_it)(after=2)
    texts, (error,) = collect(generator)
    assert texts == ["Logs ", "go "]
    assert type(error) is LLMInterruptedError


@pytest.mark.parametrize("reasons", [("length",), ("length", None), ("length", "stop")])
def test_the_first_reason_to_end_is_told(openai_server, generator, reasons):
    openai_server.dialect = Ending(*reasons)
    texts, (error,) = collect(generator)
    assert "".join(texts) == "All is well [1]."
    assert str(error).endswith("it reached its token limit.")


def test_a_chunk_without_a_reason_may_come_after_the_end(openai_server, generator):
    openai_server.dialect = Ending("stop", None)
    texts, errors = collect(generator)
    assert ("".join(texts), errors) == ("All is well [1].", [])


@pytest.mark.parametrize("break_it", ["cut_off", "garble"])
def test_a_stream_that_breaks_before_any_text_is_unavailable(openai_server, generator, break_it):
    getattr(openai_server, break_it)(after=0)
    texts, (error,) = collect(generator)
    assert texts == []
    assert type(error) is LLMUnavailableError


def test_a_server_of_ones_own_wants_no_key(openai_server):
    openai_server.api_key = "none"
    generator = OpenAIGenerator(RagSettings.load(openai_base_url=openai_server.base_url))
    assert "".join(collect(generator)[0]) == "All is well [1]."


def test_two_threads_stream_at_once(openai_server, generator):
    openai_server.reply = lambda messages: messages[-1]["content"]
    answers: dict[str, str] = {}

    def ask(text: str) -> None:
        answers[text] = "".join(collect(generator, (Turn("user", text),))[0])

    threads = [threading.Thread(target=ask, args=(f"question {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {f"question {n}": f"question {n}" for n in range(4)}
