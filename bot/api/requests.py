"""The bodies that `/v1` takes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.calls.requests import MOST_PASSAGES
from rag_core.types import Scope


class ScopeBody(BaseModel):
    """The part of the documentation to search; an empty field does not restrict it."""

    model_config = ConfigDict(extra="forbid")

    source: list[str] = Field(default=[], description="Names of sources.")
    version: str = Field(default="", description="Only pages of this version.")
    language: str = Field(default="", description="Only pages in this language, such as `en`.")
    path: str = Field(default="", description="Only pages whose path begins with this.")

    def to_scope(self) -> Scope:
        """Return the scope of the pipeline."""
        return Scope(tuple(self.source), self.path, self.version, self.language)


class AskBody(BaseModel):
    """The body of `/v1/ask`."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(description="A whole question, in any language.")
    scope: ScopeBody = ScopeBody()
    thread: str = Field(
        default="",
        max_length=200,
        description="Your name of the conversation: its earlier questions are read with this one.",
    )


class SearchBody(BaseModel):
    """The body of `/v1/search`."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(description="A question, or words of the subject.")
    scope: ScopeBody = ScopeBody()
    limit: int = Field(default=10, ge=1, le=MOST_PASSAGES, description="The most passages.")


class FeedbackBody(BaseModel):
    """The body of `/v1/feedback`."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=100, description="The `id` of an answer of yours.")
    verdict: Literal["up", "down"] = Field(description="A thumb up or down.")
    comment: str = Field(
        default="", max_length=3_000, description="Why, in your words; for `down`."
    )


class FeedbackResult(BaseModel):
    """The result of `/v1/feedback`."""

    id: str
    verdict: str
