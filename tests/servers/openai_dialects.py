"""Stand-ins for the servers and gateways that speak OpenAI's chat completions in their own way.

None of them is the real server: each is written from the documentation or from the streams that
its docstring names, and is strict about what the real one refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.servers.openai_shapes import Completion, check, check_reasoning

Arguments = dict[str, Any]
Frame = dict[str, Any] | str
"""An event of a stream as JSON, or a line as it is sent."""

TIMINGS = {"cache_n": 7, "prompt_n": 10, "prompt_ms": 251.5, "predicted_n": 28}
SAFE = {"hate": {"filtered": False, "severity": "safe"}}


class RefusedError(Exception):
    """A request that the server refuses on purpose, with status and body."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{status}: {body}")


class Dialect:
    """OpenAI itself: the base of the others.

    Attributes:
        reasoning: pieces of reasoning before the text.
        finish: the reason to end.
    """

    finish: str | None = "stop"

    def __init__(self, *reasoning: str, finish: str | None = None) -> None:
        self.reasoning = reasoning
        self.finish = finish or self.finish

    def check(self, arguments: Arguments) -> None:
        """Refuse what the server refuses.

        Raises:
            BadRequestError: OpenAI refuses it too.
            RefusedError: only this server does.
        """
        check(arguments)
        check_reasoning(arguments)

    def start(self, answer: Completion) -> Iterator[Frame]:
        """The events before the text."""
        yield answer.chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        """The events of a piece of text."""
        yield answer.chunk({"content": text})

    def end(self, answer: Completion) -> Iterator[Frame]:
        """The events after the text: why it stopped, and the usage where it was asked for."""
        yield answer.chunk({}, self.finish)
        if asks_usage(answer):
            yield answer.usage_chunk()

    def whole(self, answer: Completion) -> dict[str, Any]:
        """The answer to a request without `stream`."""
        return answer.whole()


class Azure(Dialect):
    """Azure OpenAI with its asynchronous filter.

    From learn.microsoft.com/azure/ai-services/openai/concepts/content-streaming, and streams in
    langchain-ai/langchain#18977 and openai/openai-python#1677.
    """

    def start(self, answer: Completion) -> Iterator[Frame]:
        annotation = {"prompt_index": 0, "content_filter_results": SAFE}
        blank = {"id": "", "object": "", "created": 0, "model": ""}
        yield blank | {"choices": [], "prompt_filter_results": [annotation], "usage": None}
        yield answer.chunk({"role": "assistant"}) | {"usage": None}

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        yield answer.chunk({"content": text}, content_filter_results={}) | {"usage": None}
        offsets = {"check_offset": 44, "start_offset": 44, "end_offset": 198}
        choice = {
            "index": 0,
            "finish_reason": None,
            "content_filter_results": SAFE,
            "content_filter_offsets": offsets,
        }
        yield {"id": "", "object": "", "created": 0, "model": "", "choices": [choice]}


class VLLM(Dialect):
    """vLLM with a reasoning parser, its usage on in every event (continuous_usage_stats).

    From vllm/entrypoints/openai/protocol.py: `reasoning_content`, and `reasoning` since 0.12.
    """

    field = "reasoning_content"

    def start(self, answer: Completion) -> Iterator[Frame]:
        yield self._count(answer.chunk({"role": "assistant", "content": ""}), 0)
        for piece in self.reasoning:
            yield self._count(answer.chunk({self.field: piece}), 1)

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        yield self._count(answer.chunk({"content": text, self.field: None}), 2)

    def end(self, answer: Completion) -> Iterator[Frame]:
        yield self._count(answer.chunk({"content": ""}, self.finish, stop_reason=None), 3)
        if asks_usage(answer):
            yield answer.usage_chunk()

    def _count(self, chunk: dict[str, Any], written: int) -> dict[str, Any]:
        usage = {"prompt_tokens": 3, "completion_tokens": written, "total_tokens": 3 + written}
        return chunk | {"usage": usage}


