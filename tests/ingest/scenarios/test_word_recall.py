"""Each reader keeps the words that a reader of the page sees, and adds none."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.ingest.formats.reading import read

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


def count_words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", re.sub(r"\]\([^)]*\)", "]", text)))


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("a.html", HTML, HTML_WORDS),
        ("a.rst", RST, RST_WORDS),
        ("a.md", MARKDOWN, MARKDOWN_WORDS),
    ],
)
def test_no_word_is_lost_and_none_is_added(path: str, content: str, words: str):
    document = read(content, path)
    headings = [section.headings[-1] for section in document.sections if section.headings]
    blocks = [block.text for section in document.sections for block in section.blocks]
    assert count_words("\n".join([*headings, *blocks])) == count_words(words)
