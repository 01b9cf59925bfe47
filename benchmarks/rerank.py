"""Reranking: the tutorial's code and docent's on the same random 0.6B weights, in one run.

python -m benchmarks.rerank --json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer
from transformers.utils import logging

from benchmarks.harness.model_shapes import QUESTION, matrix_flops, passages, shape
from benchmarks.harness.timing import alternate, extra_memory_mb, matrix_peak_tflops
from benchmarks.harness.tutorial import TutorialReranker
from rag_core.models.device import Placement
from rag_core.models.packing import count_shared_tokens
from rag_core.models.reranker import LocalReranker
from tests.rag_core.checkpoints import make_reranker

DOCENT = "docent"

Score = Callable[[Sequence[str]], Any]


def names(placement: Placement) -> list[str]:
    """The tutorial in float32, in docent's number type where that is another, and docent."""
    dtypes = dict.fromkeys((torch.float32, placement.dtype))
    return [*(f"tutorial_{str(dtype).removeprefix('torch.')}" for dtype in dtypes), DOCENT]


def load(name: str, folder: Path, placement: Placement) -> Score:
    """A reranker by its name; `docent` runs with its defaults."""
    if name == DOCENT:
        docent = LocalReranker(str(folder), placement=placement)
        docent.warm_up()
        return lambda texts: docent.rerank(QUESTION, texts)
    placement.set_threads()
    dtype = getattr(torch, name.removeprefix("tutorial_"))
    tutorial = TutorialReranker.load(folder, dtype=dtype)
    tutorial.model.to(placement.device)
    return lambda texts: tutorial.scores(QUESTION, texts)


def memory_alone(name: str, folder: Path, placement: Placement, count: int) -> float | None:
    """Extra memory of one reranking by one contender, in a process of its own.

    In a process that has run others, what their allocators kept would be taken for nothing.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_memory, name, folder, placement, count).result()


def _memory(name: str, folder: Path, placement: Placement, count: int) -> float | None:
    logging.disable_progress_bar()
    score = load(name, folder, placement)
    score(passages(1))
    return extra_memory_mb(lambda: score(passages(count)), placement.device)


def measure(placement: Placement, counts: Sequence[int], *, repeats: int, tiny: bool) -> Any:
    """Measure all that is printed."""
    config = shape(tiny=tiny)
    contenders = names(placement)
    with tempfile.TemporaryDirectory() as name:
        folder = make_reranker(Path(name), config=config, passages=passages(10))
        memory = [
            {name: memory_alone(name, folder, placement, count) for name in contenders}
            for count in counts
        ]
        scorers = {name: load(name, folder, placement) for name in contenders}
        tokenizer = TutorialReranker(AutoTokenizer.from_pretrained(folder), _Nowhere())
        peak = matrix_peak_tflops(placement.device, placement.dtype)
        results = []
        for count, extra in zip(counts, memory, strict=True):
            texts = passages(count)
            result = compare(scorers, texts, count_tokens(tokenizer, texts), repeats=repeats)
            flops = matrix_flops(config, result["tokens_computed"]) / result["seconds"][DOCENT]
            share = {"share_of_peak": round(flops / peak / 1e12, 3)}
            results.append(result | share | {"extra_memory_mb": extra})
    return {
        "device": str(placement.device),
        "dtype": str(placement.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "shape": "tiny" if tiny else "0.6B",
        "matrix_peak_tflops": peak,
        "repeats": repeats,
        "results": results,
    }


def compare(
    scorers: dict[str, Score], texts: Sequence[str], tokens: tuple[int, int], *, repeats: int
) -> dict[str, Any]:
    """One number of passages. A ratio is the tutorial's seconds over docent's.

    `ratio_bf16` is null where docent runs in float32: emulated bfloat16 would only flatter it.
    """
    runs = {name: lambda score=score: score(texts) for name, score in scorers.items()}
    scores = {name: np.array(run()) for name, run in runs.items()}
    seconds = alternate(runs, repeats=repeats)
    reference = scores["tutorial_float32"]
    return {
        "passages": len(texts),
        "tokens": tokens[0],
        "tokens_computed": tokens[1],
        "seconds": seconds,
        "ratio_bf16": _ratio(seconds, "tutorial_bfloat16"),
        "ratio_fp32": _ratio(seconds, "tutorial_float32"),
        "tokens_per_second": round(tokens[0] / seconds[DOCENT]),
        "scores_from_to": [round(float(reference.min()), 3), round(float(reference.max()), 3)],
        "largest_score_difference": {
            name: float(np.abs(found - reference).max()) for name, found in scores.items()
        },
    }


@dataclass
class _Nowhere:
    """A stand-in for a model: it only has the device to which the tutorial sends inputs."""

    device: str = "cpu"


def count_tokens(tutorial: TutorialReranker, texts: Sequence[str]) -> tuple[int, int]:
    """Tokens of all pairs, and those left when the shared start counts once."""
    pairs = [tutorial.format_instruction(None, QUESTION, text) for text in texts]
    sequences = [tutorial.process_inputs([pair])["input_ids"][0].tolist() for pair in pairs]
    tokens = sum(map(len, sequences))
    return tokens, tokens - count_shared_tokens(sequences) * (len(sequences) - 1)


def _ratio(seconds: dict[str, float], tutorial: str) -> float | None:
    return round(seconds[tutorial] / seconds[DOCENT], 2) if tutorial in seconds else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--device", help="cpu, cuda or mps; the best there is by default")
    parser.add_argument("--dtype", help="docent's number type; the best there is by default")
    parser.add_argument("--passages", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="a toy model, to try the benchmark")
    chosen = parser.parse_args(arguments)
    logging.disable_progress_bar()
    placement = Placement.choose(device=chosen.device, dtype=chosen.dtype)
    found = measure(placement, chosen.passages, repeats=chosen.repeats, tiny=chosen.tiny)
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
