"""Tiny Qwen3 checkpoints with random weights, in the form in which the real ones are published."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3Model

from benchmarks.tutorial import TutorialReranker

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")

SEVEN_SCRIPTS = (
    "Milvus keeps inserted data in object storage, metadata in etcd.",
    "Вектор хранится в сегменте, пока не выполнен flush.",
    "向量数据库把数据存储在对象存储中。",
    "تخزن قاعدة البيانات المتجهات في وحدة التخزين.",
    "डेटाबेस वेक्टर को खंडों में रखता है।",
    "ฐานข้อมูลเก็บเวกเตอร์ไว้ในเซกเมนต์",
    "🚀🔥 👩‍👩‍👧 📦➡️🗄️",
)

# The real tokenizer joins a space to the word behind it, also across the end of the template's
# "<Document>: ". So do these merges, which is what makes the boundary worth testing.
_MERGES = [("y", "e"), ("ye", "s"), ("n", "o"), ("t", "h"), ("th", "e")]
_MERGES += [("Ġ", letter) for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]
_MERGES += [("Ġt", "h"), ("Ġth", "e"), ("i", "n"), ("e", "r"), ("o", "r"), ("a", "t")]


def make_embedder(folder: Path, *, end_token: str | None = "<|endoftext|>", seed: int = 0) -> Path:
    """A Qwen3-Embedding of 32 dimensions with all the files that sentence-transformers reads."""
    _save_tokenizer(folder, end_token=end_token)
    torch.manual_seed(seed)
    model = Qwen3Model(_config(len(_vocabulary()) + len(SPECIAL)))
    _spread(model)
    model.save_pretrained(folder)
    query = (
        "Instruct: Given a web search query, retrieve relevant passages that answer the query"
        "\nQuery:"
    )
    _write(folder / "config_sentence_transformers.json", {"prompts": {"query": query}})
    kinds = ("Transformer", "Pooling", "Normalize")
    modules = [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_{kind}" if number else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for number, kind in enumerate(kinds)
    ]
    _write(folder / "modules.json", modules)
    width = model.config.hidden_size
    pooling = {"word_embedding_dimension": width, "pooling_mode_lasttoken": True}
    _write(folder / "1_Pooling" / "config.json", pooling | {"pooling_mode_mean_tokens": False})
    return folder


def make_reranker(folder: Path, *, seed: int = 0) -> Path:
    """A Qwen3-Reranker whose scores reach from below .05 to above .95.

    Default weights score everything near .5, and a wrong template then moves a score by next to
    nothing: a comparison would prove nothing. So the rows of "yes" and "no" are laid along the
    direction in which the hidden states of sample passages differ most.
    """
    _save_tokenizer(folder, end_token=None)
    torch.manual_seed(seed)
    model = Qwen3ForCausalLM(_config(len(_vocabulary()) + len(SPECIAL)))
    _spread(model)
    model.save_pretrained(folder)
    tutorial = TutorialReranker.load(folder)
    hidden = torch.cat([_last_hidden(tutorial, passage) for passage in sample_passages(48)])
    yes, no = tutorial.token_true_id, tutorial.token_false_id
    with torch.no_grad():
        head = model.lm_head.weight
        head[yes] = head[no] + _separating(hidden)
    model.save_pretrained(folder)
    return folder


def sample_passages(count: int) -> list[str]:
    """Passages of many lengths in seven scripts; each begins with its own number."""
    scripts = len(SEVEN_SCRIPTS)
    return [
        f"{i} " + " ".join(SEVEN_SCRIPTS[(i + j) % scripts] for j in range(1 + i * i % 7))
        for i in range(count)
    ]


def _last_hidden(tutorial: TutorialReranker, passage: str) -> torch.Tensor:
    inputs = tutorial.process_inputs([tutorial.format_instruction(None, "where is data", passage)])
    with torch.no_grad():
        return tutorial.model.base_model(**inputs).last_hidden_state[:, -1]


def _separating(hidden: torch.Tensor) -> torch.Tensor:
    """The states' first principal direction, with a mean of 0 and a reach of logit 6 each way."""
    mean = hidden.mean(0)
    direction = torch.linalg.svd(hidden - mean).Vh[0]
    direction -= mean * (direction @ mean) / (mean @ mean)
    logits = hidden @ direction
    return direction * (6 / torch.minimum(logits.max(), -logits.min()))


def _config(vocab_size: int) -> Qwen3Config:
    return Qwen3Config(
        vocab_size=vocab_size,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=64,
        max_position_embeddings=32768,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        tie_word_embeddings=False,
    )


def _spread(model: torch.nn.Module) -> None:
    """Weights large enough that attention is not uniform and every token matters."""
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=1.5 / parameter.shape[1] ** 0.5)


def _vocabulary() -> dict[str, int]:
    bytes_ = sorted(pre_tokenizers.ByteLevel.alphabet())
    return {token: i for i, token in enumerate([*bytes_, *(a + b for a, b in _MERGES)])}


def _save_tokenizer(folder: Path, *, end_token: str | None) -> None:
    tokenizer = Tokenizer(BPE(_vocabulary(), _MERGES))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    if end_token is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"$A {end_token}",
            pair=f"$A $B {end_token}",
            special_tokens=[(end_token, tokenizer.token_to_id(end_token))],
        )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "Qwen2Tokenizer",
            "pad_token": "<|endoftext|>",
            "eos_token": "<|im_end|>",
            "model_max_length": 131072,
            "padding_side": "left",
            "added_tokens_decoder": {
                str(tokenizer.token_to_id(token)): {"content": token, "special": True}
                for token in SPECIAL
            },
        },
    )


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
