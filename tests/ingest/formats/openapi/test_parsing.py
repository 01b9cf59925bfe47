from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import PageError
from ingest.formats.openapi import parsing
from ingest.formats.openapi.parsing import is_specification, parse_specification


@pytest.mark.parametrize(
    "text",
    [
        "openapi: 3.0.3\n",
        "# ours\nswagger: '2.0'",
        "info: {}\nopenapi: '3.1.0'",
        '{"info": {}, "swagger": "2.0"}',
        '{\n  "openapi" : "3.0.0"}',
        '"openapi": "3.0.0"',
    ],
)
def test_descriptions_are_found_by_their_version(text: str):
    assert is_specification(text)


@pytest.mark.parametrize(
    "text", ["", "name: openapi", "asyncapi: 3.0.0", "uses openapi: 3", '{"a": "swagger"}', "- x"]
)
def test_other_files_are_not(text: str):
    assert not is_specification(text)


def test_values_are_read_as_json_has_them():
    text = "a: 1\nb: 1.5\nc: 1.10\nd: yes\ne: true\nf: ~\ng: 2024-01-01\nh: '7'\n200: x\ni: 0o7\nj:"
    values = [1, 1.5, "1.10", "yes", True, None, "2024-01-01", "7", "x", "0o7", None]
    parsed = parse_specification(text)
    assert list(parsed) == [*"abcdefgh", "200", "i", "j"]
    assert list(parsed.values()) == values


def test_aliases_and_merged_objects():
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [*a, {z: 4}]}"
    parsed = parse_specification(text)
    assert parsed["b"] == {"x": 1, "y": 2}
    assert parsed["c"] == {"x": 1, "y": 3}
    assert parsed["d"] == {"x": 1, "y": 2, "z": 4}


def test_objects_that_merge_each_other_can_not_grow_without_an_end():
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(1_500)) + "}"]
    lines.append("b: {<<: *a0, " + ", ".join(f"l{n}: 1" for n in range(1_500)) + "}")
    with pytest.raises(PageError, match="merges objects that are too large"):
        parse_specification("\n".join(lines))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
        lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each),
        max_leaves=10,
    )
)
def test_yaml_and_json_give_the_same(value: object):
    value = {"a": value}
    assert parse_specification(json.dumps(value)) == value
    text = yaml.safe_dump(value, allow_unicode=True)
    if "<<" not in text:
        assert parse_specification(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [*a]", "contains itself"),
        ("a: *b", "alias"),
        ("[" * 5_000, "nested too deeply"),
        ("- " * 5_000 + "x", "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("{[a]: b}", "key that is not text"),
        ("a: [", "can't be read as YAML"),
        ("a: b: c", "can't be read as YAML"),
        ("\x00", "can't be read as YAML"),
    ],
)
def test_broken_files(text: str, reason: str):
    with pytest.raises(PageError, match=reason):
        parse_specification(text)


def test_too_many_values(monkeypatch):
    monkeypatch.setattr(parsing, "MAX_NODES", 1_000)
    for text in ("a: [" + "1," * 2_000 + "]", '{"a": [' + "[]," * 2_000 + "1]}"):
        with pytest.raises(PageError, match="has more than 1,000 values"):
            parse_specification(text)


@given(st.text(st.sampled_from("ab:- \n[]{},&*!|>'\"#?%<0."), max_size=60))
def test_any_text_is_a_value_or_an_error_of_one_line(text: str):
    reason = ""
    try:
        parse_specification(text)
    except PageError as error:
        reason = str(error)
    assert "\n" not in reason
