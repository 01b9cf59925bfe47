"""`conf.py` is read and never run."""

from __future__ import annotations

import pytest

from ingest.sites.settings.python_module import read_python

VALUES = {
    "'a'": "a",
    "3": 3,
    "('a', ['b'])": ["a", ["b"]],
    "{'k': 1}": {"k": 1},
    "dict(k=1)": {"k": 1},
    "version + '.1'": "2.0.1",
    "f'{version}/x'": "2.0/x",
    "f'{unknown}/x'": None,
    "os.environ.get('BASE', 'https://h.test/')": "https://h.test/",
    "os.environ.get('BASE')": None,
    "os.environ.get('BASE') or 'b'": "b",
    "open('/etc/passwd').read()": None,
}


@pytest.mark.parametrize("source", VALUES)
def test_values(source: str):
    text = f"import os\nversion = '2.0'\nvalue = {source}\n"
    assert read_python(text)["value"] == VALUES[source]


def test_what_is_added_later_counts():
    text = (
        "extensions = ['a']\nextensions += ['b']\nextensions.append('c')\n"
        "html_context = {}\nhtml_context['canonical_url'] = 'https://h.test/'\n"
        "html_context.update({'x': 1})\nname: str = 'n'\n"
    )
    read = read_python(text)
    assert read["extensions"] == ["a", "b", "c"]
    assert read["html_context"] == {"canonical_url": "https://h.test/", "x": 1}
    assert read["name"] == "n"


@pytest.mark.parametrize(
    "text", ["def f(:", "\0", "x = " + "(" * 5_000, "x = " + "-" * 50_000 + "1"]
)
def test_a_broken_module_has_no_values(text: str):
    assert read_python(text) in ({}, {"x": None})
