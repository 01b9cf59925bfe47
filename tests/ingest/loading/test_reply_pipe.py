"""A pipe is read alike with and without `poll`."""

from __future__ import annotations

import os
import select

import pytest

from ingest.loading.reply_pipe import ReplyPipe


@pytest.fixture(params=[True, False], ids=["poll", "thread"])
def ends(request, monkeypatch):
    """A pipe and the file at its other end."""
    if not request.param:
        monkeypatch.delattr(select, "poll")
    read, write = os.pipe()
    writer = os.fdopen(write, "wb", buffering=0)
    pipe = ReplyPipe(os.fdopen(read, "rb", buffering=0))
    yield pipe, writer
    writer.close()
    pipe.close()


def read_all(pipe: ReplyPipe, size: int) -> bytes:
    data = b""
    while piece := pipe.read(size, 10):
        assert len(piece) <= size
        data += piece
    assert piece == b""
    return data


def test_all_bytes_come_in_their_order_and_then_the_end(ends):
    pipe, writer = ends
    text = bytes(range(256)) * 100
    writer.write(text)
    writer.close()
    assert read_all(pipe, 1000) == text
    assert pipe.read(1, 10) == b""  # the end stays the end


def test_nothing_comes_in_time(ends):
    pipe, writer = ends
    assert pipe.read(10, 0.01) is None
    writer.write(b"late")
    assert pipe.read(10, 10) == b"late"


def test_it_is_closed_with_unread_bytes(ends):
    _, writer = ends
    writer.write(b"x" * 1000)
