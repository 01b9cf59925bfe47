"""Chat completions as servers really write them: their text, their end, their usage, their errors.

Every server that speaks OpenAI's API leaves out, adds or renames something. This module reads the
events of a stream, and whole answers, as plain JSON; what is not the answer's text, reasoning
above all, never leaves it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rag_core.types import Usage

_TOO_MANY_TOKENS = "it reached its token limit"
_CUT_REASONS = {
    _TOO_MANY_TOKENS: {
        "length",
        "max_tokens",
        "max_output_tokens",
        "model_length",
        "token_limit",
        "incomplete",
        "context_window_exceeded",
        "model_context_window_exceeded",
    },
    "its content filter stopped it": {
        "content_filter",
        "content_filtered",
        "safety",
        "recitation",
        "blocklist",
        "prohibited_content",
        "spii",
        "sensitive",
        "refusal",
        "guardrail_intervened",
    },
    "it broke off": {
        "error",
        "network_error",
        "abort",
        "aborted",
        "cancelled",
        "canceled",
        "insufficient_system_resource",
        "malformed_function_call",
        "function_call_filter",
    },
}
"""Reasons to end with which an answer is not complete; with any other, it is."""

END: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "[DONE]"}]}
"""The event that stands for [DONE], and for the end of a whole answer."""

_CUT = {reason: clause for clause, reasons in _CUT_REASONS.items() for reason in reasons}
_TOOL_REASONS = {"tool_calls", "tool_use", "function_call"}
_UNFINISHED = {"", "null", "none"}
_REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_text", "thinking")
_TEXT_PARTS = ("text", "output_text")
_STATUSES = {
    "invalid_api_key": 401,
    "authentication_error": 401,
    "insufficient_quota": 429,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "model_not_found": 404,
}
_MESSAGE_KEYS = ("message", "error", "detail", "msg", "text", "reason", "code")
_STATUS_KEYS = ("code", "status", "status_code", "error_code", "type")
_QUOTED_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ServerFault:
    """An error as a server reports it.

    Attributes:
        status: the HTTP status, or the status that an error in a stream names; None without one.
        message: the server's words on one line, shortened; may be empty.
        details: everything that the server said, for a search in it.
    """

    status: int | None = None
    message: str = ""
    details: str = ""


class CompletionReader:
    """Reads the events of one answer, and knows in the end whether it is complete.

    Attributes:
        usage: the tokens of the whole answer; None if the server names none.
        fault: the error that the server sent in place of more text.
        has_text: whether there was any text but white space.
        is_finished: whether a reason to end came, and no text since.
        model: the name of the model as the server reports it.
        reasoning_characters: of the reasoning that the server sends beside the text.
    """

    def __init__(self) -> None:
        self.reasoning_characters = 0
        self.usage: Usage | None = None
        self.fault: ServerFault | None = None
        self.has_text = False
        self.is_finished = False
        self.model = ""
        self._finish_reason = ""
        self._is_completion = False
        self._calls_tool = False
        self._was_thought = False
        self._has_delta = False
        self._told = ""  # the text of all messages so far, in a stream of these
        self._words = ""  # what an event says that belongs to no completion

    def feed(self, event: Any) -> str:
        """Return the text that an event adds; '' if it adds none."""
        if isinstance(event, list):  # Gemini wraps errors in a list
            return "".join(self.feed(item) for item in event)
        if not isinstance(event, dict):
            return ""
        choice = _find_choice(event)
        self.fault = self.fault or _find_fault(event, choice)
        self._is_completion |= "choices" in event and event != END
        self.model = self.model or str(event.get("model") or "")
        if "choices" not in event:
            self._words = self._words or read_fault(event).message
        self._keep_usage(event, choice)
        return self._read_choice(choice)

    @property
    def is_empty(self) -> bool:
        """True if the answer came to its end, and there is no text in it."""
        ended = self._is_completion and self._finish_reason and not self._calls_tool
        reason = _CUT.get(self._finish_reason, "")
        return bool(ended and not self.has_text and reason in {"", _TOO_MANY_TOKENS})

    @property
    def is_cut(self) -> bool:
        """True if the server gave a reason with which an answer is not complete."""
        return self._finish_reason in _CUT

    def explain_end(self) -> str | None:
        """Return why the answer is incomplete; None if it is complete."""
        if not self._is_completion:
            quoted = f"; it said: {self._words}" if self._words else ""
            return f"its answer is not a chat completion, so check OPENAI_BASE_URL{quoted}"
        if self.is_cut:
            return _CUT[self._finish_reason]
        if self._calls_tool and (not self.has_text or self._finish_reason in _TOOL_REASONS):
            return "it asked for a tool instead of answering"
        if not self._finish_reason:
            return "the stream ended early"
        return None if self.has_text else "it wrote no text"

    def _read_choice(self, choice: dict[str, Any]) -> str:
        delta = choice.get("delta")
        self.reasoning_characters += _count_reasoning(delta)
        text = self._drop_thought(delta, _read_message(delta) or _read_content(choice.get("text")))
        self._has_delta |= bool(text.strip())
        if not self._has_delta:
            text += self._drop_repeated(_read_message(choice.get("message")))
        messages = [each for each in (delta, choice.get("message")) if isinstance(each, dict)]
        self._calls_tool |= any(
            each.get("tool_calls") or each.get("function_call") for each in messages
        )
        self.has_text |= bool(text.strip())
        reason = _read_finish_reason(choice)
        if not reason and any(each.get("refusal") for each in messages):
            reason = "refusal"
        # Some servers say "stop" with every piece; a reason that cuts wins.
        if reason in _CUT or not self._finish_reason:
            self._finish_reason = reason or self._finish_reason
        self.is_finished = not text and (self.is_finished or bool(reason))
        return text

    def _drop_repeated(self, message: str) -> str:
        """Return what a message adds to those before it.

        It is the whole answer, its next piece, or all of the answer so far: some servers repeat
        that with each event, or at the end. Behind deltas it is always a repetition.
        """
        added = message.removeprefix(self._told)
        self._told += added
        return added

    def _drop_thought(self, delta: object, text: str) -> str:
        """Drop Gemini's thoughts, whose last tag begins the answer."""
        if _is_thought(delta):
            self._was_thought = True
            return ""
        if text and self._was_thought:
            self._was_thought = False
            return text.removeprefix("</thought>")
        return text

    def _keep_usage(self, event: dict[str, Any], choice: dict[str, Any]) -> None:
        """Keep the largest counts, since some servers count on with every event."""
        for source in (event, choice, event.get("x_groq")):
            usage = _read_usage(source.get("usage")) if isinstance(source, dict) else None
            if usage is not None:
                known = self.usage or Usage(0, 0)
                self.usage = Usage(
                    max(known.prompt_tokens, usage.prompt_tokens),
                    max(known.completion_tokens, usage.completion_tokens),
                )


