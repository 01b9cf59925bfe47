"""Local rerankers: Qwen3-Reranker of any size, or any CrossEncoder by name."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase, Qwen3ForCausalLM

from rag_core.errors import ModelError, RerankerError
from rag_core.models.admission import LOCAL
from rag_core.models.device import Placement
from rag_core.models.packing import build_decoder, load_for_packing
from rag_core.models.probe import probe_reranker
from rag_core.models.quantisation import check_packages
from rag_core.models.qwen3_checkpoint import is_qwen3_reranker
from rag_core.models.weights import locate_model, translate_load_errors
from rag_core.settings import name_model

logger = logging.getLogger(__name__)

INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
"""Default task. Source of this and of the template below: the card of Qwen3-Reranker-0.6B."""

PREFIX = (
    "<|im_start|>system\n"
    "Judge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n"
)
"""The system message in front of every pair."""

PAIR = "<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {passage}"
"""The pair that the model judges."""

SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
"""The end of the turn, with empty thinking, so that the next token is the answer."""

_OWN_TASK = INSTRUCTION

YES, NO = "yes", "no"
"""The two answers; the score is the probability of yes in a softmax over their logits."""

MAX_TOKENS = 8192
"""Longest input, template included."""

_REMEDY = (
    "a model that was made of an LLM needs its template, so choose one that was published as a "
    "CrossEncoder, or a Qwen3-Reranker by its own name"
)

_BATCH_PAIRS = 32
"""Pairs in a padded batch of a CrossEncoder."""


class Scorer(Protocol):
    """A loaded model, as LocalReranker uses it."""

    def score(self, query: str, passages: Sequence[str]) -> tuple[NDArray[np.float32], int]:
        """Score passages against a question.

        Returns:
            Scores of shape (n,), float32, in [0, 1]; and how many pairs were cut.
        """


class LocalReranker:
    """A reranker on this machine. Not thread-safe: one worker owns it.

    Attributes:
        truncated: how many pairs were cut so far, from the right of the passage.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None = None,
        instruction: str = INSTRUCTION,
        placement: Placement | None = None,
    ) -> None:
        """Prepare a reranker; `warm_up` or the first use loads the model.

        Args:
            model: name on the model hub, or a folder.
            revision: commit, tag or branch on the hub; None means what is cached, else `main`.
            instruction: the task that Qwen3-Reranker reads with each pair.
            placement: device and number type; None means the best ones of this machine.
        """
        self.truncated = 0
        self._model = model
        self._revision = revision
        self._instruction = instruction
        self._placement = placement
        self._scorer: Scorer | None = None
        self._distrust = ""  # the sentence, once the model failed the probe

    @property
    def model(self) -> str:
        """Name of the model, with its revision if it is pinned."""
        return name_model(self._model, self._revision)

    def warm_up(self) -> None:
        """Load the model, and check with a probe that it orders passages.

        Raises:
            ModelUnavailableError: the weights are not on this machine and can't be downloaded.
            RerankerError: the model failed the probe; it is not loaded again.
            ModelError: the files can't be read, or don't belong to a reranker.
        """
        self._get_scorer()

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Score how well each passage answers a question.

        Returns:
            Scores of shape (len(passages),), float32, in [0, 1], in the order of the passages.

        Raises:
            ModelError: the model can't be loaded, can't be trusted, or gave no numbers.
        """
        if not passages:
            return np.empty(0, dtype=np.float32)
        scores, cut = self._score(self._get_scorer(), query, passages)
        if cut and not self.truncated:
            logger.warning(
                "A passage is longer than %s reads, so its end was not judged; further ones are "
                "only counted.",
                self._model,
            )
        self.truncated += cut
        return scores

    def _score(
        self, scorer: Scorer, query: str, passages: Sequence[str]
    ) -> tuple[NDArray[np.float32], int]:
        scores, cut = scorer.score(query, passages)
        if not np.isfinite(scores).all():
            raise RerankerError(
                f"The reranker {self._model} gave scores that are not numbers: set "
                "DOCENT_DTYPE=float32, or choose another model."
            )
        return scores, cut

    def _get_scorer(self) -> Scorer:
        """Return the loaded model; load it the first time."""
        if self._distrust:
            raise RerankerError(self._distrust)
        if self._scorer is None:
            self._scorer = self._load()
        return self._scorer

    def _load(self) -> Scorer:
        placement = self._placement or Placement.choose()
        placement.set_threads()
        folder = locate_model(self._model, self._revision)
        check_packages(self._model, folder)
        with translate_load_errors(self._model, folder):
            scorer: Scorer
            if is_qwen3_reranker(folder, _OWN_TASK):
                scorer = Qwen3Scorer(folder, placement)
            else:
                scorer = LibraryScorer(folder, placement)
        try:
            probe_reranker(self._model, lambda *pair: self._score(scorer, *pair)[0], _REMEDY)
        except RerankerError as error:
            self._distrust = str(error)
            raise
        # After the probe, which the task of another kind of question could fail.
        if isinstance(scorer, Qwen3Scorer):
            scorer.instruction = self._instruction
        return scorer


class Qwen3Scorer:
    """Qwen3-Reranker: the hidden state of the last token times two rows of the head.

    sigmoid(h * (w_yes - w_no)) equals the softmax over the two logits, so the other 151,667 rows
    and the logits of the other positions are never computed.

    Attributes:
        instruction: the task that it reads with each pair.
    """

    def __init__(self, folder: Path, placement: Placement) -> None:
        self.instruction = INSTRUCTION
        self._tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
        model = load_for_packing(Qwen3ForCausalLM, folder, placement)
        self._decoder = build_decoder(model)
        self._direction = compute_answer_direction(
            model.get_parameter("lm_head.weight"), self._tokenizer
        )
        self._max_tokens = min(MAX_TOKENS, int(model.config.max_position_embeddings))

    def score(self, query: str, passages: Sequence[str]) -> tuple[NDArray[np.float32], int]:
        """Score passages against a question.

        Returns:
            Scores of shape (n,), float32, in [0, 1]; and how many passages were cut.
        """
        pairs = self._tokenise_pairs(query, passages)
        prefix, suffix = self._tokenise(PREFIX), self._tokenise(SUFFIX)
        # Cut the pair and not the suffix, behind which the model answers.
        most = self._max_tokens - len(prefix) - len(suffix)
        sequences = [[*prefix, *pair[:most], *suffix] for pair in pairs]
        hidden = self._decoder.compute_last_hidden(sequences)
        scores: NDArray[np.float32] = torch.sigmoid(hidden @ self._direction).numpy()
        return scores, sum(len(pair) > most for pair in pairs)

    def _tokenise_pairs(self, query: str, passages: Sequence[str]) -> list[list[int]]:
        # Each pair is one text: the space after "<Document>:" joins the passage's first token.
        texts = [
            PAIR.format(instruction=self.instruction, query=query, passage=passage)
            for passage in passages
        ]
        tokens: list[list[int]] = self._tokenizer(texts, verbose=False).input_ids
        return tokens

    def _tokenise(self, text: str) -> list[int]:
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens


def compute_answer_direction(head: Tensor, tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Compute the direction w_yes - w_no between two rows of the head.

    Returns:
        Tensor of shape (hidden size,), float32, on the CPU.

    Raises:
        ModelError: the tokenizer has no single token for one of the answers.
    """
    ids = [tokenizer.convert_tokens_to_ids(word) for word in (YES, NO)]
    if None in ids or tokenizer.unk_token_id in ids:
        raise ModelError(
            f"The reranker's tokenizer has no token for {YES!r} or {NO!r}, so it can't judge; "
            "set DOCENT_RERANKER_MODEL to a Qwen3-Reranker."
        )
    rows = head[ids].detach().float().cpu()
    return rows[0] - rows[1]


