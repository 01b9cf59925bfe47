"""Local embedders: Qwen3-Embedding, or any sentence-transformers model by name."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import AutoTokenizer, PreTrainedTokenizerBase, Qwen3Model

from rag_core.errors import ModelError
from rag_core.models.admission import LOCAL
from rag_core.models.device import Placement
from rag_core.models.packing import build_decoder, load_for_packing, split_token_batches
from rag_core.models.quantisation import check_packages
from rag_core.models.qwen3_checkpoint import is_qwen3_embedding
from rag_core.models.snapshot import read_json
from rag_core.models.weights import locate_model, translate_load_errors
from rag_core.settings import name_model
from rag_core.types import Vector, Vectors

logger = logging.getLogger(__name__)

QUERY_INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
"""Default task of Qwen3-Embedding. Source: its model card, and `prompts.query` in its files."""

QUERY_TEMPLATE = "Instruct: {instruction}\nQuery:{question}"
"""The form in which Qwen3-Embedding reads a question; passages have none. Source: its card."""

_OWN_PROMPT = QUERY_TEMPLATE.format(instruction=QUERY_INSTRUCTION, question="")

END_TOKEN = "<|endoftext|>"  # noqa: S105 - a token of a text, not a password
"""Qwen3-Embedding's vector is the hidden state of this token, which ends every input."""

MAX_TOKENS = 8192
"""Longest input, special tokens included: the length that Qwen3's own examples use."""

_PADDED_TOKENS = 8192
"""Tokens in a padded batch of a sentence-transformers model."""


class Encoder(Protocol):
    """A loaded model, as LocalEmbedder uses it.

    Attributes:
        width: length of a raw vector.
        max_tokens: longest input, special tokens included.
    """

    width: int
    max_tokens: int

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Tensor, int]:
        """Encode texts, as questions or as passages.

        Returns:
            Raw vectors of shape (n, width), float32, not normalised; and how many texts were cut.
        """


