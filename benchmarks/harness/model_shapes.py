"""Models of the real 0.6B shape with random weights, and texts of known lengths for them.

Speed depends on shapes, not on what the weights say, so nothing has to be downloaded.
"""

from __future__ import annotations

import random
import string

from transformers import Qwen3Config

from tests.rag_core.checkpoints import tiny_config

QUESTION = "How is data stored in milvus?"


def shape(*, tiny: bool) -> Qwen3Config:
    """Qwen3-Embedding-0.6B and Qwen3-Reranker-0.6B have the same one. Source: their config.json.

    The head is not tied here, so that the scores can be spread without touching the embeddings.
    """
    if tiny:
        return tiny_config()
    return Qwen3Config(
        vocab_size=151669,
        hidden_size=1024,
        num_hidden_layers=28,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        intermediate_size=3072,
        max_position_embeddings=32768,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        tie_word_embeddings=False,
    )


def passages(count: int, *, shortest: int = 60, longest: int = 380) -> list[str]:
    """Passages of evenly spaced lengths in tokens (a letter is a token), in random order."""
    chance = random.Random(0)
    step = (longest - shortest) / max(1, count - 1)
    lengths = [round(shortest + step * i) for i in range(count)]
    chance.shuffle(lengths)
    return [" ".join(chance.choices(string.ascii_letters, k=length)) for length in lengths]


def matrix_flops(config: Qwen3Config, tokens: int) -> float:
    """Floating-point operations of the decoder's matrix products, attention and head left out."""
    attention = (config.num_attention_heads + config.num_key_value_heads) * 2 * config.head_dim
    layer = config.hidden_size * (attention + 3 * config.intermediate_size)
    return 2.0 * config.num_hidden_layers * layer * tokens
