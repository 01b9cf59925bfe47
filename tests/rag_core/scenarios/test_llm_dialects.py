"""Every server that speaks OpenAI's API in its own way, through the real client."""

from __future__ import annotations

import pytest

from rag_core.errors import GenerationError, LLMInterruptedError, LLMUnavailableError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.settings import DEFAULT_LLM, RagSettings
from rag_core.types import Turn, Usage
from tests.servers import openai_dialects as dialects
from tests.servers.openai import API_KEY

TURNS = (Turn("user", "Hello"), Turn("assistant", "Hi!"), Turn("user", "Where are logs?"))
TEXT = "All is well [1]."
THOUGHTS = ("The user asks ", "where logs are [2]. ", "I should say so.")


@pytest.fixture
def generator(openai_server) -> OpenAIGenerator:
    return OpenAIGenerator(
        RagSettings.load(
            openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
        )
    )


def collect(generator, **options):
    """The text that came, the usages, and the error that ended it."""
    pieces: list[str | Usage] = []
    error: GenerationError | None = None
    try:
        pieces.extend(generator.generate("Be kind.", TURNS, **options))
    except GenerationError as caught:
        error = caught
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    return text, [piece for piece in pieces if isinstance(piece, Usage)], error


def chunk(delta=None, finish=None, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice | more]}


def refuse_all(status, body):
    def refuse(_):
        raise dialects.RefusedError(status, body)

    return refuse


def nest(depth, name="content", opening="[", closing="]"):
    """An event whose delta holds JSON of this depth."""
    inner = f'{{"{name}": {opening * depth}"a"{closing * depth}}}'
    return f'data: {{"choices": [{{"delta": {inner}}}]}}'


DEEP = [[nest(depth)] for depth in (2_000, 100_000)] + [
    [nest(2_000, opening='{"type": "text", "text": ', closing="}")]
]


class NewVLLM(dialects.VLLM):
    """vLLM since 0.12."""

    field = "reasoning"


class TestServers:
    @pytest.mark.parametrize(
        "dialect",
        [
            dialects.Dialect(),
            dialects.Azure(),
            dialects.VLLM(*THOUGHTS),
            NewVLLM(*THOUGHTS),
            dialects.Ollama(*THOUGHTS),
            dialects.LMStudio(*THOUGHTS),
            dialects.LlamaCpp(*THOUGHTS),
            dialects.Gemini(),
            dialects.Gemini(*THOUGHTS),
            dialects.Anthropic(),
            dialects.OpenRouter(*THOUGHTS),
            dialects.Mistral(*THOUGHTS),
            dialects.Gemma(),
            dialects.Moonshot(),
            dialects.Unverified(),
        ],
        ids=lambda dialect: type(dialect).__name__,
    )
    def test_the_text_is_the_answer_and_the_usage_counts_once(
        self, openai_server, generator, dialect
    ):
        openai_server.dialect = dialect
        text, usages, error = collect(generator)
        assert (text, error) == (TEXT, None)
        if isinstance(dialect, dialects.LMStudio):
            assert usages == []
        else:
            # Gemma's prompt has the same words in other messages.
            assert usages == [Usage(prompt_tokens=7, completion_tokens=4)]

    @pytest.mark.parametrize(
        ("finish", "reason"),
        [
            ("length", "it reached its token limit"),
            ("max_tokens", "it reached its token limit"),
            ("MAX_TOKENS", "it reached its token limit"),
            ("FinishReason.MAX_TOKENS", "it reached its token limit"),
            ("model_length", "it reached its token limit"),
            ("content_filter", "its content filter stopped it"),
            ("SAFETY", "its content filter stopped it"),
            ("content_filter: RECITATION", "its content filter stopped it"),
            ("refusal", "its content filter stopped it"),
            ("error", "it broke off"),
            ("insufficient_system_resource", "it broke off"),
        ],
    )
    def test_a_reason_that_cuts_is_told(self, openai_server, generator, finish, reason):
        openai_server.dialect = dialects.Dialect(finish=finish)
        text, usages, error = collect(generator)
        assert text == TEXT
        assert len(usages) == 1
        assert type(error) is LLMInterruptedError
        assert str(error).endswith(f": {reason}.")

    @pytest.mark.parametrize(
        "finish",
        [
            "stop",
            "eos",
            "eos_token",
            "stop_sequence",
            "end_turn",
            "STOP",
            "FINISH_REASON_STOP",
            "x",
        ],
    )
    def test_any_other_reason_ends_the_answer(self, openai_server, generator, finish):
        openai_server.dialect = dialects.Dialect(finish=finish)
        assert collect(generator)[::2] == (TEXT, None)


