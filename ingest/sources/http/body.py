"""Bodies of responses, unpacked in small blocks: a kilobyte may hold gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain

import httpx2

from ingest.errors import SourceRefusedError
from ingest.sources.address.uri import redact_uri

ACCEPTED_ENCODINGS = "gzip, deflate"
"""Codings that a server may choose from."""

BLOCK_BYTES = 2**16
"""Most bytes of a block."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_CODINGS = {"gzip", "x-gzip", "deflate"}
_NONE = {"", "identity"}


def iterate_body(response: httpx2.Response) -> Iterator[bytes]:
    """Yield the body in blocks of at most `BLOCK_BYTES`, unpacked.

    A block may be empty, so that the caller can check its limits while nothing comes of what is
    received.

    Raises:
        SourceRefusedError: the body is packed twice, or as docent did not ask for.
        httpx2.DecodingError: the packed body is damaged or cut off.
    """
    coding = _find_coding(response)
    if not coding:
        for block in response.iter_raw():
            for start in range(0, len(block), BLOCK_BYTES):
                yield block[start : start + BLOCK_BYTES]
        return
    try:
        yield from _decompress(response.iter_raw(), is_deflate=coding == "deflate")
    except zlib.error as error:
        raise httpx2.DecodingError(f"the packed body is damaged ({error})") from error


def is_packed(response: httpx2.Response) -> bool:
    """Return whether the body was packed on its way."""
    return response.headers.get("content-encoding", "").strip().lower() not in _NONE


def _find_coding(response: httpx2.Response) -> str:
    """Return the one coding of a body; empty if it has none."""
    named = response.headers.get_list("content-encoding", split_commas=True)
    codings = [name.strip().lower() for name in named if name.strip().lower() not in _NONE]
    if len(codings) > 1 or not _CODINGS.issuperset(codings):
        raise SourceRefusedError(
            f"{redact_uri(str(response.url))} is packed as {', '.join(codings)[:100]}, which "
            "docent does not unpack."
        )
    return codings[0] if codings else ""


def _decompress(blocks: Iterator[bytes], *, is_deflate: bool) -> Iterator[bytes]:
    first = next(blocks, b"")
    # Some servers send `deflate` without the header that it should have.
    is_bare = is_deflate and first and first[0] & 0x0F != zlib.DEFLATED
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS if is_bare else _GZIP_OR_ZLIB)
    for block in chain([first], blocks):
        yield decompressor.decompress(block, BLOCK_BYTES)
        while decompressor.unconsumed_tail and not decompressor.eof:
            yield decompressor.decompress(decompressor.unconsumed_tail, BLOCK_BYTES)
    if first and not decompressor.eof:
        raise httpx2.DecodingError("the packed body is cut off")
