"""The LLM, through the openai SDK: any server with its chat completions API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rag_core.errors import GenerationError, LLMInterruptedError, LLMUnavailableError
from rag_core.settings import RagSettings
from rag_core.types import Turn, Usage

if TYPE_CHECKING:
    from openai import OpenAI

_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 60.0  # the longest pause between two pieces of text
_ATTEMPTS = 2
_RETRY_SECONDS = 0.5
_CUT = {"length": "it reached its token limit", "content_filter": "its content filter stopped it"}


class OpenAIGenerator:
    """The `Generator` of `rag_core.protocols`; closing its iterator stops the request."""

    def __init__(self, settings: RagSettings) -> None:
        self._settings = settings

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
        """Stream the LLM's text.

        Args:
            system: the system prompt.
            turns: the conversation, the question last.
            patience: longest silence in seconds, between two pieces of text too; 60 by default.

        Yields:
            Text as it is written, and the usage once at the end if the server reports it.

        Raises:
            LLMUnavailableError: the LLM gave no text.
            LLMInterruptedError: the LLM stopped after some text, before the end.
        """
        started = False
        with self._translate_errors():
            stream = self._open_stream(_build_messages(system, turns), patience or _SILENCE_SECONDS)
        finish_reason = ""
        with stream:
            chunks = iter(stream)
            while True:
                with self._translate_errors(started=started):
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                for choice in chunk.choices:
                    finish_reason = finish_reason or choice.finish_reason or ""
                    if choice.delta.content:
                        started = True
                        yield choice.delta.content
                if chunk.usage:
                    yield Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        if not finish_reason:
            raise self._build_error("the stream ended early", started=started)
        if finish_reason in _CUT:
            raise self._build_error(_CUT[finish_reason], started=started)

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
        json_schema: Any = {"name": name, "strict": True, "schema": schema}
        with self._translate_errors():
            completion = self._client.chat.completions.create(
                model=self.model,
                messages=_build_messages(system, turns),
                response_format={"type": "json_schema", "json_schema": json_schema},
                timeout=_SILENCE_SECONDS,
            )
        choice = completion.choices[0] if completion.choices else None
        text = choice.message.content if choice else None
        if choice is None or choice.finish_reason in _CUT or not text:
            raise self._build_error("it did not answer in the requested form", started=False)
        return text, completion.model

    def _open_stream(self, messages: Any, patience: float) -> Any:
        """Start the stream, with one retry if the server fails.

        A server that asks to wait gets no second request: the SDK's own retries would wait out a
        Retry-After of a minute in silence.
        """
        import openai
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

        def is_worth_a_retry(error: BaseException) -> bool:
            timed_out = isinstance(error, openai.APITimeoutError)
            kinds = (openai.APIConnectionError, openai.InternalServerError)
            return isinstance(error, kinds) and not timed_out

        attempts = Retrying(
            retry=retry_if_exception(is_worth_a_retry),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_fixed(_RETRY_SECONDS),
            reraise=True,
        )
        return attempts(
            self._client.chat.completions.create,
            model=self.model,
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
            timeout=openai.Timeout(patience, connect=min(patience, _CONNECT_SECONDS)),
        )

    @contextmanager
    def _translate_errors(self, *, started: bool = False) -> Iterator[None]:
        """Translate errors of the SDK, before and within the stream, into ours."""
        import openai

        try:
            yield
        except openai.AuthenticationError as error:
            raise self._build_error("it refused OPENAI_API_KEY", started=started) from error
        except openai.RateLimitError as error:
            raise self._build_error(
                "it is over its rate limit or quota", started=started
            ) from error
        except openai.NotFoundError as error:
            reason = f"it does not know DOCENT_LLM_MODEL={self.model}"
            raise self._build_error(reason, started=started) from error
        except openai.APITimeoutError as error:
            raise self._build_error("it took too long", started=started) from error
        except openai.APIStatusError as error:
            raise self._build_error(f"it answered {error.status_code}", started=started) from error
        except (openai.OpenAIError, ValueError) as error:  # ValueError: a line that is no JSON
            raise self._build_error("it can't be reached or broke off", started=started) from error

    def _build_error(self, reason: str, *, started: bool) -> GenerationError:
        kind = LLMInterruptedError if started else LLMUnavailableError
        return kind(f"The LLM {self.model} gave no complete answer: {reason}.")

    @cached_property
    def _client(self) -> OpenAI:
        from openai import OpenAI

        key = self._settings.openai_api_key
        return OpenAI(
            # A local server needs no key, but the SDK does.
            api_key=key.get_secret_value() if key else "none",
            # Given here, because the SDK would take an empty OPENAI_BASE_URL for the address.
            base_url=self._settings.openai_base_url or "https://api.openai.com/v1",
            max_retries=0,
        )


def _build_messages(system: str, turns: Sequence[Turn]) -> Any:
    messages = [{"role": "system", "content": system}]
    return messages + [{"role": turn.role, "content": turn.text} for turn in turns]