class LocalEmbedder:
    """An embedding model on this machine. Not thread-safe: one worker owns it.

    Attributes:
        truncated: how many inputs were cut at `max_tokens` so far.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None = None,
        dimension: int | None = None,
        instruction: str | None = None,
        placement: Placement | None = None,
    ) -> None:
        """Prepare an embedder; `warm_up` or the first use loads the model.

        Args:
            model: name on the model hub, or a folder.
            revision: commit, tag or branch on the hub; None means what is cached, else `main`.
            dimension: shorter vectors by Matryoshka: cut, then normalised. None keeps the model's
                own length.
            instruction: the task in front of a question; None means the model's own. For a model
                other than Qwen3 it is the whole prompt in front of the question.
            placement: device and number type; None means the best ones of this machine.
        """
        self.truncated = 0
        self._model = model
        self._revision = revision
        self._dimension = dimension
        self._instruction = instruction
        self._placement = placement
        self._encoder: Encoder | None = None

    @property
    def model(self) -> str:
        """Name of the model, as the index stores it, with its revision if it is pinned."""
        return name_model(self._model, self._revision)

    @property
    def dimension(self) -> int:
        """Length of a vector; loads the model if no dimension was set."""
        return self._dimension or self._load_encoder().width

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens; a longer text is cut from the right."""
        return self._load_encoder().max_tokens

    def warm_up(self) -> None:
        """Load the model.

        Raises:
            ModelUnavailableError: the weights are not on this machine and can't be downloaded.
            ModelError: the files can't be read, or don't fit the settings.
        """
        if self._encoder is not None:
            return
        placement = self._placement or Placement.choose()
        placement.set_threads()
        folder = locate_model(self._model, self._revision)
        check_packages(self._model, folder)
        with translate_load_errors(self._model, folder):
            kind = Qwen3Encoder if is_qwen3_embedding(folder, _OWN_PROMPT) else LibraryEncoder
            encoder: Encoder = kind(folder, placement, self._instruction)
        if self._dimension and self._dimension > encoder.width:
            raise ModelError(
                f"{self._model} gives vectors of {encoder.width} numbers; "
                f"set DOCENT_EMBEDDING_DIM to at most that, not {self._dimension}."
            )
        self._encoder = encoder

    def embed_query(self, text: str) -> Vector:
        """Embed a question, with the model's query instruction if it has one.

        Returns:
            Array of shape (dimension,), float32, length 1.
        """
        vector: Vector = self._embed([text], query=True)[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions in one pass, each as `embed_query` does.

        Returns:
            Array of shape (n, dimension), float32, rows of length 1; row i belongs to text i.
        """
        return self._embed(texts, query=True)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, without an instruction.

        Returns:
            Array of shape (n, dimension), float32, rows of length 1; row i belongs to text i.
        """
        return self._embed(texts, query=False)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""
        return self._load_encoder().count_tokens(texts) if texts else []

    def _embed(self, texts: Sequence[str], *, query: bool) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        raw, cut = self._load_encoder().encode(texts, query=query)
        self.truncated += cut
        vectors: Vectors = normalize(raw[:, : self.dimension], dim=1).numpy()
        if not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise ModelError(
                f"The model {self._model} gave vectors without a direction (NaN, infinite or all "
                "zero): set DOCENT_DTYPE=float32, or choose another model."
            )
        return vectors

    def _load_encoder(self) -> Encoder:
        self.warm_up()
        if self._encoder is None:
            raise ModelError(f"{self._model} was not loaded.")
        return self._encoder


class Qwen3Encoder:
    """Qwen3-Embedding, run packed instead of through sentence-transformers.

    Packing avoids padding and short matrix products, and shares the reranker's code.
    `benchmarks/embed.py` compares both on the same weights.
    """

    def __init__(self, folder: Path, placement: Placement, instruction: str | None) -> None:
        self._instruction = QUERY_INSTRUCTION if instruction is None else instruction
        self._tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
        self._end = _find_end_token(self._tokenizer, folder)
        model = load_for_packing(Qwen3Model, folder, placement)
        self._decoder = build_decoder(model)
        self.width = int(model.config.hidden_size)
        limit = read_json(folder, "sentence_bert_config.json").get("max_seq_length") or MAX_TOKENS
        self.max_tokens = min(MAX_TOKENS, int(limit), int(model.config.max_position_embeddings))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without the end token."""
        return [len(ids) - 1 for ids in self._tokenise(texts)]

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Tensor, int]:
        """Encode texts as the hidden states of their end tokens.

        Returns:
            Raw vectors of shape (n, width), float32, not normalised; and how many texts were cut.
        """
        if query:
            texts = [self._format_query(text) for text in texts]
        tokens = self._tokenise(texts)
        # Cut the text and not the end token, whose hidden state is the vector.
        most = self.max_tokens - 1
        sequences = [[*ids[:-1][:most], self._end] for ids in tokens]
        cut = sum(len(ids) > self.max_tokens for ids in tokens)
        return self._decoder.compute_last_hidden(sequences), cut

    def _format_query(self, question: str) -> str:
        return QUERY_TEMPLATE.format(instruction=self._instruction, question=question)

    def _tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        tokens: list[list[int]] = self._tokenizer(list(texts), verbose=False).input_ids
        return tokens


def _find_end_token(tokenizer: PreTrainedTokenizerBase, folder: Path) -> int:
    end = tokenizer.convert_tokens_to_ids(END_TOKEN)
    if end is None or tokenizer("a").input_ids[-1] != end:
        raise ModelError(
            f"The tokenizer in {folder} does not end a text with {END_TOKEN}, so its vectors would "
            "be wrong; download the model again, with its own tokenizer."
        )
    return int(end)  # type: ignore[arg-type]


class LibraryEncoder:
    """Any other embedding model, run by sentence-transformers."""

    def __init__(self, folder: Path, placement: Placement, instruction: str | None) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(
            str(folder),
            device=str(placement.device),
            model_kwargs={"dtype": placement.dtype, "use_safetensors": True},
            **LOCAL,
        )
        self._prompt = self._choose_prompt(instruction)
        self.width = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(min(MAX_TOKENS, self._model.max_seq_length or MAX_TOKENS))
        self._model.max_seq_length = self.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""
        return self._count_lengths(texts, special=False)

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Tensor, int]:
        """Encode texts in batches of similar length, so that little is padded.

        Returns:
            Raw vectors of shape (n, width), float32; and how many texts were cut.
        """
        encode = self._model.encode_query if query else self._model.encode_document
        lengths = self._count_lengths(texts, special=True)
        vectors = torch.empty(len(texts), self.width)
        for batch in split_token_batches(
            [min(n, self.max_tokens) for n in lengths], _PADDED_TOKENS
        ):
            rows = encode(
                [texts[i] for i in batch],
                prompt=self._prompt if query else None,
                batch_size=len(batch),
                show_progress_bar=False,
                convert_to_tensor=True,
            )
            vectors[batch] = rows.float().cpu()
        return vectors, sum(length > self.max_tokens for length in lengths)

    def _choose_prompt(self, instruction: str | None) -> str | None:
        """Choose the text before a question; None is the model's own."""
        prompts = {name: prompt for name, prompt in self._model.prompts.items() if prompt}
        own = prompts.get("query", "")
        if instruction is not None:
            # The model's own form around the task, if it has one.
            form = re.fullmatch(r"Instruct: .*(\nQuery: ?)", own, re.DOTALL)
            is_task = form is not None and not instruction.startswith("Instruct:")
            return f"Instruct: {instruction}{form[1]}" if form and is_task else instruction
        others = sorted(prompts.keys() - {"document", "passage", "corpus"})
        if others and not own and self._model.default_prompt_name is None:
            logger.warning(
                "The model has prompts (%s), none of them for questions: set "
                "DOCENT_QUERY_INSTRUCTION to the one that fits, or they get none.",
                ", ".join(others),
            )
        return None

    def _count_lengths(self, texts: Sequence[str], *, special: bool) -> list[int]:
        tokens = self._model.tokenizer(
            list(texts), add_special_tokens=special, truncation=False, padding=False, verbose=False
        )
        return [len(ids) for ids in tokens["input_ids"]]
