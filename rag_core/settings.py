"""Settings of models, Milvus and the LLM, from the environment and `.env`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag_core.errors import SettingsError

REVISION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
"""Form of a revision: a commit, or the name of a tag or branch."""


DEFAULT_LLM = "gpt-6-luna"
"""OpenAI's successor of gpt-4o, which ends on 14 January 2027 (docs/llm.md)."""


class Settings(BaseSettings):
    """Base of the settings of all packages: frozen, from `DOCENT_*`; an empty value is unset."""

    model_config = SettingsConfigDict(
        env_prefix="DOCENT_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings.

        Raises:
            SettingsError: a value is not valid, and the sentence names the variable and the
                problem; or .env can't be read as text.
        """
        try:
            return cls._read(overrides)
        except ValidationError as error:
            name, problem = next(iter(cls._list_problems(error).items()))
            raise SettingsError(f"{name} is not valid: {problem}.") from error

    @classmethod
    def find_faults(cls, **overrides: Any) -> dict[str, str]:
        """Return a sentence for each variable whose value is not valid.

        Raises:
            SettingsError: .env can't be read as text.
        """
        try:
            cls._read(overrides)
        except ValidationError as error:
            problems = cls._list_problems(error)
            return {name: f"{name} is not valid: {says}." for name, says in problems.items()}
        return {}

    @classmethod
    def _read(cls, overrides: dict[str, Any]) -> Self:
        try:
            return cls(**overrides)
        except UnicodeDecodeError as error:
            raise SettingsError("The file .env is not in UTF-8: save it as UTF-8.") from error
        except OSError as error:
            raise SettingsError(
                f"The file .env can't be read ({error.strerror}): let docent read it, or remove it."
            ) from error

    @classmethod
    def _list_problems(cls, error: ValidationError) -> dict[str, str]:
        """Return the first problem of each variable."""
        problems: dict[str, str] = {}
        for each in error.errors():
            name = cls.get_variable_name(str(each["loc"][0])) if each["loc"] else "a setting"
            problems.setdefault(name, each["msg"])
        return problems

    @classmethod
    def get_variable_name(cls, field: str) -> str:
        """Return the environment variable of a field."""
        info = cls.model_fields.get(field)
        alias = info.validation_alias if info else None
        if isinstance(alias, str):
            return alias
        return field if field.isupper() else f"DOCENT_{field.upper()}"


class RagSettings(Settings):
    """Models, Milvus and the LLM."""

    profile: Literal["qwen3", "starter"] = Field(
        "qwen3", description="Models: `qwen3` (multilingual) or `starter` (English, no download)."
    )
    embedding_model: str = Field(
        "Qwen/Qwen3-Embedding-0.6B",
        description="Embedding model of the qwen3 profile, or of the server.",
    )
    embedding_revision: str | None = Field(
        None,
        pattern=REVISION,
        description="Commit, tag or branch of the embedding model on the hub, for docent's own "
        "model; a commit pins it. A change embeds everything again.",
    )
    embedding_dim: int | None = Field(
        None,
        ge=1,
        description="Length to which vectors are cut, for models trained for that (Matryoshka); "
        "unset keeps them whole.",
    )
    embedding_max_tokens: int = Field(
        8192, ge=64, description="Longest text that the embedding server takes, in tokens."
    )
    embedding_url: str | None = Field(
        None,
        description="Server with OpenAI's `/v1/embeddings` that embeds instead of docent's own "
        "model; or several of one model, separated by white space or commas.",
    )
    embedding_api_key: SecretStr | None = Field(None, description="Key of the embedding server.")
    query_instruction: str | None = Field(
        None,
        description="Task that precedes a question for a Qwen3 embedding model; for another "
        "model, the whole text in front of the question. By default Qwen3's own, or none.",
    )
    reranker_model: str = Field(
        "Qwen/Qwen3-Reranker-0.6B", description="Reranker of the qwen3 profile, or of the server."
    )
    reranker_revision: str | None = Field(
        None,
        pattern=REVISION,
        description="Commit, tag or branch of the reranker on the hub, for docent's own model; a "
        "commit pins it.",
    )
    rerank_url: str | None = Field(
        None, description="Server with `/rerank` that reranks instead of docent's own model."
    )
    rerank_api_key: SecretStr | None = Field(None, description="Key of the rerank server.")
    rerank_instruction: str | None = Field(
        None, description="Task that a Qwen3 reranker reads with each pair; by default its own."
    )
    rerank_budget_ms: int | None = Field(
        None,
        ge=0,
        description="Milliseconds for reranking a question's passages; passages that are not "
        "reached keep the order of the search. 0 means no limit; by default 10000 for `qwen3`, "
        "none for `starter`.",
    )
    device: str | None = Field(
        None,
        pattern=r"^(cpu|mps|cuda(:\d+)?)$",
        description="Where the models of the qwen3 profile run: `cpu`, `cuda`, `cuda:1` or `mps`. "
        "By default a GPU if there is one.",
    )
    dtype: Literal["float32", "bfloat16", "float16"] | None = Field(
        None,
        description="Number type of the qwen3 profile's models: `float32`, `bfloat16` or "
        "`float16`. By default bfloat16 if the hardware supports it, else float32.",
    )
    threads: int | None = Field(
        None, ge=1, le=1024, description="CPU threads of the models; by default one for each core."
    )
    max_questions: int = Field(
        32,
        ge=1,
        description="Questions searched or waiting at a time; docent asks people with further "
        "ones to try again.",
    )
    milvus_uri: str = Field(
        "data/milvus.db",
        description="Milvus Lite directory (ends in `.db`), or a server's or Zilliz Cloud's URI.",
    )
    milvus_token: SecretStr | None = Field(
        None, description="Token of a Milvus server or Zilliz Cloud."
    )
    collection: str = Field(
        "docent", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Name of the index in Milvus."
    )
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias="OPENAI_API_KEY",
        description="Key of the LLM; without it answers quote the documentation.",
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias="OPENAI_BASE_URL",
        description="Base URL of any OpenAI-compatible server.",
    )
    llm_model: str = Field(DEFAULT_LLM, description="Name of the LLM.")
    llm_options: str = Field(
        "",
        description="JSON object that is merged into each request to the LLM, such as "
        '`{"reasoning_effort": "low"}`.',
    )
    rewrite_model: str | None = Field(
        None,
        description="Model on the same server that rewrites follow-up questions; by default the "
        "LLM itself.",
    )
    rewrite_options: str = Field(
        "",
        description="JSON object that is merged into each request for a rewriting; by default "
        "`DOCENT_LLM_OPTIONS` if the model is the same.",
    )
    llm_images: bool = Field(
        default=False,
        description="Whether the LLM takes pictures; if not, answers say that docent can't see "
        "them.",
    )
    answer_seconds: float = Field(
        120,
        gt=0,
        description="Seconds that a question may take; after that, the answer is sent without what "
        "is missing.",
    )
    answer_characters: int = Field(
        12_000, ge=500, description="Longest answer of the LLM, in characters; it is cut there."
    )
    instructions: str = Field(
        "",
        description="What the team tells the LLM about its answers: a text, or the path of a file; "
        "at most 4,000 characters.",
    )
    glossary: Path | None = Field(
        None,
        description="File of the team's own words for the search and the LLM, a line "
        "`term = meaning` each.",
    )
    abstention: Literal["auto", "off"] = Field(
        "auto",
        description="Whether docent says that it found nothing when the searches point to that, "
        "and checks citations: `auto` for models that were measured, or `off`.",
    )

    @property
    def calibration_path(self) -> Path:
        """File beside the index, in which `docent eval --fit` keeps the calibration."""
        lite = self.milvus_path
        folder, name = (lite.parent, lite.stem) if lite else (Path("data"), self.collection)
        return folder / f"{name}.calibration.json"

    @property
    def milvus_path(self) -> Path | None:
        """Directory of Milvus Lite; None if the URI names a server."""
        if "://" in self.milvus_uri:
            return None
        return Path(os.path.expanduser(self.milvus_uri))  # noqa: PTH111  (keeps an unknown `~name`)


def read_setting_file(variable: str, path: Path, *, limit: int) -> str:
    """Read the text of a file that a setting names.

    Args:
        variable: the environment variable, for the error.
        path: the file; `~` is the home folder.
        limit: most characters.

    Returns:
        The text, without a byte order mark.

    Raises:
        SettingsError: there is no such file, or it can't be read, is not UTF-8 or is too long.
    """
    path = Path(os.path.expanduser(path))  # noqa: PTH111  (keeps an unknown `~name`)
    if not os.path.isfile(path):  # noqa: PTH113  (False for what can't be a path)
        raise SettingsError(f"{variable} names the file {path}, which is not there.")
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(limit + 1)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: {path} is not UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{variable}: {path} can't be read: {error.strerror}.") from error
    if len(text) > limit:
        raise SettingsError(
            f"{variable}: {path} has more than {limit:,} characters, which docent does not read."
        )
    return text


def name_model(model: str, revision: str | None) -> str:
    """Return a model's name with its pinned revision.

    The index stores it so, because other revisions have other vectors. The name alone stands for
    a model that is not pinned.
    """
    return f"{model}@{revision}" if revision else model
