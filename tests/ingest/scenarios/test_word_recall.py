"""Each reader keeps the words that a reader of the page sees, and adds none."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from ingest.documents import Document
from ingest.formats import READERS
from ingest.loading.chunker import Chunker
from tests.ingest.fakes import HashEmbedder
from tests.ingest.formats.office.samples import pptx, xlsx
from tests.ingest.formats.reading import read
from tests.ingest.formats.samples import docx, paragraph, pdf, table

HTML = """\
<main><h1>Mail gateway</h1><p>Send <b>mail</b> through <a href="x.html">our gateway</a><sup><a
href="#n1">1</a></sup>.</p><div class="admonition note"><p class="admonition-title">Note</p>
<p>Only for admins.</p></div><dl><dt>shard</dt><dd>A part of a collection.</dd></dl>
<details><summary>More</summary><p>Hidden until asked.</p></details>
<table><caption>Limits</caption><tr><th>Plan</th><th>Mails</th></tr><tr><td>Free</td><td><ul>
<li>one</li><li>two</li></ul></td></tr><tr><td>Pro</td><td><h3>Many</h3><pre>x = 9</pre></td></tr>
</table><pre><code>run it
now</code></pre><ol><li id="n1">Every night. <a href="#fnref1">\u21a9</a></li></ol></main>
"""
HTML_WORDS = """
Mail gateway Send mail through our gateway 1 Note Only for admins shard A part of a collection More
Hidden until asked Limits Plan Mails Free one two Pro Many x 9 run it now 1 Every night
"""
RST = """\
Mail gateway
============

Send *mail* through :doc:`our gateway <x>`.

.. only:: html

   On the web.

.. note:: Only for admins.

.. glossary::

   shard
      A part of a collection.

.. py:function:: connect(host)

   Open it.

   :param host: Name of the host.

+------+--------------+
| Plan | Mails        |
+======+==============+
| Free | - one        |
|      | - two        |
+------+--------------+
"""
RST_WORDS = """
Mail gateway Send mail through our gateway On the web Note Only for admins shard A part of a
collection connect host Open it host Name of the host Plan Mails Free one two
"""
MARKDOWN = """\
# Mail gateway

Send mail.

<table>
<tr><th>Plan</th><th>Mails</th></tr>
<tr><td>Free</td><td>

- [one](x.md)
- two

</td></tr>
</table>
"""
MARKDOWN_WORDS = "Mail gateway Send mail Plan Mails Free one two"


MDX = """\
import Tabs from '@theme/Tabs'
export const limit = 20

# Mail gateway

<Tabs><TabItem label="Linux">

Send *mail* through [our gateway](./x.md).

</TabItem></Tabs>

<Card title="Speed" icon="bolt">Only for admins.</Card>

{/* a remark */}

| Plan | Mails |
| --- | --- |
| Free | {limit} |
"""
MDX_WORDS = """
Mail gateway Linux Send mail through our gateway Speed Only for admins Plan Mails Free 20
"""
TEXT = "Mail gateway\n\nSend mail.\nNot more than 20."
TEXT_WORDS = "Mail gateway Send mail Not more than 20"
ADOC = """\
= Mail gateway
:host: smtp.test
:hidden: secret

Send *mail* through {host}. // shown
// a remark

.Limits
[%header,cols=2*]
|===
|Plan |Mails
.2+|Free |one
|two
|===

NOTE: Only for admins.

shard:: A part of a collection.

[source,sh]
----
run it <1>
----
<1> At night.

See <<limits,the limits>>.

[#limits]
== Limits
* one
** two
"""
ADOC_WORDS = """
Mail gateway Send mail through smtp test shown Limits Plan Mails Free one Free two
Note Only for admins shard A part of a collection run it 1 1 At night See the limits
Limits one two
"""
NOTEBOOK = json.dumps(
    {
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "source": "# Mail gateway\n\nSend **mail**."},
            {
                "cell_type": "code",
                "source": "x = 9\nprint(x)",
                "outputs": [{"output_type": "stream", "name": "stdout", "text": ["nine"]}],
            },
        ],
    }
)
NOTEBOOK_WORDS = "Mail gateway Send mail x 9 print x nine"


def build_word() -> bytes:
    return docx(
        paragraph("Mail gateway", "Heading1"),
        paragraph("Send mail through our gateway."),
        table(("Plan", "Mails"), ("Free", "one two")),
    )


WORD_WORDS = "Mail gateway Send mail through our gateway Plan Mails Free one two"
SLIDES_WORDS = "Mail gateway Send mail Limits Not more than 20"
SHEET_WORDS = "Plans Plan Mails Free 20 Pro 50"
PDF_WORDS = "Mail gateway Send mail through our gateway Limits Not more than 20"

SAMPLES: dict[str, tuple[str | bytes, str]] = {
    ".md": (MARKDOWN, MARKDOWN_WORDS),
    ".markdown": (MARKDOWN, MARKDOWN_WORDS),
    ".mdx": (MDX, MDX_WORDS),
    ".txt": (TEXT, TEXT_WORDS),
    ".rst": (RST, RST_WORDS),
    **dict.fromkeys((".adoc", ".asciidoc", ".asc"), (ADOC, ADOC_WORDS)),
    **dict.fromkeys((".html", ".htm", ".xhtml"), (HTML, HTML_WORDS)),
    ".ipynb": (NOTEBOOK, NOTEBOOK_WORDS),
    ".pdf": (
        pdf(["Mail gateway", "Send mail through our gateway."], ["Limits", "Not more than 20."]),
        PDF_WORDS,
    ),
    ".docx": (build_word(), WORD_WORDS),
    ".pptx": (pptx(("Mail gateway", "Send mail."), ("Limits", "Not more than 20.")), SLIDES_WORDS),
    ".xlsx": (xlsx({"Plans": [("Plan", "Mails"), ("Free", 20), ("Pro", 50)]}), SHEET_WORDS),
}
"""A small file of each format, with the words that a reader of the page sees."""

RECALL = 0.995
EXTRA = 0.01


def count_words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", re.sub(r"\]\([^)]*\)", "]", text)))


def read_words(document: Document) -> Counter[str]:
    """The words of the document, without the labels of its fences."""
    headings = [section.headings[-1] for section in document.sections if section.headings]
    blocks = [block.text for section in document.sections for block in section.blocks]
    text = re.sub(r"^\s*```\w+$", "```", "\n".join([*headings, *blocks]), flags=re.MULTILINE)
    return count_words(text)


def test_there_is_a_sample_for_each_reader():
    # Pages of APIs are made of data: see tests/ingest/formats/openapi.
    assert {*SAMPLES, ".openapi"} == {*READERS}


@pytest.mark.parametrize("suffix", SAMPLES)
def test_no_word_is_lost_and_none_is_added(suffix: str):
    content, words = SAMPLES[suffix]
    shown, visible = read_words(read(content, f"a{suffix}")), count_words(words)
    lost, added = visible - shown, shown - visible
    assert lost.total() <= (1 - RECALL) * visible.total(), lost
    assert added.total() <= EXTRA * visible.total(), added


@pytest.mark.parametrize("suffix", SAMPLES)
def test_no_word_of_a_document_is_lost_in_its_chunks(suffix: str):
    document = read(SAMPLES[suffix][0], f"a{suffix}")
    chunks = Chunker(HashEmbedder(), budget=30).split_document(document)
    texts = [f"{chunk.heading_path} {chunk.text}" for chunk in chunks]
    with_text = replace(document, sections=tuple(s for s in document.sections if s.blocks))
    assert not read_words(with_text) - count_words("\n".join(texts))