def read_fault(body: Any, *, status: int | None = None) -> ServerFault:
    """Read an error in any form.

    A status that is given wins over the one in the body.
    """
    try:
        message = " ".join(_find_message(body).split())
        details = (
            body if isinstance(body, str) else json.dumps(body, default=str, ensure_ascii=False)
        )
        status = status or _find_status(body)
    except RecursionError:
        return ServerFault(status)
    if message.startswith("<"):  # a page of a proxy
        message = ""
    if len(message) > _QUOTED_CHARACTERS:
        message = f"{message[:_QUOTED_CHARACTERS]} …"
    return ServerFault(status, message.rstrip(". "), details)


def _find_choice(event: dict[str, Any]) -> dict[str, Any]:
    """Return the first choice; {} if there is none, or null."""
    choices = event.get("choices")
    listed = choices if isinstance(choices, list) else []
    dicts = [each for each in listed if isinstance(each, dict)]
    return next((each for each in dicts if each.get("index") in (None, 0, "0")), {})


def _find_fault(event: dict[str, Any], choice: dict[str, Any]) -> ServerFault | None:
    body = event.get("error") or choice.get("error")
    if body:
        return read_fault(body)
    names = (event.get("object"), event.get("type"), event.get("status"))
    is_error = "error" in names or event.get("error_code")
    has_status = "choices" not in event and _find_status(event)
    return read_fault(event) if is_error or has_status else None


def _read_message(message: object) -> str:
    """Return the text of a message or a delta, without its reasoning."""
    if isinstance(message, dict):
        return _read_content(message.get("content"))
    return message if isinstance(message, str) else ""


def _read_content(content: object) -> str:
    """Return the text of a string, a part or a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(map(_read_content, content))
    if isinstance(content, dict) and content.get("type", "text") in _TEXT_PARTS:
        text = content.get("text")
        return _read_content(text.get("value") if isinstance(text, dict) else text)
    return ""


def _count_reasoning(delta: object) -> int:
    """Count the characters of the fields that hold reasoning, and of thoughts."""
    if not isinstance(delta, dict):
        return 0
    fields = [delta.get(name) for name in _REASONING_FIELDS]
    if _is_thought(delta):
        fields.append(delta.get("content"))
    return sum(len(field) for field in fields if isinstance(field, str))


def _is_thought(delta: object) -> bool:
    extra = delta.get("extra_content") if isinstance(delta, dict) else None
    makers = extra.values() if isinstance(extra, dict) else ()
    return any(isinstance(each, dict) and each.get("thought") is True for each in makers)


def _read_finish_reason(choice: dict[str, Any]) -> str:
    """Return the bare reason to end, in lower case; '' without one."""
    reason = choice.get("finish_reason")
    if not isinstance(reason, str):
        return ""
    reason = reason.strip().lower().partition(":")[0].rpartition(".")[2]
    reason = reason.removeprefix("finish_reason_")
    return "" if reason in _UNFINISHED else reason


def _read_usage(usage: object) -> Usage | None:
    """Return the counts that are numbers; None if neither is."""
    if not isinstance(usage, dict):
        return None
    prompt = _find_count(usage, "prompt_tokens", "input_tokens")
    completion = _find_count(usage, "completion_tokens", "output_tokens")
    if prompt is None and completion is None:
        return None
    return Usage(prompt or 0, completion or 0)


def _find_count(usage: dict[str, Any], *names: str) -> int | None:
    counts = (usage.get(name) for name in names)
    numbers = (each for each in counts if isinstance(each, int | float))
    return next((int(each) for each in numbers if abs(each) < math.inf), None)


def _find_message(body: Any) -> str:
    """Return the words in an error's body; '' without any."""
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return next(filter(None, map(_find_message, body)), "")
    if isinstance(body, dict):
        return next(filter(None, (_find_message(body.get(key)) for key in _MESSAGE_KEYS)), "")
    return ""


def _find_status(body: Any) -> int | None:
    """Return the HTTP status in an error's body, or None."""
    return next(_list_statuses(body), None)


def _list_statuses(body: Any) -> Iterator[int]:
    if isinstance(body, list):
        for item in body:
            yield from _list_statuses(item)
    elif isinstance(body, dict):
        for key in _STATUS_KEYS:
            code = body.get(key)
            text = str(code).lower()
            if text in _STATUSES or (
                text.isdecimal() and len(text) == 3 and 400 <= int(text) <= 599
            ):
                yield _STATUSES.get(text) or int(text)
        yield from _list_statuses(body.get("error"))
