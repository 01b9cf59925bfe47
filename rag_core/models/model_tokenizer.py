"""The tokenizer of a local embedding model without its weights, to count as the embedder does."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from rag_core.models.admission import LOCAL
from rag_core.models.embedder import MAX_TOKENS
from rag_core.models.snapshot import read_json
from rag_core.models.weights import locate_model, translate_load_errors


class ModelTokenizer:
    """Counts the tokens of an embedding model.

    Args:
        model: name on the model hub, or a folder.
        revision: commit, tag or branch on the hub; None means what is cached, else `main`.

    Raises:
        ModelUnavailableError: the model is not on this machine and can't be downloaded.
        ModelError: its files can't be read.
    """

    def __init__(self, model: str, revision: str | None = None) -> None:
        folder = locate_model(model, revision)
        with translate_load_errors(model, folder):
            self._tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                folder, **LOCAL
            )
            limit = read_json(folder, "sentence_bert_config.json").get("max_seq_length")
            longest = read_json(folder, "config.json").get("max_position_embeddings")
        limits = (MAX_TOKENS, limit, longest, self._tokenizer.model_max_length)
        self.max_tokens = min(int(most) for most in limits if most)
        """Longest input of the model, special tokens included."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""
        if not texts:
            return []
        tokens = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]
