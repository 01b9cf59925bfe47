"""The id of the question at work, for log lines and for the requests to the LLM."""

from __future__ import annotations

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""`Question.id` while a pipeline answers it, on each of its threads; empty outside of a question.

The surface may set it as well, so that its own lines carry the same id.
"""

HEADER = "X-Request-ID"
"""The header by which the LLM's server gets the id."""
