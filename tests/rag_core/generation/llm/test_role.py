"""The options of requests, and which model rewrites with which."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import SettingsError
from rag_core.factory import open_generator, open_rewriter
from rag_core.generation.llm.role import ANSWERS, REWRITES, LLMRole, parse_options
from rag_core.settings import DEFAULT_LLM, RagSettings

LOW, NONE = '{"reasoning_effort": "low"}', '{"reasoning_effort": "none"}'


@pytest.mark.parametrize("text", ["", "  ", "{}"])
def test_there_may_be_no_options(text):
    assert parse_options(ANSWERS, text) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("temperature=0.2", 'is not JSON: write an object such as {"temperature": 0.2}.'),
        ('{"temperature": NaN}', 'is not JSON: write an object such as {"temperature": 0.2}.'),
        ("[" * 100_000, 'is not JSON: write an object such as {"temperature": 0.2}.'),
        ("[1]", 'is not a JSON object: write one such as {"temperature": 0.2}.'),
        ("null", 'is not a JSON object: write one such as {"temperature": 0.2}.'),
        ('{"model": "x"}', "may not contain model: docent sets that itself."),
        ('{"stream": false}', "may not contain stream: docent sets that itself."),
        ('{"tools": [], "n": 2}', "may not contain n and tools: docent sets that itself."),
    ],
)
def test_options_that_are_not_valid_are_refused_in_a_sentence(text, sentence):
    for variable in (ANSWERS, REWRITES):
        with pytest.raises(SettingsError) as caught:
            parse_options(variable, text)
        assert str(caught.value) == f"{variable} {sentence}"


@given(st.text())
def test_any_text_gives_options_or_a_sentence(text):
    with suppress(SettingsError):
        assert isinstance(parse_options(ANSWERS, text), dict)


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans())))
def test_options_are_as_they_were_written(options):
    with suppress(SettingsError):
        assert parse_options(ANSWERS, json.dumps(options)) == options


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"llm_options": LOW}, None),
        ({"rewrite_model": DEFAULT_LLM}, None),
        (
            {"llm_options": LOW, "rewrite_options": NONE},
            LLMRole(DEFAULT_LLM, options={"reasoning_effort": "none"}),
        ),
        ({"llm_options": LOW, "rewrite_options": "{}"}, LLMRole(DEFAULT_LLM)),
        # The options of one model are not those of another.
        (
            {"llm_options": LOW, "rewrite_model": "quick"},
            LLMRole("quick", "DOCENT_REWRITE_MODEL", "rewriter"),
        ),
        (
            {"rewrite_options": NONE, "rewrite_model": "quick"},
            LLMRole(
                "quick", "DOCENT_REWRITE_MODEL", "rewriter", options={"reasoning_effort": "none"}
            ),
        ),
    ],
)
def test_the_model_that_rewrites(settings, expected):
    assert LLMRole.rewriting(RagSettings.load(**settings)) == expected


def test_options_that_are_not_valid_stop_the_start():
    server = {"openai_base_url": "http://127.0.0.1:1/v1"}
    with pytest.raises(SettingsError, match="DOCENT_LLM_OPTIONS"):
        open_generator(RagSettings.load(**server, llm_options="x"))
    with pytest.raises(SettingsError, match="DOCENT_REWRITE_OPTIONS"):
        open_rewriter(RagSettings.load(**server, rewrite_options="x"))
    assert open_rewriter(RagSettings.load(rewrite_model="quick")) is None
