"""Streams of an LLM: any bytes are events, any event is text, and raises nothing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.llm.completion import CompletionReader, read_fault
from rag_core.generation.llm.event_decoder import EventDecoder
from rag_core.generation.llm.faults import explain_fault
from tests.hostile.fuzz.inputs import documents, objects, texts

LINES = [
    "data: ",
    "data:",
    "event: ",
    "id: ",
    "retry: x",
    ":",
    "\n",
    "\n\n",
    "[DONE]",
    "{",
    "}",
    "[",
    "]",
    '{"choices": [{"delta": {"content": "a"}}]}',
    '{"error": {"message": "b", "code": 429}}',
    '"',
]


@given(st.lists(st.binary(max_size=30) | texts(LINES).map(lambda t: t.encode(errors="ignore"))))
def test_bytes_are_events(chunks: list[bytes]):
    try:
        events = list(EventDecoder().decode_bytes(iter(chunks)))
    except ValueError:  # no UTF-8: the client makes a sentence of it
        return
    assert all(isinstance(event.data, str) for event in events)


@given(st.lists(documents | objects.map(lambda each: {"choices": [each]}), max_size=5))
def test_events_are_text(events):
    reader = CompletionReader()
    assert all(isinstance(reader.feed(event), str) for event in events)
    assert isinstance(reader.explain_end(), str | None)
    if reader.fault:
        assert isinstance(explain_fault(reader.fault, "m"), str)


@given(documents)
def test_an_error_is_a_sentence(body):
    assert "\n" not in explain_fault(read_fault(json.loads(json.dumps(body))), "m")
