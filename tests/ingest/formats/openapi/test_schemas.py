from __future__ import annotations

import pytest

from ingest.documents import PageError
from ingest.formats.openapi import schemas
from tests.ingest.formats.openapi.samples import read_body, read_operation


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "integer", "nullable": True}, "integer or null"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
         "array of array of number"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "string"}]},
         "string or integer"),
        ({"anyOf": [{"title": "Cat"}, {"type": "null"}]}, "Cat or null"),
        ({"enum": ["a", 1, True]}, "string or integer or boolean"),
        ({"const": "a"}, "string"),
        ({"properties": {}}, "object"),
        ({"format": "binary"}, "binary"),
        (True, "any"),
        ({"type": 7}, "any"),
    ],
)  # fmt: skip
def test_types_in_words(schema: object, kind: str):
    shown = read_body({"type": "object", "properties": {"a": schema}})
    assert f"| `a` | {kind} | no |" in shown


def test_objects_inside_have_dotted_names():
    price = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}}
    item = {"type": "object", "properties": {"price": price}}
    shown = read_body({"type": "array", "items": item})
    assert "Type: array of object." in shown
    assert "| `[].price` | object | no |\n| `[].price.amount` | number | yes |" in shown


def test_combined_schemas_are_one():
    base = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    more = {"properties": {"id": {"description": "Unique."}, "name": {"type": "string"}}}
    shown = read_body({"allOf": [{"$ref": "#/components/schemas/Base"}, more]}, Base=base)
    assert "| `id` | string | yes | Unique. |" in shown
    assert "| `name` | string | no | |" in shown


def test_a_property_of_all_variants_stands_once():
    kinds = {
        "Cat": {"properties": {"name": {"type": "string"}, "lives": {"type": "integer"}}},
        "Dog": {"properties": {"name": {"type": "string"}}},
    }
    names = [{"$ref": f"#/components/schemas/{name}"} for name in kinds]
    shown = read_body({"oneOf": names}, **kinds)
    assert "Type: Cat or Dog." in shown
    assert shown.count("`name`") == 1
    assert "| `lives` | integer | no | Only in Cat. |" in shown


def test_limits_and_examples_are_sentences():
    shown = read_body(
        {"properties": {"a": {"minimum": 1, "maxLength": 5, "pattern": "^x|y$", "example": "x",
                              "description": "An *a*.", "deprecated": True}}}
    )  # fmt: skip
    assert (
        "Deprecated. An *a*. At least 1. At most 5 characters. Pattern `^x\\|y$`. Example: `x`."
        in shown
    )


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        ("An id", "An id. At least 1."),
        ("An id.", "An id. At least 1."),
        ("Which one?", "Which one? At least 1."),
    ],
)
def test_a_description_before_limits_is_a_sentence(description: str, shown: str):
    fields = {"a": {"type": "integer", "minimum": 1, "description": description}}
    assert f"| {shown} |" in read_body({"properties": fields})


def test_what_only_the_other_direction_has_is_left_out():
    fields = {"id": {"readOnly": True}, "password": {"writeOnly": True}, "name": {}}
    body = {"content": {"application/json": {"schema": {"properties": fields}}}}
    responses = {"200": {"description": "Made.", **body}}
    request, response = read_operation({"requestBody": body, "responses": responses}).split(
        "**Responses**"
    )
    assert ("`id`" in request, "`password`" in request) == (False, True)
    assert ("`id`" in response, "`password`" in response) == (True, False)


def test_a_schema_inside_itself_ends():
    node = {"properties": {"next": {"$ref": "#/components/schemas/Node"}, "v": {"type": "string"}}}
    shown = read_body({"$ref": "#/components/schemas/Node"}, Node=node)
    assert "| `next` | object (Node, as above) | no |" in shown
    ring = {"A": {"allOf": [{"$ref": "#/components/schemas/B"}]},
            "B": {"allOf": [{"$ref": "#/components/schemas/A"}]}}  # fmt: skip
    assert "Type: object" in read_body({"$ref": "#/components/schemas/A"}, **ring)


def test_combinations_without_an_end_are_an_error(monkeypatch):
    monkeypatch.setattr(schemas, "MAX_STEPS", 5_000)
    levels = {
        f"L{n}": {"allOf": [{"$ref": f"#/components/schemas/L{n + 1}"}] * 10} for n in range(20)
    }
    with pytest.raises(PageError, match="combine too many"):
        read_body({"$ref": "#/components/schemas/L0"}, **levels)


def test_a_wide_object_is_cut():
    wide = {"properties": {f"p{n}": {"type": "string"} for n in range(schemas.MAX_ROWS + 50)}}
    assert read_body(wide).count("| string |") == schemas.MAX_ROWS


def test_a_deep_object_is_cut():
    deep: object = {"type": "string"}
    for _ in range(40):
        deep = {"properties": {"a": deep}}
    assert read_body(deep).count("| object |") == schemas.MAX_LEVELS + 1
