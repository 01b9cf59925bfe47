"""Errors of pymilvus and grpc become docent's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from pymilvus import MilvusException
from pymilvus.client.types import Status

from rag_core.addresses import redact_address
from rag_core.errors import StoreError, StoreUnavailableError


@contextmanager
def translate_errors(uri: str) -> Iterator[None]:
    """Translate errors of pymilvus into typed ones; keep the cause."""
    try:
        yield
    except (MilvusException, grpc.RpcError) as error:
        # pymilvus lets some errors of gRPC through, and puts the codes of others into its own.
        code = error.code if isinstance(error, MilvusException) else None
        if code == Status.CONNECT_FAILED or not isinstance(code, int):
            raise build_unavailable_error(uri) from error
        raise StoreError(
            f"Milvus at {redact_address(uri)} refused a call: {error.message}"
        ) from error


def build_unavailable_error(uri: str) -> StoreUnavailableError:
    """Build the error of a Milvus that does not answer."""
    return StoreUnavailableError(
        f"No Milvus answers at {redact_address(uri)}: check that it runs, DOCENT_MILVUS_URI and "
        "DOCENT_MILVUS_TOKEN."
    )
