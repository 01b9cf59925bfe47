"""One peer in a process of its own: it reads paths of archives, and answers with seconds.

    python -m benchmarks.peers.worker langchain FOLDER

Its packages are found by PYTHONPATH. Each line of standard input is an archive to bring the index
to; each line of standard output says in JSON what that took. The model is docent's starter model,
loaded beforehand.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.harness.editions import read_pages
from benchmarks.harness.timing import timed
from rag_core.models.minilm import MiniLM

CHUNK_TOKENS = 250
"""As docent's chunks have at most, but for whole blocks."""

BATCH = 128


class CountedModel:
    """The starter model; counts the texts that it embeds."""

    def __init__(self) -> None:
        self._model = MiniLM()
        self._model.warm_up()
        self.dimension = self._model.dimension
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts, those of similar length together, as docent does."""
        self.texts += len(texts)
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        vectors = self._model.embed_passages([texts[index] for index in order])
        rows: list[list[float]] = [[] for _ in texts]
        for index, vector in zip(order, vectors.tolist(), strict=True):
            rows[index] = vector
        return rows

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text."""
        return self._model.count_tokens([text])[0]


class Peer(Protocol):
    """An index that is kept up to date by someone else's code."""

    def update(self, pages: Mapping[str, str]) -> None:
        """Bring the index to these pages."""


def main(name: str, folder: str) -> None:
    """Serve updates until standard input ends."""
    model = CountedModel()
    peer: Peer = importlib.import_module(f"benchmarks.peers.{name}_peer").open_peer(
        model, Path(folder)
    )
    for line in sys.stdin:
        before = model.texts
        archive = Path(line.strip())
        seconds = timed(lambda archive=archive: peer.update(read_pages(archive)))
        print(
            json.dumps({"seconds": round(seconds, 2), "embedded": model.texts - before}),
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