class Ollama(Dialect):
    """Ollama: role and content in every event, reasoning beside an empty content.

    From openai/openai.go of ollama/ollama, `ToChunk`.
    """

    def start(self, answer: Completion) -> Iterator[Frame]:
        for piece in self.reasoning:
            yield answer.chunk({"role": "assistant", "content": "", "reasoning": piece})

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        yield answer.chunk({"role": "assistant", "content": text})

    def end(self, answer: Completion) -> Iterator[Frame]:
        yield answer.chunk({"role": "assistant", "content": ""}, self.finish)
        if asks_usage(answer):
            yield answer.usage_chunk()


class LMStudio(Dialect):
    """LM Studio: reasoning in events of its own, no usage in a stream.

    From streams in lmstudio-ai/lmstudio-js#320 and lmstudio-ai/lmstudio-bug-tracker#378.
    """

    def start(self, answer: Completion) -> Iterator[Frame]:
        for piece in self.reasoning:
            yield answer.chunk({"role": "assistant", "reasoning_content": piece})

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        yield answer.chunk({"role": "assistant", "content": text})

    def end(self, answer: Completion) -> Iterator[Frame]:
        yield answer.chunk({}, self.finish)


class LlamaCpp(Dialect):
    """llama-server: a null content first, timings in every event.

    From a stream in openai-php/client#780, and tools/server/README.md of ggml-org/llama.cpp.
    """

    def start(self, answer: Completion) -> Iterator[Frame]:
        yield answer.chunk({"role": "assistant", "content": None})
        for piece in self.reasoning:
            yield answer.chunk({"reasoning_content": piece}) | {"timings": TIMINGS}

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        yield answer.chunk({"content": text}) | {"timings": TIMINGS}

    def end(self, answer: Completion) -> Iterator[Frame]:
        yield answer.chunk({}, self.finish)
        if asks_usage(answer):
            yield answer.usage_chunk() | {"timings": TIMINGS}


class Gemini(Dialect):
    """Gemini's compatible end: thoughts as content, the last text in the event of the end.

    From ai.google.dev/gemini-api/docs/openai and ai.google.dev/gemini-api/docs/thinking; reasons
    to end from HKUDS/Vibe-Trading#308.
    """

    finish = "STOP"

    def start(self, answer: Completion) -> Iterator[Frame]:
        for number, piece in enumerate(self.reasoning):
            content = piece if number else f"<thought>{piece}"
            yield answer.chunk(
                {
                    "role": "assistant",
                    "content": content,
                    "extra_content": {"google": {"thought": True}},
                }
            )

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        if self.reasoning and text == answer.pieces[0]:
            text = f"</thought>{text}"
        if text != answer.pieces[-1]:
            yield answer.chunk({"role": "assistant", "content": text})

    def end(self, answer: Completion) -> Iterator[Frame]:
        signature = {"google": {"thought_signature": "EjQKMgEMOdbH"}}
        delta = {"role": "assistant", "content": answer.pieces[-1], "extra_content": signature}
        yield answer.chunk(delta, self.finish) | {"usage": answer.usage()}


class Anthropic(Dialect):
    """Anthropic's compatible end: reasons to end in its own words, counts in parts.

    From docs.anthropic.com/en/api/openai-sdk; the counts as the events `message_start` and
    `message_delta` of its own API have them.
    """

    finish = "end_turn"

    def start(self, answer: Completion) -> Iterator[Frame]:
        usage = {"prompt_tokens": answer.usage()["prompt_tokens"], "completion_tokens": 1}
        yield answer.chunk({"role": "assistant", "content": ""}) | {"usage": usage}
        yield "event: ping"
        yield {"type": "ping"}

    def end(self, answer: Completion) -> Iterator[Frame]:
        written = answer.usage()["completion_tokens"]
        yield answer.chunk({"content": ""}, self.finish) | {
            "usage": {"prompt_tokens": None, "completion_tokens": written}
        }


