"""The LLM, through the openai SDK: any server with its chat completions API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from rag_core.breaker import CircuitBreaker
from rag_core.cancellation import check_cancelled
from rag_core.deadline import is_time_over
from rag_core.errors import GenerationError, LLMInterruptedError, LLMUnavailableError
from rag_core.generation.llm.completion import CompletionReader, ServerFault
from rag_core.generation.llm.connection import build_headers, open_client
from rag_core.generation.llm.faults import LASTING_STATUSES, explain_fault, name_fault, read_error
from rag_core.generation.llm.request_form import RequestForm
from rag_core.generation.llm.role import LLMRole
from rag_core.outages import Outages
from rag_core.settings import RagSettings
from rag_core.types import Turn, Usage

if TYPE_CHECKING:
    from openai import OpenAI, Stream

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_PATH = "/chat/completions"
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 60.0  # the longest pause between two pieces of text or reasoning
_WHOLE_SECONDS = 180.0  # for a whole answer of a server that does not stream
_ATTEMPTS = 2
_RETRY_SECONDS = 0.5
_REASONING_SHARE = 10
"""Characters of reasoning for each that an answer may have; a longer one does not end."""


@dataclass(slots=True)
class _OpenAnswer:
    """A stream, and its next text; '' after the last.

    Reasoning has a length at which it counts as endless, and the stream ends.
    """

    stream: Stream[object]
    most_reasoning: int
    reader: CompletionReader = field(default_factory=CompletionReader)
    text: str = ""

    def read_text(self) -> None:
        """Read the next text, past reasoning; stop at an error."""
        self.text = ""
        while not self.text and self.reader.fault is None and not self.is_endless:
            event = next(self.stream, None)
            if event is None:
                break
            self.text = self.reader.feed(event)

    @property
    def is_endless(self) -> bool:
        """True if the LLM reasons and reasons."""
        return self.reader.reasoning_characters > self.most_reasoning

    def explain_end(self) -> str | None:
        """Return why the answer is incomplete; None if it is complete."""
        return "its reasoning did not end" if self.is_endless else self.reader.explain_end()


class OpenAIGenerator:
    """The `Generator` of `rag_core.protocols`; closing its iterator stops the request.

    A part of a request that the server refuses, such as the system role, is left out of this and
    all later requests. A server that was silent several times in a row is not asked for a while.

    Args:
        settings: the server, its key and the model.
        outages: where it reports that the LLM does not work.
        role: the model and its options; those of answers by default.

    Raises:
        SettingsError: the options are not valid.
    """

    def __init__(
        self,
        settings: RagSettings,
        outages: Outages | None = None,
        *,
        role: LLMRole | None = None,
    ) -> None:
        self._settings = settings
        self._outages = outages or Outages()
        self._role = role or LLMRole.answering(settings)
        self._breaker = CircuitBreaker()
        self._form = RequestForm(has_images=settings.llm_images, options=self._role.options)

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._role.model

    @property
    def sees_images(self) -> bool:
        """True if the LLM takes pictures, as far as is known."""
        return self._form.has_images

    @property
    def refused_options(self) -> tuple[str, ...]:
        """Names of the options that the server has refused so far."""
        return self._form.list_refused_options(self._role.options)

    def warm_up(self) -> None:
        """Import the SDK and build the client, without a request."""
        _ = self._client

    def generate(
        self, system: str, turns: Sequence[Turn], *, patience: float | None = None
    ) -> Iterator[str | Usage]:
        """Stream the LLM's text; leave its reasoning out.

        Args:
            system: the system prompt.
            turns: the conversation, the question last.
            patience: longest silence in seconds, between two pieces of text or reasoning too; 60
                by default.

        Yields:
            Text as it is written, and the usage once at the end if the server reports it.

        Raises:
            LLMUnavailableError: the LLM failed before any text.
            LLMInterruptedError: the LLM stopped after some text, before the end.
        """
        if not self._breaker.try_begin():
            raise self._explain(LLMUnavailableError, "it took too long several times")
        # A silence that is shorter than usual is no sign of a frozen server.
        counts = patience is None
        answer = self._ask(
            lambda form: self._open_answer(form, system, turns, patience), counts=counts
        )
        with answer.stream:
            while answer.text:
                yield answer.text
                self._read_on(answer, counts=counts)
        reader = answer.reader
        if reader.usage:
            yield reader.usage
        if reader.fault:
            raise self._build_error(reader.fault, started=reader.has_text)
        self._breaker.record_success()
        if reason := answer.explain_end():
            self._judge_end(answer, reason)
        self._outages.clear(self._role.service)

    def _judge_end(self, answer: _OpenAnswer, reason: str) -> None:
        """Raise for an incomplete answer; only log an empty one."""
        reader = answer.reader
        is_empty = reader.is_empty or answer.is_endless
        self._outages.record_failure(self._role.service, "empty" if is_empty else "incomplete")
        if reader.has_text:
            raise self._explain(LLMInterruptedError, reason)
        if not is_empty:
            raise self._report(self._explain(LLMUnavailableError, reason))
        logger.warning("The LLM %s wrote nothing: %s", self.model, reason)

    def generate_structured(
        self, system: str, turns: Sequence[Turn], *, name: str, schema: dict[str, Any]
    ) -> tuple[str, str]:
        """Let the LLM answer in JSON by a schema, in one piece.

        Args:
            system: the system prompt.
            turns: the conversation, the question last.
            name: of the schema.
            schema: JSON schema of the answer.

        Returns:
            The JSON as text, and the name of the model as the server reports it.

        Raises:
            LLMUnavailableError: there is no complete answer.
        """
        json_schema = {"name": name, "strict": True, "schema": schema}
        wanted = {"response_format": {"type": "json_schema", "json_schema": json_schema}}

        def ask(form: RequestForm) -> tuple[tuple[CompletionReader, str], ServerFault | None]:
            body = replace(form, streams=False, asks_usage=False).build_body(
                self.model, system, turns
            )
            options: Any = {"timeout": _SILENCE_SECONDS}
            answer: Any = self._client.post(
                _PATH, cast_to=object, body=body | wanted, options=options
            )
            reader = CompletionReader()
            return (reader, reader.feed(answer)), reader.fault

        reader, text = self._ask(ask)
        if not text or reader.is_cut:
            reason = "it did not answer in the requested form"
            raise self._explain(LLMUnavailableError, reason)
        return text, reader.model or self.model

    def _ask(
        self,
        ask: Callable[[RequestForm], tuple[Answer, ServerFault | None]],
        *,
        counts: bool = False,
    ) -> Answer:
        """Ask, and ask again without what the server refuses.

        Each part is given up once at most, so this ends. The form that was accepted is remembered.
        """
        import openai

        form = self._form
        while True:
            cause: Exception | None = None
            try:
                answer, fault = ask(form)
            # ValueError: a line that is not JSON. RecursionError: one that is nested too deeply.
            except (openai.OpenAIError, TimeoutError, ValueError, RecursionError) as error:
                check_cancelled()
                fault, cause = read_error(error), error
            if fault is None:
                self._form = form
                return answer
            narrower = form.drop_refused(fault)
            if narrower is None:
                self._count_failure(fault, counts=counts)
                raise self._build_error(fault, started=False) from cause
            self._report_refusal(form, narrower, fault)
            form = narrower

    def _report_refusal(self, form: RequestForm, narrower: RequestForm, fault: ServerFault) -> None:
        """Log what is refused; an option that people set is a warning."""
        lost = narrower.list_refused_options(form.options)
        level = logging.WARNING if lost else logging.INFO
        part = f"the option {lost[0]}" if lost else f"{form}"
        logger.log(level, "The LLM %s refuses %s: %s", self.model, part, fault.message)

    def _open_answer(
        self, form: RequestForm, system: str, turns: Sequence[Turn], patience: float | None
    ) -> tuple[_OpenAnswer, ServerFault | None]:
        """Open a stream and read up to its first text."""
        seconds = patience or (_SILENCE_SECONDS if form.streams else _WHOLE_SECONDS)
        answer = _OpenAnswer(
            self._open_stream(form, form.build_body(self.model, system, turns), seconds),
            most_reasoning=_REASONING_SHARE * self._settings.answer_characters,
        )
        answer.read_text()
        if answer.reader.fault:
            answer.stream.close()
        return answer, answer.reader.fault

    def _open_stream(
        self, form: RequestForm, body: dict[str, Any], seconds: float
    ) -> Stream[object]:
        """Start the stream, with one retry if the server fails.

        A server that asks to wait gets no second request: the SDK's own retries would wait out a
        Retry-After of a minute in silence.
        """
        import openai
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

        def is_worth_a_retry(error: BaseException) -> bool:
            kinds = (openai.APIConnectionError, openai.InternalServerError)
            if not isinstance(error, kinds) or isinstance(error, openai.APITimeoutError):
                return False
            return form.drop_refused(read_error(error)) is None

        attempts = Retrying(
            retry=retry_if_exception(is_worth_a_retry),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_fixed(_RETRY_SECONDS),
            reraise=True,
        )
        timeout = openai.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        # `post`, because the typed methods can't hold what servers leave out, add or rename.
        return attempts(
            self._client.post,
            _PATH,
            cast_to=object,
            body=body,
            options={"timeout": timeout, "headers": build_headers()},
            stream=True,
            stream_cls=openai.Stream[object],
        )

    def _read_on(self, answer: _OpenAnswer, *, counts: bool) -> None:
        """Read the next text; ignore errors behind the answer's end."""
        import openai

        try:
            answer.read_text()
        except (openai.OpenAIError, TimeoutError, ValueError, RecursionError) as error:
            check_cancelled()
            if not answer.reader.is_finished:
                fault = read_error(error)
                # One that wrote until the time was over is slow, and does not hang.
                self._count_failure(fault, counts=counts and not is_time_over())
                raise self._build_error(fault, started=answer.reader.has_text) from error

    def _count_failure(self, fault: ServerFault, *, counts: bool) -> None:
        """Count a time-out, or a server that can't be reached."""
        if counts and fault.status in {None, 408} and not fault.message:
            self._breaker.record_failure()

    def _build_error(self, fault: ServerFault, *, started: bool) -> GenerationError:
        self._outages.record_failure(self._role.service, name_fault(fault))
        kind = LLMInterruptedError if started else LLMUnavailableError
        error = self._explain(kind, explain_fault(fault, self._role))
        if started and fault.status not in LASTING_STATUSES:
            return error
        return self._report(error)

    def _report(self, error: GenerationError) -> GenerationError:
        self._outages.report(self._role.service, str(error))
        return error

    def _explain(self, kind: type[GenerationError], reason: str) -> GenerationError:
        if key := self._settings.openai_api_key:
            reason = reason.replace(key.get_secret_value(), "…")
        return kind(f"The LLM {self.model} gave no complete answer: {reason}.")

    @cached_property
    def _client(self) -> OpenAI:
        return open_client(self._settings)
