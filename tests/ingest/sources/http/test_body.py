from __future__ import annotations

import gzip
import zlib

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import SourceRefusedError
from ingest.sources.http.body import BLOCK_BYTES, is_packed, iterate_body


def answer(body: bytes, *codings: str, pieces: int = 1_000) -> httpx2.Response:
    blocks = (body[start : start + pieces] for start in range(0, len(body), pieces))
    headers = [("content-encoding", coding) for coding in codings]
    request = httpx2.Request("GET", "https://user:secret@x.test/a?token=secret")
    return httpx2.Response(200, headers=headers, content=blocks, request=request)


@given(st.binary(max_size=5_000), st.integers(1, 100))
def test_a_body_comes_as_it_was_packed(data: bytes, pieces: int):
    bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = {
        "gzip": gzip.compress(data),
        "x-gzip": gzip.compress(data),
        "deflate": zlib.compress(data),
        "identity": data,
    }
    for coding, body in packed.items():
        assert b"".join(iterate_body(answer(body, coding, pieces=pieces))) == data
    body = bare.compress(data) + bare.flush()
    assert b"".join(iterate_body(answer(body, "deflate"))) == data


def test_a_bomb_comes_in_small_blocks():
    bomb = gzip.compress(bytes(50_000_000))
    blocks = iterate_body(answer(bomb, "gzip", pieces=len(bomb)))
    assert len(next(blocks)) <= BLOCK_BYTES
    assert max(map(len, blocks)) <= BLOCK_BYTES


@pytest.mark.parametrize(
    "codings", [("gzip, gzip",), ("gzip", "gzip"), ("br",), ("zstd",), ("gzip, br",), ("magic",)]
)
def test_other_codings_are_refused(codings):
    with pytest.raises(SourceRefusedError, match="which docent does not unpack") as caught:
        list(iterate_body(answer(b"a", *codings)))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", [gzip.compress(b"a" * 1_000, mtime=0)[:-9], b"no gzip", b"\x1f"])
def test_a_damaged_body_is_an_error(body: bytes):
    with pytest.raises(httpx2.DecodingError, match="the packed body is"):
        list(iterate_body(answer(body, "gzip")))


def test_an_empty_body_is_empty():
    assert b"".join(iterate_body(answer(b"", "gzip"))) == b""


@pytest.mark.parametrize(("coding", "packed"), [("gzip", True), ("identity", False), ("", False)])
def test_packed_bodies_are_told_from_others(coding: str, packed: bool):
    assert is_packed(answer(b"", coding)) is packed
