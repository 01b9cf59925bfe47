"""The OpenAI client, whose streams survive what servers send in place of events.

Servers that don't stream answer with one JSON document, also where a stream was asked for. Some
send empty events to keep the connection open. And only the decoder sees the [DONE] that tells a
complete stream from one that a gateway closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from openai import OpenAI
from openai._streaming import ServerSentEvent, SSEDecoder

from rag_core.generation.llm.completion import END


class EventDecoder(SSEDecoder):
    """Decodes the bytes of an answer into events, each with JSON as its data."""

    def decode_bytes(self, iterator: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        """Decode a stream of events, or a JSON document as one event."""
        start, is_document = b"", False
        for chunk in iterator:
            start += chunk
            if begin := start.lstrip(b"\xef\xbb\xbf \r\n\t"):
                is_document = begin[:1] in b"{["
                break
        chunks = chain([start], iterator)
        if is_document:
            yield ServerSentEvent(data=b"".join(chunks).decode("utf-8-sig", errors="replace"))
            yield ServerSentEvent(data=json.dumps(END))
            return
        for event in super().iter_bytes(chunks):
            data = event.data.strip()
            if data.startswith("[DONE]"):
                yield ServerSentEvent(data=json.dumps(END))
                return
            if data:
                yield event

    iter_bytes = decode_bytes
    """The name by which the SDK calls it."""


class CompletionClient(OpenAI):
    """The client of the SDK with that decoder."""

    def _make_sse_decoder(self) -> EventDecoder:
        return EventDecoder()