class TestRefusedParts:
    @pytest.mark.parametrize(
        ("dialect", "requests"),
        [(dialects.Mistral(), 2), (dialects.Gemma(), 2), (dialects.Unverified(), 2)],
        ids=lambda value: type(value).__name__,
    )
    def test_a_refused_part_is_left_out_and_remembered(
        self, openai_server, generator, dialect, requests
    ):
        openai_server.dialect = dialect
        for count in (requests, requests + 1):
            assert collect(generator)[::2] == (TEXT, None)
            assert len(openai_server.requests) == count

    def test_the_system_prompt_stands_before_the_first_question(self, openai_server, generator):
        openai_server.dialect = dialects.Gemma()
        collect(generator)
        assert openai_server.requests[-1].messages == [
            {"role": "user", "content": "Be kind.\n\nHello"},
            {"role": "assistant", "content": "Hi!"},
            {"role": "user", "content": "Where are logs?"},
        ]

    def test_several_refused_parts(self, openai_server, generator):
        class Strict(dialects.Mistral, dialects.Gemma):
            """Refuses both."""

        openai_server.dialect = Strict()
        assert collect(generator)[::2] == (TEXT, None)
        assert len(openai_server.requests) == 3

    def test_a_judge_without_a_system_role(self, openai_server, generator):
        openai_server.dialect = dialects.Gemma()
        schema = {
            "type": "object",
            "properties": {"ok": {"type": "boolean"}},
            "required": ["ok"],
            "additionalProperties": False,
        }
        asked = [Turn("user", "Is it?")]
        text, model = generator.generate_structured("Judge.", asked, name="grade", schema=schema)
        assert (text, model) == (TEXT, DEFAULT_LLM)
        assert openai_server.requests[-1].messages == [
            {"role": "user", "content": "Judge.\n\nIs it?"}
        ]

    def test_a_refusal_that_stays_is_an_error_after_one_more_request(
        self, openai_server, generator, monkeypatch
    ):
        body = {"error": {"message": "stream_options and system role and stream not supported"}}

        monkeypatch.setattr(openai_server.dialect, "check", refuse_all(422, body))
        text, _, error = collect(generator)
        assert text == ""
        assert type(error) is LLMUnavailableError
        assert len(openai_server.requests) == 4  # each of the three parts was left out once
        assert "it answered 422: stream_options and system role" in str(error)
        monkeypatch.undo()
        assert collect(generator)[0] == TEXT
        assert openai_server.requests[-1].arguments["stream_options"] == {"include_usage": True}

    def test_a_refusal_within_the_stream(self, openai_server, generator):
        openai_server.send({"error": {"code": 400, "message": "stream_options is not supported"}})
        assert collect(generator)[::2] == (TEXT, None)
        assert "stream_options" not in openai_server.requests[-1].arguments

    def test_a_bare_refusal_is_asked_again_without_the_usage(
        self, openai_server, generator, monkeypatch
    ):
        def refuse(body):
            if "stream_options" in body:
                raise dialects.RefusedError(400, {})

        monkeypatch.setattr(openai_server.dialect, "check", refuse)
        assert collect(generator)[::2] == (TEXT, None)
        assert len(openai_server.requests) == 2

    def test_a_bare_refusal_that_stays_is_an_error(self, openai_server, generator, monkeypatch):
        monkeypatch.setattr(openai_server.dialect, "check", refuse_all(400, {}))
        assert str(collect(generator)[2]).endswith(": it answered 400.")
        assert len(openai_server.requests) == 2

    def test_another_refusal_is_not_asked_again(self, openai_server, generator, monkeypatch):
        body = [{"error": {"code": 400, "message": "Too long."}}]
        monkeypatch.setattr(openai_server.dialect, "check", refuse_all(400, body))
        error = collect(generator)[2]
        assert str(error).endswith(": it answered 400: Too long.")
        assert len(openai_server.requests) == 1


