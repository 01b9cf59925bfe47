"""OpenAPI 2: what it writes in another way, as OpenAPI 3 writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest.formats.openapi.values import Fields, get_fields, get_items, get_line

_NOT_SCHEMA = {"name", "in", "description", "required", "schema"}
_FORM = "application/x-www-form-urlencoded"


def list_servers(shared: Fields) -> list[str]:
    """Return the base addresses that host, basePath and schemes make."""
    host, path = get_line(shared, "host"), get_line(shared, "basePath")
    if not host:
        return [path] if path not in {"", "/"} else []
    schemes = [word for word in get_items(shared, "schemes") if isinstance(word, str)]
    return [f"{scheme}://{host}{path}".rstrip("/") for scheme in schemes[:4] or ["https"]]


def build_parameter(parameter: Fields) -> Fields:
    """Return a parameter with its type in a schema."""
    if "schema" in parameter or "content" in parameter:
        return parameter
    schema = {word: value for word, value in parameter.items() if word not in _NOT_SCHEMA}
    return {**parameter, "schema": schema}


def build_request_body(parameters: Sequence[Fields], consumes: Sequence[str]) -> dict[str, Any]:
    """Return the body that parameters of the kinds `body` and `formData` describe.

    Args:
        parameters: all parameters of the operation.
        consumes: media types of its body.

    Returns:
        the body as in OpenAPI 3; empty if no parameter describes one.
    """
    body = next((each for each in parameters if get_line(each, "in") == "body"), None)
    if body is not None:
        kinds = list(consumes) or ["application/json"]
        content = {kind: {"schema": body.get("schema")} for kind in kinds[:5]}
        return {**body, "content": content}
    form = [each for each in parameters if get_line(each, "in") == "formData"]
    if not form:
        return {}
    fields = {get_line(each, "name"): dict(_list_form_field(each)) for each in form}
    required = [get_line(each, "name") for each in form if each.get("required") is True]
    schema = {"type": "object", "properties": fields, "required": required}
    return {"content": {kind: {"schema": schema} for kind in [*consumes, _FORM][:1]}}


def _list_form_field(parameter: Fields) -> Iterator[tuple[str, Any]]:
    yield from build_parameter(parameter)["schema"].items()
    yield "description", parameter.get("description")


def build_response(response: Fields, produces: Sequence[str]) -> Fields:
    """Return a response with its schema and examples by media type."""
    if "content" in response or not ("schema" in response or "examples" in response):
        return response
    examples: Mapping[str, Any] = get_fields(response, "examples")
    kinds = list(dict.fromkeys([*examples, *produces])) or ["application/json"]
    content = {}
    for kind in kinds[:5]:
        media = {"schema": response["schema"]} if "schema" in response else {}
        content[kind] = {**media, "example": examples[kind]} if kind in examples else media
    return {**response, "content": content}
