"""Inputs for fuzzing: pieces of each grammar, put together at random."""

from __future__ import annotations

from hypothesis import strategies as st

ODD = [
    "\x00",
    "\r",
    "\r\n",
    "\t",
    "\x1b]52;c;",
    "\x85",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\u200b",
    "é",
    "🦓",
    "\U000e0041",
    "-" * 40,
    "9" * 30,
    " " * 8,
    "../",
    "&#58;",
    "&amp;",
    "\\",
    "%00",
    "%2e%2e%2f",
]

MARKDOWN = [
    "# ",
    "## A\n",
    "\n",
    "\n\n",
    "```",
    "~~~",
    "    ",
    "- ",
    "1. ",
    "> ",
    "| a | b |\n|---|---|\n",
    "|",
    "[a](",
    ")",
    "[a][b]",
    "[b]: ",
    "![",
    "<https://e.test>",
    "https://e.test/x",
    "<a href='",
    "'>",
    "</a>",
    "**",
    "_",
    "`",
    "``",
    "<!--",
    "-->",
    "$$",
    "\\(",
    "\\frac{1}{2}",
    "{#x}",
    "---\n",
    "---\ntitle: a\n---\n",
    "【1】",
    "[1]",
    "[1-3]",
    "<think>",
    "</think>",
    "<@U1>",
    "<!channel>",
    "@here",
    "{{ x }}",
    "{% if %}",
]

MARKUP = [
    "<p>",
    "</p>",
    "<table>",
    "<tr><td>",
    "<ul><li>",
    "<pre>",
    "<code>",
    "<script>",
    "</script>",
    "<h1 id=a>",
    "<a href=",
    "<img src=",
    "<main>",
    "<nav>",
    "<",
    ">",
    '"',
    "'",
    "=",
    "<!DOCTYPE html>",
    "<?xml?>",
    "<![CDATA[",
    "]]>",
    "<svg>",
    "<math>",
    "<template>",
    "<br/>",
    "text ",
]

RST = [
    "Title\n=====\n\n",
    ".. note::\n\n   ",
    ".. code:: py\n\n   ",
    ":ref:`a <b>`",
    "|a|",
    ".. |a| replace:: b\n",
    "`a`_",
    ".. _a: b\n",
    "::\n\n   ",
    "== ==\n1  2\n== ==\n",
    "+--+\n|a |\n+--+\n",
    ".. include:: /etc/passwd\n",
    ".. raw:: html\n\n   <b>\n",
    ".. toctree::\n",
    "* ",
    "[1]_",
    ".. [1] x\n",
]

NOTEBOOK = [
    '{"cells": [',
    "]}",
    '{"cell_type": "markdown", "source": ',
    '{"cell_type": "code", "outputs": [',
    "}",
    "null",
    "1e999",
    '"a"',
    '["b", 1]',
    ",",
    ":",
    '"metadata": {}',
    "true",
    "NaN",
]


def texts(*grammars: list[str], size: int = 25) -> st.SearchStrategy[str]:
    """Pieces of the grammars, of what is odd anywhere, and of any text."""
    pieces = [piece for grammar in grammars for piece in grammar]
    piece = st.sampled_from(pieces + ODD) | st.text(max_size=8)
    return st.lists(piece, max_size=size).map("".join)


KEYS = [
    "action_id",
    "actions",
    "attachments",
    "block_id",
    "blocks",
    "bot_id",
    "channel",
    "channel_type",
    "choices",
    "code",
    "content",
    "deleted_ts",
    "delta",
    "edited",
    "elements",
    "error",
    "event_ts",
    "fields",
    "files",
    "finish_reason",
    "id",
    "kind",
    "message",
    "model",
    "name",
    "previous_message",
    "private_metadata",
    "state",
    "subtype",
    "team",
    "text",
    "thread_ts",
    "ts",
    "type",
    "url",
    "usage",
    "user",
    "value",
    "values",
    "view",
    "data",
    "status",
]
VALUES = [
    "U1",
    "UBOT",
    "C1",
    "D1",
    "T1",
    "1700000000.000100",
    "",
    "message",
    "im",
    "rich_text",
    "rich_text_section",
    "link",
    "text",
    "section",
    "mrkdwn",
    "tombstone",
    "<@UBOT> hi",
    "stop",
    "length",
    "up",
    "question",
]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(VALUES)
    | texts(MARKDOWN, size=4)
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)
"""JSON documents with the keys that docent reads."""
objects = st.dictionaries(st.sampled_from(KEYS), documents, max_size=8)
