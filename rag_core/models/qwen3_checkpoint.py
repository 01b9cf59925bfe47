"""Qwen3 checkpoints: which of them docent's own code may run, by what their files say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag_core.errors import ModelError
from rag_core.models.snapshot import list_modules, read_json

_POOLINGS = {
    "cls_token",
    "lasttoken",
    "max_tokens",
    "mean_sqrt_len_tokens",
    "mean_tokens",
    "weightedmean_tokens",
}
"""The poolings of sentence-transformers; several of them are put side by side."""


def is_qwen3_embedding(folder: Path, prompt: str) -> bool:
    """Check whether a model computes as Qwen3-Embedding does.

    Its weights may be others. A fine-tune with layers, prompts or a pooling of its own does not:
    sentence-transformers runs it as its files say.

    Raises:
        ModelError: the model is a Qwen3 whose files leave its pooling open.
    """
    if read_json(folder, "config.json").get("model_type") != "qwen3":
        return False
    modules = list_modules(folder)
    is_plain = _has_plain_modules(modules) and _has_plain_settings(folder, modules, prompt)
    if not is_plain and not modules:
        raise ModelError(
            f"The Qwen3 model in {folder} has settings of sentence-transformers but no "
            "modules.json, so its pooling is unknown: download it again, with all its files."
        )
    return is_plain


def _has_plain_modules(modules: Sequence[tuple[str, str]]) -> bool:
    """Return whether the modules are those of Qwen3-Embedding, or none."""
    kinds = [kind for kind, _ in modules if kind != "Normalize"]
    return not modules or (kinds == ["Transformer", "Pooling"] and not modules[0][1])


def _has_plain_settings(folder: Path, modules: Sequence[tuple[str, str]], prompt: str) -> bool:
    """Return whether pooling and prompts are those of Qwen3-Embedding."""
    path = next((path for kind, path in modules if kind == "Pooling"), "1_Pooling")
    pooling = read_json(folder, f"{path}/config.json")
    modes = {name.removeprefix("pooling_mode_") for name, is_on in pooling.items() if is_on is True}
    named = pooling.get("pooling_mode")
    takes_last = named in ("lasttoken", ["lasttoken"]) or modes & _POOLINGS == {"lasttoken"}
    if pooling and not (takes_last and pooling.get("include_prompt", True)):
        return False
    if read_json(folder, "sentence_bert_config.json").get("do_lower_case"):
        return False
    settings = read_json(folder, "config_sentence_transformers.json")
    prompts = settings.get("prompts") or {}
    names = ("document", "passage", "corpus")
    of_passages = next((prompts[name] for name in names if name in prompts), None)
    if of_passages is None:
        of_passages = prompts.get(settings.get("default_prompt_name"))
    return not settings or (prompts.get("query") == prompt and not of_passages)


def is_qwen3_reranker(folder: Path, task: str) -> bool:
    """Check whether a model is a Qwen3 that answers in words.

    A fine-tune with a prompt of its own runs by sentence-transformers.
    """
    config = read_json(folder, "config.json")
    if config.get("model_type") != "qwen3" or config.get("architectures") != ["Qwen3ForCausalLM"]:
        return False
    settings = read_json(folder, "config_sentence_transformers.json")
    own = (settings.get("prompts") or {}).get(settings.get("default_prompt_name"))
    return not own or own == task
