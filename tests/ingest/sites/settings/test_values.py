"""Values of settings by the names that lead to them."""

from __future__ import annotations

from ingest.sites.settings.values import (
    find_flag,
    find_options,
    find_text,
    find_value,
    flatten_texts,
    list_items,
)

SETTINGS = {
    "a": {"b": " text ", "n": 3, "flag": False, "long": "x" * 5_000},
    "plugins": ["search", {"blog": {"dir": "b"}}, {"tags": None}],
    "table": {"blog": {"dir": "c"}},
}


def test_texts_and_flags():
    assert find_text(SETTINGS, "a", "b") == "text"
    assert find_text(SETTINGS, "a", "n") == "3"
    assert find_text(SETTINGS, "a", "flag") == ""
    assert find_text(SETTINGS, "a", "long") == ""
    assert find_text(SETTINGS, "a", "b", "c") == ""
    assert find_value(None, "a") is None
    assert not find_flag(SETTINGS, "a", "flag", default=True)
    assert find_flag(SETTINGS, "a", "none", default=True)


def test_lists():
    assert list_items(SETTINGS, "a", "n") == [3]
    assert list_items(SETTINGS, "none") == []


def test_options_of_a_plugin():
    assert find_options(SETTINGS, "search", "plugins") == {}
    assert find_options(SETTINGS, "blog", "plugins") == {"dir": "b"}
    assert find_options(SETTINGS, "tags", "plugins") == {}
    assert find_options(SETTINGS, "none", "plugins") is None
    assert find_options(SETTINGS, "blog", "table") == {"dir": "c"}


def test_texts_have_names_with_dots():
    table = {"a": "x", "b": {"c": 1, "d": {"e": "y", "f": {"g": "deep"}}}, "h": [1]}
    assert flatten_texts(table, "site.") == {"site.a": "x", "site.b.c": "1", "site.b.d.e": "y"}