class LibraryScorer:
    """Any other reranker with one score for a pair, run by sentence-transformers."""

    def __init__(self, folder: Path, placement: Placement) -> None:
        from sentence_transformers import CrossEncoder

        self._model = CrossEncoder(
            str(folder),
            device=str(placement.device),
            model_kwargs={"dtype": placement.dtype, "use_safetensors": True},
            **LOCAL,
        )
        if self._model.num_labels != 1:
            raise ModelError(
                f"The reranker in {folder} gives {self._model.num_labels} scores per pair, "
                "not one: set DOCENT_RERANKER_MODEL to a reranker."
            )

    def score(self, query: str, passages: Sequence[str]) -> tuple[NDArray[np.float32], int]:
        """Score passages against a question.

        Returns:
            Scores of shape (n,), float32, in [0, 1]; and how many pairs were cut.
        """
        pairs = [(query, passage) for passage in passages]
        # Some models have an identity in place of the sigmoid, so their scores leave [0, 1].
        scores = self._model.predict(
            pairs,
            batch_size=_BATCH_PAIRS,
            show_progress_bar=False,
            activation_fn=torch.nn.Sigmoid(),
            convert_to_tensor=True,
        )
        return scores.float().cpu().numpy(), self._count_cut(pairs)

    def _count_cut(self, pairs: Sequence[tuple[str, str]]) -> int:
        limit = self._model.max_seq_length
        if not limit:
            return 0
        tokens = self._model.tokenizer(list(pairs), truncation=False, padding=False, verbose=False)
        return sum(len(ids) > limit for ids in tokens["input_ids"])
