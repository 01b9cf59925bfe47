from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.verbatim import mark_verbatim


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        '  File "a.py", line 3, in <module>',
        "pymilvus.exceptions.MilvusException: <code=2>",
        "    at io.milvus.Client.connect(Client.java:12)",
        "2024-05-01 12:00:01,123 something failed",
        "[2024/05/01 12:00:01.123 +00:00] [WARN] [rootcoord] retry",
        "ERROR: it failed",
        "level=error msg=down",
        "(raylet, pid=12) it failed",
        '@app.get("/items")',
        "async def read(q: str):",
        "from fastapi import FastAPI",
        "nprobe = 16",
        "client.insert(rows)",
        '"metric_type": "L2",',
        "kubectl get pods -n milvus",
        "| name | size |",
        "NAME       READY   STATUS",
        "}",
    ],
)
def test_code_and_logs(line):
    assert mark_verbatim([line]) == [True]


@pytest.mark.parametrize(
    "line",
    [
        "How do I drop a partition?",
        "import data",
        "for every node I need a GPU",
        "class names of the index",
        "from where are the models loaded",
        "What is an error (a fatal one)",
        "- TLS",
        "Milvus version: 2.4",
        "tls setup",
        "",
    ],
)
def test_plain_lines(line):
    assert mark_verbatim([line]) == [False]


def test_likely_lines_need_a_certain_one_beside_them():
    assert mark_verbatim(["  indented", "import os"]) == [False, False]
    assert mark_verbatim(["import os", "  import sys", "x = 1", "", "if it fails"]) == [
        True,
        True,
        True,
        False,
        False,
    ]


@given(st.lists(st.text(max_size=40), max_size=12))
def test_every_line_is_judged(lines):
    assert len(mark_verbatim(lines)) == len(lines)


@pytest.mark.parametrize(
    "line", ["a" * 50_000, "(" * 50_000, "a " * 25_000, "[" * 50_000, "a.=" * 9_000]
)
def test_long_lines_are_read_too(line):
    assert len(mark_verbatim([line])) == 1
