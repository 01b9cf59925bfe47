"""The description of `/v1`, by OpenAPI 3.1, made from the models of its bodies and results."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.api.requests import AskBody, FeedbackBody, FeedbackResult, SearchBody
from bot.calls.schema import AnswerResult, SearchResult
from rag_core import __version__

_SCHEMAS = "#/components/schemas"

_STATUSES = {
    "401": "No valid proof of who calls.",
    "409": "The Idempotency-Key was used before, and there is no answer to give again.",
    "413": "The body is too long.",
    "422": "The body is not valid, or the question is empty or too long.",
    "429": "Too many calls or questions of one caller.",
    "503": "A part of docent does not work at the moment.",
    "504": "The answer took too long.",
}


class _Problem(BaseModel):
    """The reason of a failure: a kind for programs, a sentence for people."""

    kind: str
    message: str


class Failure(BaseModel):
    """The body of a failed request."""

    error: _Problem


@cache
def describe_api() -> dict[str, Any]:
    """Return the description as a document of OpenAPI."""
    bodies: tuple[type[BaseModel], ...] = (AskBody, SearchBody, FeedbackBody)
    results: tuple[type[BaseModel], ...] = (AnswerResult, SearchResult, FeedbackResult, Failure)
    _, schemas = models_json_schema(
        [
            *((model, "validation") for model in bodies),
            *((model, "serialization") for model in results),
        ],
        ref_template=_SCHEMAS + "/{model}",
    )
    ask = _describe_route("Answer a question from the documentation.", AskBody, AnswerResult)
    ask["parameters"] = [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "maxLength": 255},
            "description": "Your name of this request: sent twice, it is answered once.",
        }
    ]
    ask["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    search = _describe_route("Search for passages.", SearchBody, SearchResult)
    feedback = _describe_route("Rate an answer of yours.", FeedbackBody, FeedbackResult)
    feedback["responses"]["404"] = _describe_failure("No answer of yours has this id.")
    return {
        "openapi": "3.1.0",
        "info": {"title": "docent", "version": __version__},
        "paths": {
            "/v1/ask": {"post": ask},
            "/v1/search": {"post": search},
            "/v1/feedback": {"post": feedback},
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _describe_route(summary: str, body: type[BaseModel], result: type[BaseModel]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        "200": {"description": "The result.", "content": _describe_json(result)}
    }
    responses |= {status: _describe_failure(said) for status, said in _STATUSES.items()}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": _describe_json(body)},
        "responses": responses,
    }


def _describe_failure(said: str) -> dict[str, Any]:
    return {"description": said, "content": _describe_json(Failure)}


def _describe_json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"{_SCHEMAS}/{model.__name__}"}}}
