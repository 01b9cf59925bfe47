from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SourceFormatError
from ingest.sources import Source, parse_sources
from rag_core.errors import SettingsError


def parse(**options) -> Source:
    return parse_sources(json.dumps([{"uri": "https://h.example/docs/", **options}]))[0]


def test_each_option_arrives():
    given_ = {
        "name": "handbook",
        "url": "https://x.io/{slug}/",
        "kind": "archive",
        "include": ["docs/**", "*.md"],
        "exclude": "drafts/",
        "version": "2.6",
        "language": "pt-BR",
        "golden": "eval/questions.jsonl",
        "site": "https://docs.example/b/",
        "anchors": "case",
        "schedule": "every 6h",
        "token_env": "DOCS_TOKEN",
        "depth": 3,
        "rate": 0.5,
        "max_pages": 10,
        "allow_private": True,
    }
    expected = given_ | {
        "uri": "https://h.example/docs/",
        "include": ("docs/**", "*.md"),
        "exclude": ("drafts/",),
        "golden": str(Path.cwd() / "eval/questions.jsonl"),
    }
    assert parse(**given_) == Source(**expected)


def test_without_options_a_source_is_as_its_address_says():
    assert parse() == Source("h.example", "https://h.example/docs/")
    assert parse().resolved_kind == "website"
    assert parse(kind="archive").resolved_kind == "archive"


@pytest.mark.parametrize("schedule", ["0 3 * * *", "off", "every 30m", "every 2 d"])
def test_schedules(schedule: str):
    assert parse(schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"colour": "red"}, "unknown option `colour`: use uri, name, url"),
        ({"name": 3}, "option `name` .* valid string"),
        ({"kind": "wiki"}, "option `kind`"),
        ({"include": [3]}, "option `include`"),
        ({"include": ["# none"]}, "include pattern '# none'"),
        ({"exclude": "!"}, "exclude pattern"),
        ({"language": "not a language"}, "option `language`"),
        ({"token_env": "$TOKEN"}, "option `token_env`"),
        ({"site": "docs.example"}, "option `site`"),
        ({"site": "ftp://docs.example/"}, "option `site`"),
        ({"site": "https://docs.example/?q"}, "option `site`"),
        ({"depth": -1}, "option `depth`"),
        ({"rate": 0}, "option `rate`"),
        ({"max_pages": 0}, "option `max_pages`"),
        ({"schedule": "now and then"}, "`schedule` of a source"),
        ({"url": "https://x.io/{page}"}, "{path}"),
    ],
)
def test_wrong_options_are_said(options, said: str):
    with pytest.raises(SettingsError, match=said):
        parse(**options)


@pytest.mark.parametrize("uri", ["docs", "git+https://h/x"])
def test_a_kind_is_for_addresses_that_do_not_tell(uri: str):
    with pytest.raises(SettingsError, match="needs no `kind`"):
        parse(uri=uri, kind="archive")


def test_one_place_may_be_two_sources_with_two_names():
    items = [{"uri": "docs", "include": "a/"}, {"uri": "docs", "include": "b/", "name": "b"}]
    assert [source.name for source in parse_sources(json.dumps(items))] == ["docs", "b"]
    del items[1]["name"]
    with pytest.raises(SettingsError, match="Two sources in DOCENT_SOURCES are named docs"):
        parse_sources(json.dumps(items))
    assert len(parse_sources(json.dumps([items[0], items[0]]))) == 1


def test_a_wrong_option_shows_no_secret():
    with pytest.raises(SettingsError) as caught:
        parse_sources('[{"uri": "https://me:pa55@h/x.zip?token=t0ken5", "depth": "deep"}]')
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert "pa55" not in str(caught.value)
    assert "t0ken5" not in str(caught.value)
    assert "ValidationError" not in shown


@pytest.mark.parametrize(
    "uri", ["ftp://me:pa55@x/y.zip?token=t0ken5", "https://me:pa55@x:y/", "svn+https://me:pa55@x/"]
)
def test_an_address_that_is_not_read_says_what_is_and_shows_no_secret(uri: str):
    with pytest.raises(SourceFormatError, match=r"is not a directory.*sitemap") as caught:
        parse_sources(uri)
    assert "pa55" not in str(caught.value)
    assert "t0ken5" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
OPTIONS = st.sampled_from(["uri", "name", "url", "include", "depth", "rate", "schedule", "golden"])


@given(st.dictionaries(OPTIONS, JSON) | JSON)
def test_any_json_is_sources_or_one_sentence(item):
    try:
        parse_sources(json.dumps([item]))
    except (SettingsError, SourceFormatError) as error:
        said = str(error)
    else:
        return
    assert said


@given(st.text(max_size=60))
def test_any_text_is_sources_or_one_sentence(text: str):
    try:
        parse_sources(text)
    except (SettingsError, SourceFormatError):
        return
