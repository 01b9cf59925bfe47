from __future__ import annotations

import pytest

from ingest.documents import PageError
from ingest.formats.asciidoc import attributes as attributes_module
from ingest.formats.asciidoc.attributes import Attributes
from ingest.formats.asciidoc.preprocessor import read_lines


def test_values():
    attributes = Attributes()
    assert attributes.read_entry(":Name: Acme")
    assert attributes.read_entry(":full: {name} Mail")
    assert not attributes.read_entry("name: x")
    assert attributes.expand("{full} \\{full} {missing}") == "Acme Mail {full} {missing}"
    assert attributes.read_entry(":!name:")
    assert attributes.read_entry(":full!:")
    assert attributes.expand("{name}{full}") == "{name}{full}"


def test_values_of_values_end(monkeypatch):
    monkeypatch.setattr(attributes_module, "MAX_EXPANDED", 1_000)
    attributes = Attributes()
    attributes.put("a", "x" * 600)
    with pytest.raises(PageError, match="more text than docent reads"):
        attributes.expand("{a}{a}")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ifdef::a[]\nx\nendif::[]", []),
        (":a:\nifdef::a[]\nx\nendif::[]", [":a:", "x"]),
        (":a:\nifdef::a,b[x]", [":a:", "x"]),
        (":a:\nifdef::a+b[x]", [":a:"]),
        ("ifndef::a[]\nifdef::a[]\nx\nendif::[]\ny\nendif::[]\nz", ["y", "z"]),
        (':a: 1\nifeval::["{a}" == "1"]\nx\nendif::[]', [":a: 1", "x"]),
        ("ifeval::[9 < 10]\nx\nendif::[]", ["x"]),
        ("ifdef::backend-html5[x]", ["x"]),
        ("----\n:a:\n----\nifdef::a[x]", ["----", ":a:", "----"]),
        ("endif::[]\nx\n\\ifdef::a[]", ["x", "ifdef::a[]"]),
        ("include::a.adoc[lines=1]\nx", ["x"]),
    ],
)
def test_conditions(text: str, kept: list[str]):
    assert read_lines(text) == kept
