from __future__ import annotations

import pytest

from ingest.formats.mdx.components import UNKNOWN, find_component, is_wording, render_name


def test_components_are_found_by_their_names():
    assert find_component("Tabs.Tab").role == "tab"
    assert find_component("FileTree.Folder").role == "entry"
    assert find_component("ParamField").role == "field"
    assert find_component("SomethingElse") is UNKNOWN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tier", "Gold tier"),
        ("note", "Billed once a year, in advance."),
        ("status", "Deprecated"),
        ("city", "München"),
        ("説明", "最大の数"),
        ("warning", "Don't use it twice"),
        ("shownName", "Two words"),
    ],
)
def test_words(name: str, value: str):
    assert is_wording(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("className", "Any words"),
        ("class", "mt-4 flex"),
        ("wrapper", "mt-4 px-2 text-sm"),
        ("href", "Any words"),
        ("source", "https://example.com/Some page"),
        ("asset", "/img/Some page.png"),
        ("picture", "img/logo.png"),
        ("icon", "bolt"),
        ("leftIcon", "Some icon"),
        ("width", "100%"),
        ("gap", "12px"),
        ("tone", "red"),
        ("tint", "#ff0000"),
        ("onClick", "Some handler"),
        ("data-test", "Any words"),
        ("client:load", "Any words"),
        ("value", "some_id"),
        ("value", "camelCase"),
        ("count", "3"),
        ("empty", ""),
    ],
)
def test_other_values(name: str, value: str):
    assert not is_wording(name, value)


def test_names_are_spelled_out():
    assert render_name("billedYearly") == "billed yearly"
    assert render_name("aria-label") == "aria label"
