"""How long a build embeds: the time in which at least one call of the model is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from rag_core.protocols import Embedder
from rag_core.types import Vectors


class EmbeddingClock:
    """An embedder with a clock.

    Args:
        embedder: does the work.

    Attributes:
        seconds: time in which one text or more was being embedded.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._under_way = 0
        self._since = 0.0
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed, with the clock running."""
        with self._lock:
            if not self._under_way:
                self._since = time.perf_counter()
            self._under_way += 1
        try:
            return self._embedder.embed_passages(texts)
        finally:
            with self._lock:
                self._under_way -= 1
                if not self._under_way:
                    self.seconds += time.perf_counter() - self._since
