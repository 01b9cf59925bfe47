"""Errors of models become sentences, those of torch and all others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

from rag_core.errors import DocentError, ModelError

_REASON_CHARACTERS = 200
# The words of CUDA, of MPS and of the allocator of the CPU.
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)


@contextmanager
def translate_model_errors() -> Iterator[None]:
    """Raise errors of models as a ModelError; keep typed ones and cancellations."""
    try:
        yield
    except Exception as error:
        translated = translate_error(error)
        if translated is error:
            raise
        raise translated from error


def translate_error(error: BaseException) -> BaseException:
    """Translate an error of a model into a sentence.

    Errors that have a sentence, cancellations and the end of the process are kept.
    """
    if isinstance(error, DocentError | CancelledError) or not isinstance(error, Exception):
        return error
    text = str(error)
    if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(text):
        translated = ModelError(
            "The model ran out of memory: choose a smaller one, set DOCENT_DTYPE=bfloat16, or give "
            "docent another DOCENT_DEVICE."
        )
    else:
        reason = text.strip().partition("\n")[0][:_REASON_CHARACTERS].rstrip(". ")
        translated = ModelError(
            f"The model failed ({reason or type(error).__name__}): set DOCENT_DEVICE=cpu and "
            "DOCENT_DTYPE=float32, or choose another model."
        )
    translated.__cause__ = error
    return translated