class TestOddStreams:
    @pytest.mark.parametrize(
        "frames",
        [
            [chunk({"content": TEXT}), {"choices": None}, chunk({}, "stop")],
            [chunk({"content": TEXT}), chunk(None), chunk(None, "stop")],
            [chunk({"content": TEXT}), {"choices": [{"index": 0, "finish_reason": "stop"}]}],
            [chunk({"content": TEXT}), chunk({}), "data: [DONE]"],
            [chunk({"content": TEXT}), chunk({"content": ""}, "null"), "data:[DONE]"],
            [chunk({"content": TEXT}, "stop")],
            [chunk(TEXT), chunk({}, "stop")],
            [chunk({"content": "", "role": "assistant"}), chunk({"content": TEXT}, "stop")],
            [chunk({"content": "All is "}, "stop"), chunk({"content": "well [1]."}, "stop")],
            [chunk({"content": ["All is ", {"type": "text", "text": "well [1]."}]}, "stop")],
            [chunk({"content": [{"type": "reasoning", "text": "Hm."}]}), chunk(TEXT, "stop")],
            [chunk({"content": [{"type": "text", "text": {"value": TEXT}}]}, "stop")],
            [chunk({"content": TEXT}), chunk({}, "stop", message={"content": TEXT})],
            [chunk(message={"content": each}) for each in ("All ", "is ", "well [1].")]
            + [chunk(finish="stop")],
            [chunk(message={"content": TEXT[:end]}) for end in (3, 6, 6, 99)] + ["data: [DONE]"],
            [": comment", "event: ping", "data: ", chunk({"content": TEXT}, "stop"), ": comment"],
            ["", {"type": "ping"}, {}, [], chunk({"content": TEXT}, "stop"), "retry: 3"],
        ],
    )
    @pytest.mark.parametrize(
        "content_type", ["text/event-stream", "application/json", "text/plain"]
    )
    def test_the_text_is_whole(self, openai_server, generator, frames, content_type):
        openai_server.send(*frames, content_type=content_type)
        assert collect(generator) == (TEXT, [], None)

    @pytest.mark.parametrize(
        "content_type", ["application/json", "text/plain", "text/event-stream"]
    )
    @pytest.mark.parametrize("finish", ["stop", None])
    def test_an_answer_that_is_not_streamed(self, openai_server, generator, content_type, finish):
        message = {"role": "assistant", "content": TEXT, "reasoning_content": "Hm."}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        usage = {"prompt_tokens": 3, "completion_tokens": 4}
        body = {"object": "chat.completion", "choices": [choice], "usage": usage}
        openai_server.send_document(body, content_type=content_type)
        assert collect(generator) == (TEXT, [Usage(3, 4)], None)

    @pytest.mark.parametrize(
        ("usages", "expected"),
        [
            ([{"prompt_tokens": 9, "completion_tokens": n} for n in (1, 2, 3)], [Usage(9, 3)]),
            ([{"prompt_tokens": 9, "completion_tokens": 3}, None, {}], [Usage(9, 3)]),
            ([{"prompt_tokens": None, "completion_tokens": 3}], [Usage(0, 3)]),
            ([{"prompt_tokens": None, "completion_tokens": None}], []),
            ([{"input_tokens": 9, "output_tokens": 3}], [Usage(9, 3)]),
            ([{"prompt_tokens": 9}, {"completion_tokens": 3}], [Usage(9, 3)]),
            ([None, "9", 9, [9]], []),
        ],
    )
    def test_usage_in_any_event_counts_once(self, openai_server, generator, usages, expected):
        frames = [chunk({"content": "a"}) | {"usage": usage} for usage in usages]
        openai_server.send(*frames, chunk({}, "stop"))
        assert collect(generator) == ("a" * len(usages), expected, None)

    def test_a_cut_wins_over_the_stop_of_each_piece(self, openai_server, generator):
        openai_server.send(chunk({"content": "a"}, "stop"), chunk({}, "MAX_TOKENS"))
        assert "token limit" in str(collect(generator)[2])

    def test_a_break_behind_the_end_is_no_failure(self, openai_server, generator):
        openai_server.send(chunk({"content": "a"}), chunk({}, "stop"), "data: {broken")
        assert collect(generator) == ("a", [], None)

    def test_thinking_is_a_sign_of_life(self, openai_server, generator):
        openai_server.dialect = dialects.OpenRouter(*THOUGHTS * 2)
        openai_server.pace = 0.25  # all of the thoughts take longer than the patience
        assert collect(generator, patience=1.0)[::2] == (TEXT, None)


