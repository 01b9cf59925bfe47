"""The description of the API is valid, and names every field in words."""

from __future__ import annotations

import json

import jsonschema

from bot.api.openapi import describe_api


def test_every_reference_leads_somewhere():
    described = describe_api()
    text = json.dumps(described)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(described["components"]["schemas"])


def test_the_schemas_are_schemas():
    for schema in describe_api()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_field_that_is_sent_is_described():
    schemas = describe_api()["components"]["schemas"]
    for name in ("AskBody", "SearchBody", "FeedbackBody", "ScopeBody"):
        for field, schema in schemas[name]["properties"].items():
            assert field == "scope" or schema["description"], (name, field)
