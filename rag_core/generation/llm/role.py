"""The models on the LLM's server, the task of each, and its options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rag_core.errors import SettingsError
from rag_core.outages import Service
from rag_core.settings import RagSettings

ANSWERS = "DOCENT_LLM_OPTIONS"
REWRITES = "DOCENT_REWRITE_OPTIONS"

_OWN_KEYS = frozenset(
    {
        "audio",
        "function_call",
        "functions",
        "messages",
        "modalities",
        "model",
        "n",
        "response_format",
        "stream",
        "stream_options",
        "tool_choice",
        "tools",
    }
)
"""Keys of a request that docent sets, or whose answers it could not read."""


@dataclass(frozen=True, slots=True)
class LLMRole:
    """A model, and what docent tells people about it.

    Attributes:
        model: name of the model.
        variable: the setting that names it, for errors.
        service: as which service it is reported when it does not work.
        options: what is merged into each of its requests.
    """

    model: str
    variable: str = "DOCENT_LLM_MODEL"
    service: Service = "llm"
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def answering(cls, settings: RagSettings) -> Self:
        """Return the role of the model that answers.

        Raises:
            SettingsError: its options are not valid.
        """
        return cls(settings.llm_model, options=parse_options(ANSWERS, settings.llm_options))

    @classmethod
    def rewriting(cls, settings: RagSettings) -> Self | None:
        """Return the role that rewrites; None if the answering one does.

        Raises:
            SettingsError: its options are not valid.
        """
        model = settings.rewrite_model or settings.llm_model
        own = parse_options(REWRITES, settings.rewrite_options)
        if model != settings.llm_model:
            return cls(model, "DOCENT_REWRITE_MODEL", "rewriter", own)
        return cls(model, options=own) if settings.rewrite_options else None


def parse_options(variable: str, text: str) -> dict[str, Any]:
    """Parse options of requests.

    Args:
        variable: the setting that they are in, for the error.
        text: a JSON object; '' for none.

    Returns:
        The options by name.

    Raises:
        SettingsError: it is not a JSON object, or docent sets one of its keys itself.
    """
    if not text.strip():
        return {}
    try:
        options = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            f'{variable} is not JSON: write an object such as {{"temperature": 0.2}}.'
        ) from error
    if not isinstance(options, dict):
        raise SettingsError(
            f'{variable} is not a JSON object: write one such as {{"temperature": 0.2}}.'
        )
    if own := sorted(options.keys() & _OWN_KEYS):
        names = " and ".join(own)
        raise SettingsError(f"{variable} may not contain {names}: docent sets that itself.")
    return options


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
