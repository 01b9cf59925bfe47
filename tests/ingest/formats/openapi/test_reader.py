from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import Page, PageError
from ingest.formats import PART_TYPE, read_document
from ingest.formats.openapi import reader
from tests.ingest.formats.openapi.samples import OK, build_api, read_operation, read_parts

THING = {
    "allOf": [{"$ref": "#/components/schemas/Base"}],
    "type": "object",
    "properties": {
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        "owner": {"oneOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {}]},
    },
}
BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
API = {
    "openapi": "3.1.0",
    "info": {"title": "Acme API", "version": "2", "description": "Hello.\n\n# Limits\n\nFew."},
    "servers": [{"url": "https://{a}.test", "variables": {"a": {"default": "x"}}}],
    "tags": [{"name": "Things", "description": "What people keep."}],
    "security": [{"token": ["read"]}],
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {}}],
            "post": {
                "tags": ["Things"],
                "summary": "Make a thing",
                "operationId": "makeThing",
                "parameters": [{"$ref": "#/components/parameters/Limit"}],
                "requestBody": BODY,
                "responses": {"200": {"description": "Made.", **BODY, "headers": {"X": {}}}},
                "callbacks": {"done": {"{$url}": {"post": {"requestBody": BODY}}}},
            },
        }
    },
    "webhooks": {"thingMade": {"post": {"summary": "A thing was made", "requestBody": BODY}}},
    "components": {
        "schemas": {
            "Thing": THING,
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"enum": [1]}}},
        },
        "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"default": 20}}},
        "securitySchemes": {"token": {"type": "oauth2", "flows": {"x": {"scopes": {"a": "b"}}}}},
    },
}
OLD = {
    "swagger": "2.0",
    "info": {"title": "Acme API"},
    "host": "acme.test",
    "basePath": "/v1",
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "paths": {
        "/things": {
            "post": {
                "parameters": [
                    {"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Thing"}},
                    {"in": "query", "name": "dry", "type": "boolean", "default": False},
                ],
                "responses": {
                    "200": {
                        "description": "Made.",
                        "schema": {"$ref": "#/definitions/Thing"},
                        "examples": {"application/json": {"id": 7}},
                    }
                },
            }
        }
    },
    "definitions": {"Thing": {"type": "object", "properties": {"id": {"type": "integer"}}}},
}


def test_a_page_a_tag_and_a_section_an_operation():
    pages = read_parts(API)
    assert {name: page.title for name, page in pages.items()} == {
        "": "Acme API",
        "Things": "Acme API: Things",
    }
    assert [section.headings for section in pages[""].sections] == [
        (),
        (),
        ("Limits",),
        ("Authentication",),
        ("A thing was made",),
    ]
    assert [section.headings for section in pages["Things"].sections] == [(), ("Make a thing",)]
    assert {section.anchor for page in pages.values() for section in page.sections} == {""}


BODY_TABLE = """| Name | Type | Required | Values | Description |
| --- | --- | --- | --- | --- |
| `id` | integer | yes | `1` | |
| `parts` | array of object (Thing, as above) | no | | |
| `owner` | object or any | no | | |
| `owner.a` | string | no | | Only in variant 1. |"""
PARAMETERS = """| Name | In | Type | Required | Default |
| --- | --- | --- | --- | --- |
| `id` | path | any | yes | |
| `limit` | query | any | no | `20` |"""
HEADERS = """| Name | Type | Required |
| --- | --- | --- |
| `X` | any | no |"""


def test_what_a_section_says():
    body = ["Content type: `application/json`. Type: object.", BODY_TABLE]
    assert [block.text for block in read_parts(API)["Things"].sections[1].blocks] == [
        "`POST /things/{id}`",
        "Base URL: `https://x.test`",
        "Operation: `makeThing`",
        "Authentication: `token` (OAuth 2) with `read`.",
        "**Parameters**",
        PARAMETERS,
        "**Request body**",
        *body,
        "**Responses**",
        "**200** Made.",
        "Headers:",
        HEADERS,
        *body,
        "**Callback** `done`: `POST {$url}`",
        "**Request body**",
        *body,
    ]


def test_openapi_2():
    (page,) = read_parts(OLD).values()
    shown = [block.text for block in page.sections[-1].blocks]
    assert "Base URL: `https://acme.test/v1`" in shown
    assert "| `dry` | query | boolean | no | `false` |" in shown[3]
    assert (
        shown.count("| Name | Type | Required |\n| --- | --- | --- |\n| `id` | integer | no |") == 2
    )
    assert shown[-1] == '```json\n{\n  "id": 7\n}\n```'


def test_a_form_of_openapi_2_is_a_body():
    parameters = [{"in": "formData", "name": "file", "type": "file", "required": True}]
    shown = read_operation({"parameters": parameters}, swagger="2.0")
    assert "**Request body**" in shown
    assert "| `file` | file | yes |" in shown


def test_a_body_that_was_shown_is_not_shown_again():
    error = {"description": "Failed.", **BODY}
    shown = read_operation(
        {"responses": {"404": error, "500": error}}, components=API["components"]
    )
    assert shown.count("Content type") == 1
    assert "**500** Failed. Body as for 404." in shown


def test_headings_and_open_fences_in_a_description_stay_in_their_section():
    shown = read_operation(
        {"description": "Gets it.\n\n# Notes\n\n```sh\nopen", "deprecated": True}
    )
    assert "**Deprecated.**\n\nGets it.\n\n**Notes**\n\n```sh\nopen\n```\n\n**Responses**" in shown


def test_no_authentication():
    assert "Authentication: none." in read_operation({"security": []})


def test_a_page_of_too_many_operations(monkeypatch):
    monkeypatch.setattr(reader, "MAX_OPERATIONS", 2)
    paths = {f"/{n}": {"get": {"responses": OK}} for n in range(5)}
    (page,) = read_parts(build_api({}, paths=paths)).values()
    assert len(page.sections) == 2
    assert page.notes == ("has more than 2 operations; 3 are left out",)


def test_what_is_no_part_is_an_error():
    for data in (b"", b"[]", b"{}", b'{"head": 7}', b"[" * 100_000):
        with pytest.raises(PageError):
            read_document(Page("docs", "a", "", data, PART_TYPE))


def list_places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    return [path, *(place for key, child in items for place in list_places(child, (*path, key)))]


KEYS = st.sampled_from(["$ref", "type", "items", "properties", "a"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ODD = st.recursive(
    PLAIN | st.sampled_from(["#/components/schemas/Thing", "other.yaml#/a", "#", "http://x#/y"]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(KEYS, each, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150)
@given(data=st.data(), valid=st.sampled_from([API, OLD]))
def test_values_of_wrong_types_anywhere(data: st.DataObject, valid: dict[str, object]):
    root = copy.deepcopy(valid)
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(list_places(root)[1:]))
        holder = root
        for key in path:
            holder = holder[key]
        holder[last] = data.draw(ODD)
    for page in read_parts(root).values():
        json.dumps([block.text for section in page.sections for block in section.blocks])
        for section in page.sections:
            assert all(block.text.strip() for block in section.blocks)
