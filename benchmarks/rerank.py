"""Reranking: the tutorial's code and docent's on the same random 0.6B weights, in one run.

python -m benchmarks.rerank --json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.utils import logging

from benchmarks.measure import alternate, extra_memory_mb, matrix_peak_tflops
from benchmarks.shapes import QUESTION, matrix_flops, passages, shape
from benchmarks.tutorial import TutorialReranker
from rag_core.device import Placement
from rag_core.packed import shared_length
from rag_core.reranker import LocalReranker
from tests.rag_core.checkpoints import make_reranker

DOCENT = "docent"


@dataclass(frozen=True)
class Contenders:
    """Rerankers by name, all on the same weights; `docent` runs with its defaults."""

    scorers: dict[str, Callable[[Sequence[str]], Any]]
    tutorial: TutorialReranker

    @classmethod
    def load(cls, folder: Path, placement: Placement) -> Contenders:
        """The tutorial in float32, in bfloat16 where docent runs in it, and docent."""
        tutorials = {}
        for dtype in dict.fromkeys((torch.float32, placement.dtype)):
            tutorial = TutorialReranker.load(folder, dtype=dtype)
            tutorial.model.to(placement.device)
            tutorials[f"tutorial_{str(dtype).removeprefix('torch.')}"] = tutorial
        docent = LocalReranker(str(folder), placement=placement)
        docent.warm_up()
        scorers: dict[str, Callable[[Sequence[str]], Any]] = {
            name: lambda texts, tutorial=tutorial: tutorial.scores(QUESTION, texts)
            for name, tutorial in tutorials.items()
        }
        scorers[DOCENT] = lambda texts: docent.rerank(QUESTION, texts)
        return cls(scorers, tutorials["tutorial_float32"])


def measure(placement: Placement, counts: Sequence[int], *, repeats: int, tiny: bool) -> Any:
    """Everything that is printed."""
    config = shape(tiny=tiny)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = make_reranker(Path(folder), config=config, passages=passages(10))
        contenders = Contenders.load(checkpoint, placement)
        peak = matrix_peak_tflops(placement.device, placement.dtype)
        results = []
        for count in counts:
            result = compare(contenders, passages(count), placement.device, repeats=repeats)
            flops = matrix_flops(config, result["tokens_computed"]) / result["seconds"][DOCENT]
            results.append(result | {"share_of_peak": round(flops / peak / 1e12, 3)})
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
    contenders: Contenders, texts: Sequence[str], device: torch.device, *, repeats: int
) -> dict[str, Any]:
    """One number of passages. A ratio is the tutorial's seconds over docent's.

    `ratio_bf16` is null where docent runs in float32: emulated bfloat16 would only flatter it.
    """
    runs = {name: lambda score=score: score(texts) for name, score in contenders.scorers.items()}
    scores = {name: np.array(run()) for name, run in runs.items()}
    memory = {name: extra_memory_mb(run, device) for name, run in runs.items()}
    seconds = alternate(runs, repeats=repeats)
    tokens, computed = count_tokens(contenders.tutorial, texts)
    reference = scores["tutorial_float32"]
    return {
        "passages": len(texts),
        "tokens": tokens,
        "tokens_computed": computed,
        "seconds": seconds,
        "ratio_bf16": _ratio(seconds, "tutorial_bfloat16"),
        "ratio_fp32": _ratio(seconds, "tutorial_float32"),
        "tokens_per_second": round(tokens / seconds[DOCENT]),
        "extra_memory_mb": memory,
        "scores_from_to": [round(float(reference.min()), 3), round(float(reference.max()), 3)],
        "largest_score_difference": {
            name: float(np.abs(found - reference).max()) for name, found in scores.items()
        },
    }


def count_tokens(tutorial: TutorialReranker, texts: Sequence[str]) -> tuple[int, int]:
    """Tokens of all pairs, and those left when the shared start counts once."""
    pairs = [tutorial.format_instruction(None, QUESTION, text) for text in texts]
    sequences = [tutorial.process_inputs([pair])["input_ids"][0].tolist() for pair in pairs]
    tokens = sum(map(len, sequences))
    return tokens, tokens - shared_length(sequences) * (len(sequences) - 1)


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
