"""Operations: method, path, parameters, bodies, responses and callbacks as a section."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ingest.documents import MAX_TITLE, Block, Section
from ingest.formats.openapi import version2
from ingest.formats.openapi.bodies import BodyReader
from ingest.formats.openapi.schemas import SchemaReader
from ingest.formats.openapi.security import describe_requirements
from ingest.formats.openapi.splitting import METHODS
from ingest.formats.openapi.tables import build_property_table
from ingest.formats.openapi.values import (
    Fields,
    format_code,
    get_fields,
    get_items,
    get_line,
    get_text,
)

_MAX_PARAMETERS = 300
_MAX_RESPONSES = 100

RenderText = Callable[[str], tuple[Block, ...]]
"""Returns the blocks of Markdown that a person wrote, without sections."""


class OperationReader:
    """Reads the operations of a page.

    Args:
        shared: what holds for all operations: servers, authentication, media types.
        schemas: reads schemas.
        bodies: reads bodies.
        render_text: renders descriptions.
        render_cell: renders descriptions for a table.
    """

    def __init__(
        self,
        shared: Fields,
        schemas: SchemaReader,
        bodies: BodyReader,
        render_text: RenderText,
        render_cell: Callable[[str], str],
    ) -> None:
        self._shared = shared
        self._schemas = schemas
        self._bodies = bodies
        self._render_text = render_text
        self._render_cell = render_cell

    def build_section(self, entry: Fields) -> Section:
        """Build the section of an operation."""
        operation = get_fields(entry, "operation")
        line = f"{get_line(entry, 'method').upper()} {get_line(entry, 'path')}"
        is_webhook = get_line(entry, "kind") == "webhook"
        names = (get_line(operation, "summary"), get_line(operation, "operationId"), line)
        heading = next(filter(None, names))[:MAX_TITLE]
        first = f"Webhook `{line}`" if is_webhook else f"`{line}`"
        blocks = [Block("paragraph", first)]
        blocks += self._list_head(entry, operation, heading, is_webhook=is_webhook)
        parameters = self._list_parameters(entry, operation)
        blocks += self._list_parameter_blocks(parameters)
        blocks += self._list_request(operation, parameters)
        blocks += self._list_responses(operation)
        blocks += self._list_callbacks(operation)
        return Section((heading,), "", tuple(blocks))

    def _list_head(
        self, entry: Fields, operation: Fields, heading: str, *, is_webhook: bool
    ) -> Iterator[Block]:
        servers = list_servers(operation) or list_servers(get_fields(entry, "item"))
        servers = servers or ([] if is_webhook else list_servers(self._shared))
        if servers:
            yield Block("paragraph", f"Base URL: {', '.join(map(format_code, servers))}")
        if operation.get("deprecated") is True:
            yield Block("paragraph", "**Deprecated.**")
        yield from self._render_text(get_text(operation, "description"))
        name = get_line(operation, "operationId")
        if name and name != heading:
            yield Block("paragraph", f"Operation: {format_code(name)}")
        schemes = {
            name: self._schemas.find_target(scheme)
            for name, scheme in get_fields(self._shared, "securitySchemes").items()
        }
        security = operation.get("security", self._shared.get("security"))
        if sentence := describe_requirements(security, schemes):
            yield Block("paragraph", sentence)

    def _list_parameters(self, entry: Fields, operation: Fields) -> list[Fields]:
        """Return the parameters; the operation's own go before those of its path."""
        found: dict[tuple[str, str], Fields] = {}
        above = get_items(get_fields(entry, "item"), "parameters")
        for written in (above + get_items(operation, "parameters"))[:_MAX_PARAMETERS]:
            parameter = self._schemas.find_target(written)
            if isinstance(parameter, dict):
                key = (get_line(parameter, "name"), get_line(parameter, "in"))
                found[key] = version2.build_parameter(parameter)
        return list(found.values())

    def _list_parameter_blocks(self, parameters: list[Fields]) -> Iterator[Block]:
        shown = [each for each in parameters if get_line(each, "in") not in {"body", "formData"}]
        rows = []
        for parameter in shown:
            schema = self._schemas.resolve(_find_schema(parameter))
            marks = "Deprecated. " if parameter.get("deprecated") is True else ""
            rows.append(
                self._schemas.describe_property(
                    get_line(parameter, "name"),
                    schema,
                    is_required=parameter.get("required") is True,
                    description=f"{marks}{get_text(parameter, 'description')}"
                    f"{_describe_example(parameter)}".strip(),
                )
            )
        if rows:
            yield Block("paragraph", "**Parameters**")
            places = [get_line(each, "in") for each in shown]
            yield build_property_table(rows, places, self._render_cell)

    def _list_request(self, operation: Fields, parameters: list[Fields]) -> Iterator[Block]:
        body = self._schemas.find_target(operation.get("requestBody"))
        if not isinstance(body, dict):
            body = version2.build_request_body(parameters, self._list_types(operation, "consumes"))
        if not body:
            return
        required = " (required)" if body.get("required") is True else ""
        yield Block("paragraph", f"**Request body**{required}")
        yield from self._render_text(get_text(body, "description"))
        yield from self._bodies.list_blocks(body, "request")

    def _list_responses(self, operation: Fields) -> Iterator[Block]:
        """Yield the responses; a body is shown once."""
        written = get_fields(operation, "responses")
        if not written:
            return
        yield Block("paragraph", "**Responses**")
        produces = self._list_types(operation, "produces")
        bodies: dict[str, str] = {}
        for code in list(written)[:_MAX_RESPONSES]:
            response = self._schemas.find_target(written[code])
            if not isinstance(response, dict):
                continue
            response = version2.build_response(response, produces)
            blocks = tuple(self._bodies.list_blocks(response, "response"))
            text = "\n".join(block.text for block in blocks)
            same = bodies.setdefault(text, code) if text else code
            description = self._render_text(get_text(response, "description"))
            first, *rest = description or (Block("paragraph", ""),)
            is_line = first.kind == "paragraph"
            as_above = f" Body as for {same}." if same != code else ""
            label = f"**{code}**"
            yield Block(
                "paragraph", f"{label} {first.text}".strip() + as_above if is_line else label
            )
            yield from rest if is_line else description
            yield from self._list_headers(response)
            yield from blocks if same == code else ()

    def _list_headers(self, response: Fields) -> Iterator[Block]:
        rows = []
        for name, written in list(get_fields(response, "headers").items())[:_MAX_PARAMETERS]:
            header = self._schemas.find_target(written)
            if isinstance(header, dict):
                header = version2.build_parameter(header)
                rows.append(
                    self._schemas.describe_property(
                        name,
                        self._schemas.resolve(_find_schema(header)),
                        is_required=header.get("required") is True,
                        description=get_text(header, "description"),
                    )
                )
        if rows:
            yield Block("paragraph", "Headers:")
            yield build_property_table(rows, (), self._render_cell)

    def _list_callbacks(self, operation: Fields) -> Iterator[Block]:
        for name, written in list(get_fields(operation, "callbacks").items())[:20]:
            items = self._schemas.find_target(written)
            for address, item in list(items.items())[:20] if isinstance(items, dict) else ():
                for method in METHODS:
                    inner = get_fields(self._schemas.find_target(item), method)
                    if inner:
                        line = format_code(f"{method.upper()} {address}")
                        summary = get_line(inner, "summary")
                        text = f"**Callback** {format_code(name)}: {line}"
                        yield Block("paragraph", f"{text} {summary}".strip())
                        yield from self._render_text(get_text(inner, "description"))
                        yield from self._list_request(inner, [])
                        yield from self._list_responses(inner)

    def _list_types(self, operation: Fields, word: str) -> list[str]:
        """Return the media types of OpenAPI 2, `consumes` or `produces`."""
        written: Any = operation.get(word, self._shared.get(word))
        return (
            [each for each in written if isinstance(each, str)] if isinstance(written, list) else []
        )


def list_servers(fields: Fields) -> list[str]:
    """Return base addresses, with the defaults of their variables filled in."""
    addresses = []
    for server in get_items(fields, "servers")[:5]:
        address = get_line(server, "url")
        for name, variable in get_fields(server, "variables").items():
            if default := get_line(variable, "default"):
                address = address.replace(f"{{{name}}}", default)[:2_000]
        addresses.append(address.rstrip("/"))
    return list(filter(None, addresses)) or version2.list_servers(fields)


def _find_schema(parameter: Fields) -> Any:
    if "schema" in parameter:
        return parameter["schema"]
    content = list(get_fields(parameter, "content").values())
    return get_fields(content[0], "schema") if content else None


def _describe_example(parameter: Fields) -> str:
    example = parameter.get("example")
    code = format_code(example) if example is not None else ""
    return f" Example: {code}." if code else ""
