from __future__ import annotations

import json

import pytest

from ingest.documents import SourcePages
from ingest.formats import is_possible_specification, is_wanted, read_document
from ingest.loading import specifications
from ingest.loading.pages import prepare_pages
from ingest.sources.source import RawFile, Source, SourceFiles

API = """openapi: 3.0.0
info: {title: Acme API, description: Hello.}
paths:
  /things: {get: {tags: [Things], summary: List things, responses: {200: {$ref: parts.yaml#/ok}}}}
"""


def prepare(media_type: str = "", **files: str) -> SourcePages:
    raw = [RawFile(f"{path}", f"https://x/{path}", text.encode(), media_type)
           for path, text in files.items()]  # fmt: skip
    return prepare_pages(SourceFiles(Source("docs", "docs", version="2"), tuple(raw)))


def test_a_file_becomes_a_page_for_the_api_and_one_for_each_tag():
    found = prepare(**{"api.yaml": API, "a.md": "# A", "parts.yaml": "ok: {description: Fine.}"})
    assert [(page.path, page.url, page.version) for page in found.pages] == [
        ("a.md", "https://x/a.md", "2"),
        ("api.yaml", "https://x/api.yaml", "2"),
        ("api.yaml/Things", "https://x/api.yaml", "2"),
    ]
    document = read_document(found.pages[2])
    assert document.sections[0].headings == ("List things",)
    assert found.failures == (
        "api.yaml: refers to parts.yaml, which is not in the source or can't be read",
    )


def test_a_file_that_is_read_for_another_one_is_no_page():
    found = prepare(**{"api.yaml": API, "api/x.yaml": "a: b", "api/y.json": "{", "api/z.json": ""})
    assert [page.path for page in found.pages] == ["api.yaml", "api.yaml/Things"]
    assert len(found.failures) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("openapi: 3.0.0\na: [", "can't be read as YAML or JSON"),
        ("openapi: 3.0.0\na: &a [*a]", "contains itself"),
        ('{"openapi": "3.0.0", ' + '"a": [' * 5_000, "nested too deeply"),
    ],
)
def test_a_broken_description_is_a_line_and_keeps_what_the_index_has(text: str, reason: str):
    found = prepare(**{"api.yaml": text})
    assert found.pages == ()
    assert reason in found.failures[0]
    assert found.unread == ("api.yaml", "api.yaml/")


def test_a_large_file_is_left_out(monkeypatch):
    monkeypatch.setattr(specifications, "MAX_BYTES", 50)
    found = prepare(**{"api.yaml": API})
    assert found.failures[0].startswith("api.yaml: is larger than")
    assert found.unread == ("api.yaml", "api.yaml/")


def test_the_word_openapi_alone_makes_no_description():
    found = prepare(**{"api.yaml": "x:\n  openapi: 3.0.0", "api.json": '{"a": {"openapi": "3"}}'})
    assert (found.pages, found.failures) == ((), ())


def test_a_description_from_a_website():
    text = json.dumps({"swagger": "2.0", "info": {"title": "A", "description": "B."}, "paths": {}})
    assert [page.path for page in prepare("application/json", **{"v2/docs": text}).pages] == [
        "v2/docs"
    ]
    assert prepare("text/html", **{"api.json": text}).pages[0].media_type == "text/html"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("openapi.yaml", True),
        ("docs/swagger.JSON", True),
        ("api-reference/plants.yml", True),
        ("petstore.yaml", True),
        ("myOpenApi.json", True),
        ("v1/components/schemas/User.yaml", True),
        ("package.json", False),
        ("capital.yaml", False),
        ("compose.yml", False),
        ("openapi.png", False),
        ("api/data.csv", False),
    ],
)
def test_which_files_are_looked_at(path: str, wanted: bool):
    assert is_wanted(path) == wanted
    assert is_possible_specification(path) == wanted
