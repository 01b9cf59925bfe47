"""Quantised checkpoints: which packages they need, and what a failure to load them means."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from rag_core.errors import ModelError
from rag_core.models.snapshot import read_json

_ACCELERATE = ("accelerate", "accelerate")
_PACKAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "aqlm": (("aqlm", "aqlm"), _ACCELERATE),
    "auto-round": (("auto_round", "auto-round"),),
    "awq": (("gptqmodel", "gptqmodel"), _ACCELERATE),
    "bitnet": (_ACCELERATE,),
    "bitsandbytes": (("bitsandbytes", "bitsandbytes"), _ACCELERATE),
    "compressed-tensors": (("compressed_tensors", "compressed-tensors"),),
    "fbgemm_fp8": (("fbgemm_gpu", "fbgemm-gpu"), _ACCELERATE),
    "fp8": (_ACCELERATE,),
    "gptq": (("gptqmodel", "gptqmodel"), ("optimum", "optimum")),
    "hqq": (("hqq", "hqq"),),
    "mxfp4": (("kernels", "kernels"), _ACCELERATE),
    "mxfp8": (_ACCELERATE,),
    "quanto": (("optimum.quanto", "optimum-quanto"), _ACCELERATE),
    "quark": (("quark", "amd-quark"),),
    "spqr": (("spqr_quant", "spqr-quant"), _ACCELERATE),
    "torchao": (("torchao", "torchao"),),
    "vptq": (("vptq", "vptq"), _ACCELERATE),
}
"""The modules that `transformers` imports for each method, and the packages that have them."""


def find_quantisation(folder: Path) -> str | None:
    """Return the method by which a checkpoint is quantised, or None."""
    config = read_json(folder, "config.json")
    settings = config.get("quantization_config") or config.get("compression_config")
    if not isinstance(settings, dict):
        return None
    method = settings.get("quant_method")
    if method:
        return str(method).lower()
    is_old = settings.get("load_in_4bit") or settings.get("load_in_8bit")
    return "bitsandbytes" if is_old else "unknown"


def check_packages(model: str, folder: Path) -> None:
    """Refuse a quantised checkpoint whose packages are not installed.

    Raises:
        ModelError: naming the packages.
    """
    method = find_quantisation(folder)
    missing = [name for module, name in _PACKAGES.get(method or "", ()) if not _has(module)]
    if missing:
        raise ModelError(
            f"The model {model} is quantised with {method}, which needs {' and '.join(missing)}: "
            f"run `pip install {' '.join(missing)}`, or choose the model without quantisation."
        )


def build_load_error(model: str, method: str, error: Exception) -> ModelError:
    """Build the error of a quantised checkpoint that can't be loaded.

    Args:
        model: name of the model.
        method: by which it is quantised.
        error: what its packages raised.

    Returns:
        The error, which quotes that.
    """
    reason = " ".join(str(error).split())[:200].rstrip(". ") or type(error).__name__
    return ModelError(
        f"The model {model} is quantised with {method}, and this machine can't load it ({reason}): "
        "choose the model without quantisation, or serve it elsewhere."
    )


def _has(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False
