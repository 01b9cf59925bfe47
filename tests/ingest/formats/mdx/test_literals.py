from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.mdx.literals import (
    NoLiteralError,
    Value,
    is_name,
    parse_constant,
    parse_literal,
    render_value,
)

NAMES: dict[str, Value] = {"price": "5 €", "plan": {"name": "Gold", "calls": [1.0]}}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("'a'", "a"),
        ('"it\\"s"', 'it"s'),
        ("`two\nlines`", "two\nlines"),
        ("`costs ${price}`", "costs 5 €"),
        ("'\\u20ac\\u{41}\\n'", "€A\n"),
        ("42", 42.0),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ("['a', \"b\", 1,]", ["a", "b", 1.0]),
        ("{a: 'x', 'b c': [1], /* no */ d: {}}", {"a": "x", "b c": [1.0], "d": {}}),
        ("('a')", "a"),
        ("plan.name", "Gold"),
        ("plan['name']", "Gold"),
        ("'a';", "a"),
    ],
)
def test_literals(source: str, value: Value):
    assert parse_literal(source, NAMES) == value


def test_numbers_are_shown_as_they_are_written():
    for written in ("3", "-7", "3.14159265", "0.5", "1234567.25"):
        assert render_value(parse_literal(written, {})) == written


@pytest.mark.parametrize(
    "source",
    [
        *("a", "plan.none", "f()", "'a' + b", "x => x", "`${x}`", "[", "{a", "{a b}", "", "'a"),
        *("[" * 50, "<b>x</b>", "{...rest}", "new Date()", "'a' 'b'"),
    ],
)
def test_what_only_a_program_knows(source: str):
    with pytest.raises(NoLiteralError):
        parse_literal(source, NAMES)


@given(st.text(max_size=60))
def test_any_text_is_a_literal_or_none(source: str):
    try:
        render_value(parse_literal(source, NAMES))
    except NoLiteralError:
        assert source not in {"'a'", "1"}


def test_a_constant_ends_at_its_statement():
    assert parse_constant("'a', b = 2", {}) == "a"
    assert parse_constant("'a' // why", {}) == "a"
    assert parse_constant("['a'] as const\n", {}) == ["a"]
    with pytest.raises(NoLiteralError):
        parse_constant("'a' + b", {})


def test_values_are_shown_as_a_page_shows_them():
    assert render_value(["a", 1.0, 2.5, True, None, {"b": "c"}]) == "a12.5"


def test_names():
    assert is_name(" props.title ")
    assert not is_name("a b")
    assert not is_name("f()")