class OpenRouter(Dialect):
    """OpenRouter: comments while it waits, reasoning twice, a native reason beside its own.

    From openrouter.ai/docs/api-reference/streaming and openrouter.ai/docs/errors.
    """

    def start(self, answer: Completion) -> Iterator[Frame]:
        yield ": OPENROUTER PROCESSING"
        yield ": OPENROUTER PROCESSING"
        for piece in self.reasoning:
            details = [{"type": "reasoning.text", "text": piece, "index": 0}]
            yield answer.chunk(
                {
                    "role": "assistant",
                    "content": "",
                    "reasoning": piece,
                    "reasoning_details": details,
                }
            )

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        yield answer.chunk({"role": "assistant", "content": text}, native_finish_reason=None)
        yield ": OPENROUTER PROCESSING"

    def end(self, answer: Completion) -> Iterator[Frame]:
        yield answer.chunk({"content": ""}, self.finish, native_finish_reason="end_turn")
        last = answer.chunk({"role": "assistant", "content": ""})
        yield last | {"usage": answer.usage() | {"cost": 0.0002}}


class Mistral(Dialect):
    """Mistral: refuses stream_options; a reasoning model writes its content in parts.

    From a stream in BerriAI/litellm#16272 and a refusal in openai/openai-agents-python#442.
    """

    def check(self, arguments: Arguments) -> None:
        super().check(arguments)
        if "stream_options" in arguments:
            where = ["body", "stream_options", "include_usage"]
            wrong = {
                "type": "extra_forbidden",
                "loc": where,
                "msg": "Extra inputs are not permitted",
            }
            raise RefusedError(422, {"object": "error", "message": {"detail": [wrong]}})

    def start(self, answer: Completion) -> Iterator[Frame]:
        for piece in self.reasoning:
            thinking = {"type": "thinking", "thinking": [{"type": "text", "text": piece}]}
            yield answer.chunk({"content": [thinking]})

    def piece(self, answer: Completion, text: str) -> Iterator[Frame]:
        yield answer.chunk({"content": [{"type": "text", "text": text}]})

    def end(self, answer: Completion) -> Iterator[Frame]:
        yield answer.chunk({"content": ""}, self.finish) | {"usage": answer.usage()}


class Gemma(Dialect):
    """A Gemma behind vLLM, whose template knows no system role and wants turns.

    From a refusal in vllm-project/vllm#2964, and the template of google/gemma-2-2b-it.
    """

    def check(self, arguments: Arguments) -> None:
        super().check(arguments)
        roles = [message["role"] for message in arguments["messages"]]
        if roles[0] == "system":
            self._refuse("System role not supported")
        if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
            self._refuse("Conversation roles must alternate user/assistant/user/assistant/...")

    def _refuse(self, message: str) -> None:
        kind = {"type": "BadRequestError", "param": None, "code": 400}
        raise RefusedError(400, {"object": "error", "message": message} | kind)


class Moonshot(Dialect):
    """Moonshot: the usage stands in the last choice. From earendil-works/pi#2017."""

    def end(self, answer: Completion) -> Iterator[Frame]:
        yield answer.chunk({}, self.finish, usage=answer.usage())


class Unverified(Dialect):
    """OpenAI for an organisation that may not stream a model; it answers in one piece."""

    def check(self, arguments: Arguments) -> None:
        super().check(arguments)
        if arguments.get("stream"):
            message = "Your organization must be verified to stream this model."
            error = {"message": message, "type": "invalid_request_error", "param": "stream"}
            raise RefusedError(400, {"error": error | {"code": "unsupported_value"}})


def asks_usage(answer: Completion) -> bool:
    """Whether the request asks for the usage at the end of the stream."""
    return bool((answer.arguments.get("stream_options") or {}).get("include_usage"))