class TestEmptyAnswers:
    """An answer without text is no failure of the server: the pipeline says that it is empty."""

    @pytest.mark.parametrize(
        "frames",
        [
            [chunk({"content": ""}), "data: [DONE]"],
            [chunk({"reasoning_content": "Hm."}), chunk({}, "stop")],
            [chunk({"content": " \n"}), chunk({}, "stop")],
            [chunk({"reasoning": "Hm."}), chunk({}, "length")],
            [{"object": "chat.completion.chunk", "choices": []}, "data: [DONE]"],
            [chunk({}, "stop")],
        ],
    )
    def test_a_stream(self, openai_server, generator, frames):
        openai_server.send(*frames)
        text, _, error = collect(generator)
        assert (text.strip(), error) == ("", None)
        assert len(openai_server.requests) == 1

    @pytest.mark.parametrize(
        "body", [{"choices": []}, {"choices": [{"message": {"content": None}}]}]
    )
    def test_a_document(self, openai_server, generator, body):
        openai_server.send_document(body)
        text, _, error = collect(generator)
        assert (text, error) == ("", None)

    def test_reasoning_that_never_ends(self, openai_server):
        settings = RagSettings.load(
            openai_api_key=API_KEY, openai_base_url=openai_server.base_url, answer_characters=500
        )
        thoughts = [chunk({"reasoning_content": "Hm, and then? " * 50})] * 100
        openai_server.send(*thoughts, chunk({"content": "Never."}), "data: [DONE]")
        text, _, error = collect(OpenAIGenerator(settings))
        assert (text, error) == ("", None)


class TestFailures:
    @pytest.mark.parametrize(
        ("frames", "reason"),
        [
            ([chunk({"refusal": "I can't."}), chunk({}, "stop")], "its content filter stopped it"),
            (
                [chunk({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}, "tool_calls")],
                "it asked for a tool instead of answering",
            ),
            (["<html><body>Welcome</body></html>"], "its answer is not a chat completion"),
            ([{"error": {"code": 502, "message": "Provider down."}}], "502: Provider down"),
            ([{"error": {"code": 429, "message": "Slow down"}}], "over its rate limit or quota"),
            ([{"error": "Compute error."}], "it broke off: Compute error"),
            ([{"object": "error", "message": "Engine died", "code": 500}], "500: Engine died"),
            (["event: error", {"error": {"message": "No memory"}}], "it broke off: No memory"),
            (
                [chunk({}, "error", error={"code": 503, "message": "Overloaded"})],
                "it answered 503: Overloaded",
            ),
        ],
    )
    def test_before_any_text(self, openai_server, generator, frames, reason):
        openai_server.send(*frames)
        text, _, error = collect(generator)
        assert text.strip() == ""
        assert type(error) is LLMUnavailableError
        assert reason in str(error)
        assert "\n" not in str(error)
        assert len(openai_server.requests) == 1

    @pytest.mark.parametrize(
        ("frames", "reason"),
        [
            ([], "the stream ended early"),
            ([chunk({"content": ""})], "the stream ended early"),
            (
                [chunk({"content": ""}, "error") | {"error": {"code": 502, "message": "Gone"}}],
                "it answered 502: Gone",
            ),
            ([{"error": {"message": "stream_options broke"}}], "it broke off: stream_options"),
            (["data: {broken"], "it can't be reached or broke off"),
            *((deep, "it can't be reached or broke off") for deep in DEEP),
            (
                [chunk({"tool_calls": [{"index": 0}]}, "tool_calls")],
                "it asked for a tool instead of answering",
            ),
        ],
    )
    def test_after_some_text(self, openai_server, generator, frames, reason):
        openai_server.send(chunk({"content": "Logs "}), *frames)
        text, _, error = collect(generator)
        assert text == "Logs "
        assert type(error) is LLMInterruptedError
        assert reason in str(error)
        assert len(openai_server.requests) == 1

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ({"error": {"code": 402, "message": "No credits"}}, "over its rate limit or quota"),
            ([{"error": {"code": 500, "message": "Internal."}}], "it answered 500: Internal"),
            (
                {"detail": "Not here"},
                "not a chat completion, so check OPENAI_BASE_URL; it said: Not here",
            ),
            ({"code": 401, "message": "bad key"}, "it refused OPENAI_API_KEY"),
            ({"code": 500, "message": "bad luck"}, "it answered 500: bad luck"),
            ({"message": f"Not with {API_KEY}"}, "it said: Not with …"),
        ],
    )
    def test_a_document_that_is_no_answer(self, openai_server, generator, body, reason):
        openai_server.send_document(body)
        text, _, error = collect(generator)
        assert text == ""
        assert type(error) is LLMUnavailableError
        assert reason in str(error)
