from __future__ import annotations

import json

import pytest

from ingest.documents import PageError
from ingest.formats.openapi import references, splitting
from ingest.formats.openapi.parsing import parse_specification
from ingest.formats.openapi.splitting import Splitter
from tests.ingest.formats.openapi.samples import OK, build_api, read_parts


def split(root: object, files: dict[str, object] | None = None) -> Splitter:
    splitter = Splitter("docs/api.yaml", root, (files or {}).get)
    splitter.split()
    return splitter


def test_a_part_holds_only_what_its_operations_need():
    schema = {"$ref": "#/components/schemas/A"}
    body = {"content": {"application/json": {"schema": schema}}}
    schemas = {"A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}}, "B": {}, "C": {}}
    root = build_api({"requestBody": body}, components={"schemas": schemas})
    (part,) = Splitter("a.yaml", root, {}.get).split()
    assert set(json.loads(part.data)["references"]) == {
        "a.yaml#/components/schemas/A",
        "a.yaml#/components/schemas/B",
    }


def test_another_schema_changes_only_the_pages_that_show_it():
    def hashes(**schema: object) -> dict[str, bytes]:
        body = {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/A"}}}}
        paths = {
            "/a": {"get": {"tags": ["a"], "requestBody": body, "responses": OK}},
            "/b": {"get": {"tags": ["b"], "responses": OK}},
        }
        root = build_api({}, paths=paths, components={"schemas": {"A": schema}})
        return {part.name: part.data for part in Splitter("a.yaml", root, {}.get).split()}

    before, after = hashes(type="string"), hashes(type="number")
    assert [name for name in before if before[name] != after[name]] == ["a"]


def test_tags_in_their_order_with_their_titles():
    tags = [
        {"name": "b", "x-displayName": "Bees"},
        {"name": "unused"},
        {"name": "x", "description": "X."},
    ]
    paths = {
        f"/{tag}": {"get": {"tags": [tag], "responses": OK}} for tag in ("a", "b", "A b/c", "A-b-c")
    }
    pages = read_parts(build_api({}, tags=tags, paths=paths))
    assert {name: page.title for name, page in pages.items()} == {
        "b": "Acme API: Bees",
        "x": "Acme API: x",
        "a": "Acme API: a",
        "A-b-c": "Acme API: A b/c",
        "A-b-c-2": "Acme API: A-b-c",
    }


def test_references_to_other_files():
    files = {
        "paths/a.yaml": {"get": {"responses": {"200": {"$ref": "../shared.yaml#/r/0"}}}},
        "shared.yaml": {"r": [{"description": "From afar."}]},
    }
    root = build_api({}, paths={"/a": {"$ref": "./paths/a.yaml"}})
    (page,) = read_parts(root, files).values()
    assert page.sections[-1].blocks[-1].text == "**200** From afar."


def test_files_that_are_not_there_are_named():
    assert split(build_api({}, paths={"/a": {"$ref": "no.yaml"}})).missing == ["docs/no.yaml"]
    assert split(build_api({"requestBody": {"$ref": "../../../etc/x#/a"}})).missing == [
        "../../etc/x"
    ]


def test_a_bomb_of_aliases_is_refused(monkeypatch):
    monkeypatch.setattr(references, "MAX_NODES", 10_000)
    lines = ["openapi: 3.0.0", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    lines += ["paths: {/a: {get: {responses: {200: {description: *a9}}}}}"]
    with pytest.raises(PageError, match="has more than 10,000 values"):
        split(parse_specification("\n".join(lines)))


def test_references_in_a_ring_end():
    ring = {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}
    assert split(build_api({}, paths=ring)).missing == []


def test_too_many_tags(monkeypatch):
    monkeypatch.setattr(splitting, "MAX_TAGS", 3)
    paths = {f"/{n}": {"get": {"tags": [f"t{n}"], "responses": OK}} for n in range(10)}
    splitter = Splitter("a.yaml", build_api({}, paths=paths), {}.get)
    assert len(splitter.split()) == 3
    assert splitter.left_out == 7


def test_parts_that_are_too_large(monkeypatch):
    monkeypatch.setattr(splitting, "MAX_PART", 1_000)
    schemas = {"A": {"description": "x" * 2_000}}
    body = {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/A"}}}}
    with pytest.raises(PageError, match="refers to more than"):
        split(build_api({"requestBody": body}, components={"schemas": schemas}))


def test_a_hundred_thousand_operations():
    paths = {f"/{n}": {"get": {}} for n in range(100_000)}
    (part,) = Splitter("a.yaml", build_api({}, paths=paths), {}.get).split()
    assert len(json.loads(part.data)["head"]["operations"]) == 100_000
