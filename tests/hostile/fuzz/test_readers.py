"""Readers of every format: bytes in, a document or a PageError out, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import Document, Page, PageError
from ingest.formats import BINARY, READERS, read_document
from tests.hostile.fuzz.inputs import (
    ASCIIDOC,
    DIALECTS,
    MARKDOWN,
    MARKUP,
    MDX,
    NOTEBOOK,
    RST,
    texts,
)
from tests.ingest.formats.test_formats import SAMPLES

GRAMMARS = {
    ".rst": [RST],
    ".adoc": [ASCIIDOC],
    ".asciidoc": [ASCIIDOC],
    ".asc": [ASCIIDOC],
    ".mdx": [MDX, MARKDOWN, MARKUP],
    ".md": [DIALECTS, MARKDOWN, MARKUP],
    ".markdown": [DIALECTS, MARKDOWN, MARKUP],
    ".ipynb": [NOTEBOOK],
    ".html": [MARKUP],
    ".htm": [MARKUP],
    ".xhtml": [MARKUP],
    ".txt": [MARKDOWN],
}


@st.composite
def damaged(draw: st.DrawFn, sample: bytes) -> bytes:
    """A sample in which some runs of bytes are replaced, doubled or cut."""
    data = sample
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        new = draw(st.binary(max_size=12) | st.just(data[start:end] * 2))
        data = data[:start] + new + data[end:]
    return data


@pytest.mark.parametrize("suffix", READERS)
@given(data=st.data())
def test_a_reader_gives_a_document_or_a_page_error(suffix: str, data: st.DataObject):
    if suffix in BINARY:
        content = data.draw(damaged(SAMPLES[suffix]) | st.binary(max_size=300))
    else:
        grammar = GRAMMARS.get(suffix, [MARKDOWN, MARKUP])
        written = texts(*grammar) | damaged(SAMPLES[suffix]).map(
            lambda b: b.decode(errors="ignore")
        )
        content = data.draw(written).encode(errors="ignore")
    page = Page("docs", f"a{suffix}", f"file:///a{suffix}", content)
    try:
        result: object = read_document(page)
    except PageError as error:
        result = error
    assert isinstance(result, Document) or (str(result) and "\n" not in str(result))
