"""Errors of pymilvus and grpc become docent's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from pymilvus import MilvusException
from pymilvus.client.types import Status

from rag_core.addresses import redact_address
from rag_core.errors import (
    CollectionGoneError,
    StoreBusyError,
    StoreError,
    StoreUnavailableError,
)

# Codes of Milvus 2.3 to 3.0 (`pkg/util/merr`). Milvus Lite uses the same.
_LIMITED = frozenset({4, 8, 1807})
"""The line is full, the rate limit, and that of the HTTP API."""

_OVER_QUOTA = frozenset({3, 7, 9})  # memory, disk, and what an operator forbids
_GONE = 100
_ALIAS_MISSING = frozenset({_GONE, 1600})
_UNLOADED = frozenset({101, 103})
_OUT_OF_TIME = 10_001
_OLD_LIMITED = 49  # as servers before 2.3 count

_LIMITED_WORDS = re.compile(r"rate ?limit|too many requests", re.IGNORECASE)
_TIME_WORDS = re.compile(r"\btimeout\b|deadline exceeded", re.IGNORECASE)
_TOO_LARGE_WORDS = re.compile(r"larger than max", re.IGNORECASE)


@contextmanager
def translate_errors(uri: str) -> Iterator[None]:
    """Translate errors of pymilvus into typed ones; keep the cause."""
    try:
        yield
    except (MilvusException, grpc.RpcError) as error:
        raise _build_error(redact_address(uri), error) from error


def build_unavailable_error(uri: str) -> StoreUnavailableError:
    """Build the error of a Milvus that does not answer."""
    return StoreUnavailableError(
        f"No Milvus answers at {redact_address(uri)}: check that it runs, DOCENT_MILVUS_URI and "
        "DOCENT_MILVUS_TOKEN."
    )


def is_rate_limited(error: BaseException) -> bool:
    """Return True if the same call may succeed in a moment."""
    if isinstance(error, MilvusException):
        is_coded = error.code in _LIMITED or error.compatible_code == _OLD_LIMITED
        return is_coded or bool(_LIMITED_WORDS.search(str(error.message)))
    # A cluster's gateway refuses in gRPC's own words, which it also does with a message too large.
    return (
        isinstance(error, grpc.RpcError)
        and error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        and not _TOO_LARGE_WORDS.search(str(error))
    )


def is_unloaded(error: StoreError) -> bool:
    """Return True if a collection is not in Milvus's memory."""
    return isinstance(error.__cause__, MilvusException) and error.__cause__.code in _UNLOADED


def is_alias_missing(error: StoreError) -> bool:
    """Return True if the alias does not exist."""
    return isinstance(error.__cause__, MilvusException) and error.__cause__.code in _ALIAS_MISSING


def _build_error(address: str, error: MilvusException | grpc.RpcError) -> StoreError:
    if is_rate_limited(error):
        return StoreBusyError(
            f"Milvus at {address} takes no more calls for now (its rate limit): try again later, "
            "or raise the limit, for instance quotaAndLimits in milvus.yaml."
        )
    # pymilvus lets some errors of gRPC through, and puts the codes of others into its own.
    if not isinstance(error, MilvusException) or not isinstance(error.code, int):
        if _TOO_LARGE_WORDS.search(str(error)):
            return StoreError(f"Milvus at {address} refused a call as too large.")
        return build_unavailable_error(address)
    return _build_refusal(address, error)


def _build_refusal(address: str, error: MilvusException) -> StoreError:
    code, message = error.code, str(error.message)
    if code == Status.CONNECT_FAILED:
        return build_unavailable_error(address)
    if code == _OUT_OF_TIME or (code == Status.UNEXPECTED_ERROR and _TIME_WORDS.search(message)):
        return StoreUnavailableError(
            f"Milvus at {address} did not end a call in time: see its log, and whether it has "
            "enough memory and processors."
        )
    kind = CollectionGoneError if code == _GONE else StoreError
    if code in _OVER_QUOTA:
        message += " Give it more memory or disk, or drop collections."
    return kind(f"Milvus at {address} refused a call: {message}")
