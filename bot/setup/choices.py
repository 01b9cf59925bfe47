"""The settings that `docent init` is about to write: checked, and compared with `.env`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import SecretStr

from bot.settings import BotSettings, LogSettings
from bot.setup.llm_checks import check_llm
from bot.setup.model_checks import check_model_files
from ingest.factory import open_downloads
from ingest.inspection.source_trial import try_source
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.sources.source import DownloadCallback, ignore_download_progress
from rag_core.errors import DocentError, SettingsError
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings, Settings

Kind = TypeVar("Kind", bound=Settings)
Values = Mapping[str, str]

KINDS: tuple[type[Settings], ...] = (RagSettings, IngestSettings, BotSettings, LogSettings)

_MODELS = ("DOCENT_PROFILE", "DOCENT_EMBEDDING_", "DOCENT_RERANK")
_LLM = ("OPENAI_", "DOCENT_LLM_", "DOCENT_REWRITE_")
_SLACK = ("SLACK_", "DOCENT_HTTP_")


def list_names() -> dict[str, bool]:
    """Return the name of each setting, with True for a secret."""
    names: dict[str, bool] = {}
    for kind in KINDS:
        for field, info in kind.model_fields.items():
            is_secret = SecretStr in (info.annotation, *get_args(info.annotation))
            names[kind.get_variable_name(field)] = is_secret
    return names


def load_settings(kind: type[Kind], values: Values) -> Kind:
    """Load settings as they will be with some new values.

    Raises:
        SettingsError: a value is not valid.
    """
    return kind.load(**build_overrides(kind, values))


def build_overrides(kind: type[Settings], values: Values) -> dict[str, Any]:
    """Return the fields of some settings that new values set."""
    fields = {kind.get_variable_name(field): field for field in kind.model_fields}
    # An empty value means that the default counts again.
    return {
        field: values[name] or kind.model_fields[field].default
        for name, field in fields.items()
        if name in values
    }


def format_sources(words: Sequence[str]) -> str:
    """Return the value of `DOCENT_SOURCES` for some sources.

    A text that is the path of a file or folder is one source, also with blanks in it.
    """
    uris: list[str] = []
    for word in words:
        is_whole = _is_path(word) or word.lstrip().startswith(("[", "{"))
        uris += [word.strip()] if is_whole else word.split()
    if any(" " in uri and not uri.startswith(("[", "{")) for uri in uris):
        return json.dumps([{"uri": uri} for uri in uris], ensure_ascii=False)
    return " ".join(uris)


def _is_path(word: str) -> bool:
    try:
        return bool(word.strip()) and Path(word.strip()).expanduser().exists()
    except (OSError, ValueError):
        return False


def require_choices(values: Values, known: Values) -> None:
    """Check that nothing is missing that can't be asked for.

    Args:
        values: the new values.
        known: what `.env` and the environment say already.

    Raises:
        SettingsError: sources or models are missing; the sentence names the options.
    """
    have = {name for name in (*values, *known) if values.get(name) or known.get(name)}
    missing = []
    if "DOCENT_SOURCES" not in have:
        missing.append("--sources")
    if not have & {"DOCENT_PROFILE", "DOCENT_EMBEDDING_URL"}:
        missing.append("--profile (or --embedding-url)")
    if missing:
        raise SettingsError(
            f"There is no terminal to ask in, so `docent init` needs {' and '.join(missing)}."
        )


def find_changes(values: Values, written: Values) -> dict[str, str]:
    """Return the old values that new ones replace, by name."""
    changed = (name for name, value in values.items() if written.get(name, value) != value)
    return {name: written[name] for name in changed}


def find_overridden(values: Values) -> list[str]:
    """List the names to which the environment gives other values."""
    return sorted(name for name, value in values.items() if os.environ.get(name, value) != value)


def check_choices(
    values: Values, *, progress: DownloadCallback = ignore_download_progress
) -> Iterator[CheckResult]:
    """Check the parts that the new values are about.

    Args:
        values: the new values.
        progress: gets the progress of downloads of sources.

    Yields:
        The result of each check.
    """
    if "DOCENT_SOURCES" in values:
        yield from check_new_sources(values, progress=progress)
    if _has_any(values, _MODELS):
        yield from check_model_files(load_settings(RagSettings, values))
    if _has_any(values, _LLM):
        yield from check_llm(load_settings(RagSettings, values))
    if _has_any(values, _SLACK):
        yield from check_new_slack(values)


def check_new_sources(
    values: Values, *, progress: DownloadCallback = ignore_download_progress
) -> Iterator[CheckResult]:
    """Read each source; of a website, some pages."""
    settings = load_settings(IngestSettings, values)
    try:
        sources = parse_sources(settings.sources)
    except DocentError as error:
        yield CheckResult("sources", passed=False, says=str(error))
        return
    downloads = open_downloads(settings, prefers_stored=True)
    for source in sources:
        try:
            trial = try_source(source, downloads, is_quick=False, progress=progress)
        except DocentError as error:
            yield CheckResult("source", passed=False, says=f"{source.name}: {error}")
        else:
            yield CheckResult("source", passed=True, says=trial.describe())


def check_new_slack(values: Values) -> Sequence[CheckResult]:
    """Check tokens with Slack."""
    from bot.setup.service_checks import check_slack_app

    return check_slack_app(load_settings(BotSettings, values))


def _has_any(values: Values, beginnings: tuple[str, ...]) -> bool:
    return any(name.startswith(beginnings) and value for name, value in values.items())
