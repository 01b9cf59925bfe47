"""The LLM, through the openai SDK: any server with its chat completions API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from rag_core.errors import GenerationError, LLMInterruptedError, LLMUnavailableError
from rag_core.generation.llm.completion import CompletionReader, ServerFault, read_fault
from rag_core.generation.llm.request_form import RequestForm
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
_REASONS = {
    401: "it refused OPENAI_API_KEY",
    402: "it is over its rate limit or quota",
    408: "it took too long",
    429: "it is over its rate limit or quota",
}


@dataclass(slots=True)
class _OpenAnswer:
    """A stream, and its next text; '' after the last."""

    stream: Stream[object]
    reader: CompletionReader = field(default_factory=CompletionReader)
    text: str = ""

    def read_text(self) -> None:
        """Read the next text, past reasoning; stop at an error."""
        self.text = ""
        while not self.text and self.reader.fault is None:
            event = next(self.stream, None)
            if event is None:
                break
            self.text = self.reader.feed(event)


class OpenAIGenerator:
    """The `Generator` of `rag_core.protocols`; closing its iterator stops the request.

    A part of a request that the server refuses, such as the system role, is left out of this and
    all later requests.
    """

    def __init__(self, settings: RagSettings) -> None:
        self._settings = settings
        self._form = RequestForm()

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._settings.llm_model

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
            LLMUnavailableError: the LLM gave no text.
            LLMInterruptedError: the LLM stopped after some text, before the end.
        """
        answer = self._ask(lambda form: self._open_answer(form, system, turns, patience))
        reader = answer.reader
        with answer.stream:
            while answer.text:
                yield answer.text
                self._read_on(answer)
        if reader.usage:
            yield reader.usage
        reason = self._explain(reader.fault) if reader.fault else reader.explain_end()
        if reason:
            raise self._build_error(reason, started=reader.has_text)

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
            raise self._build_error("it did not answer in the requested form", started=False)
        return text, reader.model or self.model

    def _ask(self, ask: Callable[[RequestForm], tuple[Answer, ServerFault | None]]) -> Answer:
        """Ask, and ask again without what the server refuses.

        Each part is given up once at most, so this ends. The form that was accepted is remembered.
        """
        import openai

        form = self._form
        while True:
            cause: Exception | None = None
            try:
                answer, fault = ask(form)
            # ValueError: a line that is no JSON. RecursionError: one that is nested too deeply.
            except (openai.OpenAIError, ValueError, RecursionError) as error:
                fault, cause = _read_error(error), error
            if fault is None:
                self._form = form
                return answer
            narrower = form.drop_refused(fault)
            if narrower is None:
                raise self._build_error(self._explain(fault), started=False) from cause
            logger.info("The LLM %s refuses %s: %s", self.model, form, fault.message)
            form = narrower

    def _open_answer(
        self, form: RequestForm, system: str, turns: Sequence[Turn], patience: float | None
    ) -> tuple[_OpenAnswer, ServerFault | None]:
        """Open a stream and read up to its first text."""
        seconds = patience or (_SILENCE_SECONDS if form.streams else _WHOLE_SECONDS)
        answer = _OpenAnswer(
            self._open_stream(form, form.build_body(self.model, system, turns), seconds)
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
            return form.drop_refused(_read_error(error)) is None

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
            options={"timeout": timeout},
            stream=True,
            stream_cls=openai.Stream[object],
        )

    def _read_on(self, answer: _OpenAnswer) -> None:
        """Read the next text; ignore errors behind the answer's end."""
        import openai

        try:
            answer.read_text()
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            if not answer.reader.is_finished:
                reason = self._explain(_read_error(error))
                raise self._build_error(reason, started=answer.reader.has_text) from error

    def _explain(self, fault: ServerFault) -> str:
        """Return what a server's error means, as a clause."""
        message = fault.message
        if fault.status == 404:
            return f"it does not know DOCENT_LLM_MODEL={self.model}"
        if fault.status in _REASONS:
            return _REASONS[fault.status]
        if fault.status is None and not message:
            return "it can't be reached or broke off"
        reason = f"it answered {fault.status}" if fault.status else "it broke off"
        return f"{reason}: {message}" if message else reason

    def _build_error(self, reason: str, *, started: bool) -> GenerationError:
        if key := self._settings.openai_api_key:
            reason = reason.replace(key.get_secret_value(), "…")
        kind = LLMInterruptedError if started else LLMUnavailableError
        return kind(f"The LLM {self.model} gave no complete answer: {reason}.")

    @cached_property
    def _client(self) -> OpenAI:
        from rag_core.generation.llm.event_decoder import CompletionClient

        key = self._settings.openai_api_key
        return CompletionClient(
            # A local server needs no key, but the SDK does.
            api_key=key.get_secret_value() if key else "none",
            # Given here, because the SDK would take an empty OPENAI_BASE_URL for the address.
            base_url=self._settings.openai_base_url or "https://api.openai.com/v1",
            max_retries=0,
        )


def _read_error(error: BaseException) -> ServerFault:
    """Read an error of the SDK."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ServerFault(408)
    if isinstance(error, openai.APIStatusError):
        # The message quotes the whole body, `body` only the error in it.
        fault = read_fault(error.body, status=error.status_code)
        return replace(fault, details=f"{error.message} {fault.details}")
    if isinstance(error, openai.APIError) and error.body is not None:
        return read_fault(error.body)
    return ServerFault()
