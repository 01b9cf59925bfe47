from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.llm.completion import END
from rag_core.generation.llm.event_decoder import EventDecoder


def decode(*chunks: bytes) -> list:
    return [json.loads(event.data) for event in EventDecoder().iter_bytes(iter(chunks))]


STREAM = (
    b': hello\n\ndata: {"a": "\xc3\xa9"}\n\ndata: \n\nevent: x\ndata: {"b": 2}\n\ndata: [DONE]\n\n'
)


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_events_come_whole_however_the_bytes_are_cut(cuts):
    bounds = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in pairwise(bounds)]
    assert decode(*chunks) == [{"a": "é"}, {"b": 2}, END]


@pytest.mark.parametrize("start", [b"", b"\n ", b"\xef\xbb\xbf"])
def test_a_document_is_one_event_and_the_end(start):
    assert decode(start, b'{"a": [1,\n\n', b"2]}") == [{"a": [1, 2]}, END]


def test_nothing_behind_the_end_is_read():
    assert decode(b"data:  [DONE]\n\n", b'data: {"a": 1}\n\n') == [END]


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"Hello", b"\n\n"])
def test_what_is_neither_gives_no_event(body):
    assert decode(body) == []


def test_a_stream_without_an_end_has_none():
    assert decode(b'data: {"a": 1}\n\n') == [{"a": 1}]
