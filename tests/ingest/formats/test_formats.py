"""What holds for every format: which reader reads a file, and that nothing breaks one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import Page, PageError
from ingest.formats import BINARY, READERS, detect_format, is_document, is_wanted, read_document
from ingest.formats.openapi.splitting import Splitter
from tests.ingest.formats.office.samples import pptx, xlsx
from tests.ingest.formats.openapi.samples import build_api
from tests.ingest.formats.samples import docx, paragraph, pdf, table

CODE = {"cell_type": "code", "source": "x = 1", "outputs": [{"text": ["1"]}]}
ADOC = b"""= T
:a: b

[[c]]
== D {a} *e*
.F
[source,py]
----
g <1>
----
<1> <<c,h>>
* i
+
NOTE: j
k:: l

|===
2+|m
.2+a|n |o
|===
"""
SAMPLES = {
    ".md": b"---\ntitle: T\n---\n# A {#a}\n\n- b\n\n  ```py\n  c\n  ```\n\n| d |\n|---|\n| e |\n",
    ".markdown": b"<h1 id='a'>A</h1><p>text</p><table><tr><td>1</td></tr></table>",
    ".mdx": b"import a from 'b'\n\n<Tabs><Tab label='x'>\n\n  text\n\n</Tab></Tabs>\n",
    ".txt": b"one\n\ntwo",
    ".rst": b".. _l:\n\nTitle\n=====\n\n.. tab-item:: A\n\n   :ref:`b <c>`\n\n== ==\n1  2\n== ==\n",
    **dict.fromkeys((".adoc", ".asciidoc", ".asc"), ADOC),
    ".html": b"<main><h1 id=a>A</h1><p>t <a href='b'>c</a><pre class=language-py>d</pre></main>",
    ".htm": b"<p>text<ul><li>a<li>b</ul>",
    ".xhtml": b"<?xml version='1.0'?><html><body><p>text</p></body></html>",
    ".ipynb": json.dumps({"cells": [CODE], "metadata": {}}).encode(),
    ".pdf": pdf(["One line.", "Two."], ["More."], bookmarks=[("One", 0, 0)], title="T"),
    ".docx": docx(paragraph("A", "Heading1"), paragraph("text"), table(("a", "b"))),
    ".pptx": pptx(("A", "text")),
    ".xlsx": xlsx({"S": [("a", "b"), (1, 2)]}),
    ".openapi": Splitter("a", build_api({"description": "B *c*", "security": []}), {}.get)
    .split()[0]
    .data,
}


@pytest.mark.parametrize(
    ("path", "media_type", "found"),
    [
        ("a/b.MD", "", ".md"),
        ("a/b.pdf", "", ".pdf"),
        ("md", "", ""),
        ("a.png", "", ""),
        ("docs/install", "text/html; charset=utf-8", ".html"),
        ("docs/faq.md", "text/html", ".html"),
        ("docs/faq.md", "text/plain", ".md"),
        ("docs/faq.md", "application/octet-stream", ".md"),
        ("LICENSE", "text/plain", ".txt"),
        ("report", "application/pdf", ".pdf"),
        ("a", "image/png", ""),
    ],
)
def test_which_reader_reads_a_file(path: str, media_type: str, found: str):
    assert detect_format(path, media_type) == found
    assert is_document(path, media_type) == bool(found)


def test_what_is_wanted_of_a_source():
    assert is_wanted("a/Variables.json")
    assert is_wanted("a.docx")
    assert not is_wanted("a.json")


def test_there_is_a_sample_of_each_format():
    assert set(SAMPLES) == set(READERS)


@pytest.mark.parametrize("suffix", sorted(SAMPLES))
def test_each_sample_is_read(suffix: str):
    document = read_document(Page("docs", f"a{suffix}", "", SAMPLES[suffix]))
    assert any(section.blocks for section in document.sections)


def check(data: bytes, suffix: str) -> None:
    """Any page gives blocks with text that fits in a database, or a typed error."""
    try:
        document = read_document(Page("docs", f"a{suffix}", "", data))
    except PageError:
        return
    for section in document.sections:
        for text in (*section.headings, section.anchor, *(b.text for b in section.blocks)):
            text.encode()
        assert all(block.text.strip() for block in section.blocks)


@pytest.mark.parametrize("suffix", sorted(SAMPLES))
def test_a_truncated_file(suffix: str):
    data = SAMPLES[suffix]
    for length in range(0, len(data), max(len(data) // 40, 1)):
        check(decodable(data[:length], suffix), suffix)


@settings(max_examples=60)
@given(data=st.data(), suffix=st.sampled_from(sorted(SAMPLES)))
def test_a_damaged_file(data: st.DataObject, suffix: str):
    sample = bytearray(SAMPLES[suffix])
    for _ in range(data.draw(st.integers(1, 8))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    check(decodable(bytes(sample), suffix), suffix)


@settings(max_examples=60)
@given(data=st.binary(max_size=300), suffix=st.sampled_from(sorted(BINARY)))
def test_any_bytes(data: bytes, suffix: str):
    check(data, suffix)
    check(SAMPLES[suffix][:200] + data + SAMPLES[suffix][200:], suffix)


@settings(max_examples=150)
@given(
    text=st.text(
        st.sampled_from("ab #-*`~>|<!>/\n\t[]{}()$&;\\0\u2028й字\x0c=:.'\"\x00_^+,"), max_size=200
    ),
    suffix=st.sampled_from(sorted({*SAMPLES} - BINARY)),
)
def test_any_text(text: str, suffix: str):
    check(text.encode(), suffix)


def decodable(data: bytes, suffix: str) -> bytes:
    """Text formats are handed to their readers as UTF-8."""
    if suffix in BINARY:
        return data
    return data.decode(errors="replace").encode()


def test_real_files_truncated(shared: Path):
    for path in sorted((shared / "corpus/formats").glob("*/*")):
        data = path.read_bytes()
        check(decodable(data[: len(data) // 3], path.suffix), path.suffix)


@pytest.mark.parametrize("path", ["a.md", "a.mdx", "a.txt", "a.rst", "a.ipynb", "a.html"])
def test_what_is_too_long_for_people_is_left_out(path: str, monkeypatch):
    monkeypatch.setattr("ingest.formats.MAX_BYTES", 10)
    with pytest.raises(PageError, match="is larger than"):
        read_document(Page("docs", path, "", b"12345678901"))
