"""Requests and answers of OpenAI's chat completions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# platform.openai.com/docs/api-reference/chat/create
ARGUMENTS = {
    "messages",
    "model",
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
}
REASONS = ("gpt-5", "gpt-6", "o1", "o3", "o4")
"""How the names of models begin that reason."""

EFFORTS = {"none", "low", "medium", "high", "xhigh", "max"}
ROLES = {"system", "developer", "user", "assistant", "tool"}


class BadRequestError(Exception):
    """A request that OpenAI answers with 400, with its code and the argument where it says so."""

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        self.code = code
        self.param = param
        super().__init__(message)


@dataclass(frozen=True)
class Completion:
    """One answer in the shapes of the API."""

    arguments: dict[str, Any]
    pieces: list[str]

    def chunk(
        self, delta: dict[str, Any], finish: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """One event of a stream; `more` are further fields of its choice."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self._base("chat.completion.chunk") | {"choices": [choice | more]}

    def usage_chunk(self) -> dict[str, Any]:
        """The event that has the usage and nothing else."""
        return self._base("chat.completion.chunk") | {"choices": [], "usage": self.usage()}

    def whole(self) -> dict[str, Any]:
        """The answer to a request without `stream`."""
        message = {"role": "assistant", "content": "".join(self.pieces), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return self._base("chat.completion") | {"choices": [choice], "usage": self.usage()}

    def usage(self) -> dict[str, int]:
        """A word counts as a token."""
        prompt = sum(len(str(m.get("content", "")).split()) for m in self.arguments["messages"])
        written = len("".join(self.pieces).split())
        return {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }

    def _base(self, kind: str) -> dict[str, Any]:
        model = self.arguments["model"]
        return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": model}


def check(arguments: dict[str, Any]) -> None:
    """Refuse what OpenAI refuses.

    Raises:
        BadRequestError: naming the argument.
    """
    if unknown := set(arguments) - ARGUMENTS:
        raise BadRequestError(f"Unrecognized request argument supplied: {sorted(unknown)}")
    if not isinstance(arguments.get("model"), str):
        raise BadRequestError("you must provide a model parameter")
    if not isinstance(arguments.get("messages"), list) or not arguments["messages"]:
        raise BadRequestError("messages wants a list that is not empty")
    for number, message in enumerate(arguments["messages"]):
        if message.get("role") not in ROLES or not isinstance(message.get("content"), str | list):
            raise BadRequestError(f"messages[{number}] wants a role and content")
        if unknown := set(message) - {"role", "content", "name"}:
            raise BadRequestError(f"messages[{number}]: unknown {sorted(unknown)}")
        for part in message["content"] if isinstance(message["content"], list) else ():
            check_part(part, role=message["role"])
    if "stream_options" in arguments and not arguments.get("stream"):
        raise BadRequestError("stream_options is only allowed when stream is enabled")
    if not 0 <= (arguments.get("temperature") or 0) <= 2:
        raise BadRequestError("temperature wants 0 to 2")
    check_format(arguments.get("response_format") or {"type": "text"})


def check_reasoning(arguments: dict[str, Any]) -> None:
    """Refuse what models refuse that reason, by their names.

    From refusals quoted in bolna-ai/bolna#1019 (gpt-6), itzcrazykns/vane#1173 and
    experientiallabs/experiential#764 (gpt-5.6).

    Raises:
        BadRequestError: naming the argument.
    """
    if not arguments["model"].startswith(REASONS):
        return
    if "max_tokens" in arguments:
        raise BadRequestError(
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            code="unsupported_parameter",
            param="max_tokens",
        )
    effort = arguments.get("reasoning_effort", "medium")
    if effort not in EFFORTS:
        raise BadRequestError(
            f"Unsupported value: '{effort}' is not supported with this model.",
            code="unsupported_value",
            param="reasoning_effort",
        )
    for name in ("temperature", "top_p"):
        if effort != "none" and arguments.get(name, 1) != 1:
            raise BadRequestError(
                f"Unsupported value: '{name}' does not support {arguments[name]} with this model. "
                "Only the default (1) value is supported.",
                code="unsupported_value",
                param=name,
            )


def check_part(part: dict[str, Any], *, role: str) -> None:
    """Refuse a part of a content that is no text, and no picture of a person.

    Raises:
        BadRequestError: naming what is wrong.
    """
    if part.get("type") == "text" and isinstance(part.get("text"), str) and len(part) == 2:
        return
    if part.get("type") != "image_url" or set(part) != {"type", "image_url"} or role != "user":
        raise BadRequestError("a part of content wants text, or image_url from a user")
    url = part["image_url"].get("url", "") if isinstance(part["image_url"], dict) else ""
    if not re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}", url):
        raise BadRequestError("image_url.url wants a data URL of png, jpeg, gif or webp")


def check_format(wanted: dict[str, Any]) -> None:
    """Strict schemas must close every object and require every property.

    Raises:
        BadRequestError: naming what is wrong.
    """
    if wanted.get("type") not in {"text", "json_object", "json_schema"}:
        raise BadRequestError("response_format wants a type")
    if wanted["type"] != "json_schema":
        return
    named = wanted.get("json_schema") or {}
    if set(named) - {"name", "description", "schema", "strict"} or not named.get("name"):
        raise BadRequestError("response_format.json_schema wants a name and a schema")
    schema = named.get("schema") or {}
    if named.get("strict") and (
        schema.get("additionalProperties") is not False
        or set(schema.get("required", ())) != set(schema.get("properties", ()))
    ):
        raise BadRequestError("a strict schema closes its object and requires each property")
