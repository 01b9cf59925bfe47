"""Tiny Qwen3 checkpoints with random weights, in the form in which the real ones are published."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM, Qwen3Model

from benchmarks.harness.tutorial import INSTRUCTION, PREFIX, SUFFIX, TutorialReranker
from rag_core.models.probe import PASSAGES, QUESTIONS

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")

QUERY = "How is data stored in milvus?"

SEVEN_SCRIPTS = (
    "Milvus keeps inserted data in object storage, metadata in etcd.",
    "Вектор хранится в сегменте, пока не выполнен flush.",
    "向量数据库把数据存储在对象存储中。",
    "تخزن قاعدة البيانات المتجهات في وحدة التخزين.",
    "डेटाबेस वेक्टर को खंडों में रखता है।",
    "ฐานข้อมูลเก็บเวกเตอร์ไว้ในเซกเมนต์",
    "🚀🔥 👩‍👩‍👧 📦➡️🗄️",
)


def tiny_config() -> Qwen3Config:
    """Three layers of 32 dimensions."""
    return Qwen3Config(
        vocab_size=len(_vocabulary()) + len(SPECIAL),
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


def make_embedder(
    folder: Path, *, config: Qwen3Config | None = None, end_token: str = "<|endoftext|>"
) -> Path:
    """A Qwen3-Embedding with all the files that sentence-transformers reads."""
    save_tokenizer(folder, end_token=end_token)
    torch.manual_seed(0)
    model = Qwen3Model(config or tiny_config())
    _spread(model)
    model.save_pretrained(folder)
    prompts = {"query": f"Instruct: {INSTRUCTION}\nQuery:"}
    _write(folder / "config_sentence_transformers.json", {"prompts": prompts})
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


def make_reranker(
    folder: Path, *, config: Qwen3Config | None = None, passages: Sequence[str] = ()
) -> Path:
    """A Qwen3-Reranker whose scores of these passages reach from below .05 to above .95.

    Default weights score everything near .5, and a wrong template then moves a score by next to
    nothing: a comparison would prove nothing. So the rows of "yes" and "no" are laid along the
    direction in which the hidden states of the passages differ most.
    """
    save_tokenizer(folder)
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(config or tiny_config()).eval()
    _spread(model)
    tutorial = TutorialReranker(AutoTokenizer.from_pretrained(folder, padding_side="left"), model)
    hidden = [_last_hidden(tutorial, passage) for passage in passages or sample_passages(48)]
    direction = _pass_probe(tutorial, _separating(hidden))
    with torch.no_grad():
        head = model.lm_head.weight
        head[tutorial.token_true_id] = head[tutorial.token_false_id] + direction
    model.save_pretrained(folder)
    return folder


def sample_passages(count: int) -> list[str]:
    """Passages of many lengths in seven scripts; each begins with its own number."""
    scripts = len(SEVEN_SCRIPTS)
    return [
        f"{i} " + " ".join(SEVEN_SCRIPTS[(i + j) % scripts] for j in range(1 + i * i % 7))
        for i in range(count)
    ]


def _pass_probe(tutorial: TutorialReranker, direction: torch.Tensor) -> torch.Tensor:
    """The nearest direction that also answers the probe, with logits of 1 and -1.

    A random model can't be trusted and would not be loaded; this one knows four pairs by heart.
    """
    pairs = [(asked, told) for asked in range(2) for told in range(2)]
    hidden = torch.stack([_last_hidden(tutorial, PASSAGES[t], QUESTIONS[a]) for a, t in pairs])
    wanted = torch.tensor([1.0 if asked == told else -1.0 for asked, told in pairs])
    return direction + torch.linalg.pinv(hidden) @ (wanted - hidden @ direction)


def _last_hidden(tutorial: TutorialReranker, passage: str, query: str = QUERY) -> torch.Tensor:
    inputs = tutorial.process_inputs([tutorial.format_instruction(None, query, passage)])
    with torch.no_grad():
        return tutorial.model.base_model(**inputs).last_hidden_state[0, -1]


def _separating(states: list[torch.Tensor]) -> torch.Tensor:
    """The states' first principal direction, with a mean of 0 and a reach of logit 6 each way."""
    hidden = torch.stack(states)
    mean = hidden.mean(0)
    direction = torch.linalg.svd(hidden - mean).Vh[0]
    direction -= mean * (direction @ mean) / (mean @ mean)
    logits = hidden @ direction
    return direction * (6 / torch.minimum(logits.max(), -logits.min()))


def _spread(model: torch.nn.Module) -> None:
    """Weights large enough that attention is not uniform and every token matters."""
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=1.5 / parameter.shape[1] ** 0.5)


def _merges() -> list[tuple[str, str]]:
    """Every word of the template is a token, and so is each letter behind a space.

    Like the real tokenizer, it joins a space to the word behind it, also across the end of the
    template's "<Document>: ".
    """
    words = re.findall(r" ?[A-Za-z]+", f"{PREFIX} {INSTRUCTION}{SUFFIX}<Query><Document><Instruct>")
    words += [f" {letter}" for letter in string.ascii_letters]
    merges: dict[tuple[str, str], None] = {}
    for word in sorted(words):  # words with a space first: theirs win over those of bare words
        spelled = word.replace(" ", "Ġ")
        for end in range(1, len(spelled)):
            merges[spelled[:end], spelled[end]] = None
    return list(merges)


def _vocabulary() -> dict[str, int]:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(left + right for left, right in _merges())]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def save_tokenizer(folder: Path, *, end_token: str | None = None) -> None:
    """The tokenizer's files; it puts `end_token` behind every text if there is one."""
    tokenizer = Tokenizer(BPE(_vocabulary(), _merges()))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    if end_token is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"$A {end_token}",
            special_tokens=[(end_token, tokenizer.token_to_id(end_token))],
        )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "pad_token": "<|endoftext|>",
        "eos_token": "<|im_end|>",
        "model_max_length": 131072,
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(token)): {"content": token, "special": True}
            for token in SPECIAL
        },
    }
    _write(folder / "tokenizer_config.json", settings)


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
