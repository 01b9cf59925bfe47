"""Settings whose value docent can't use, as far as that shows without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.settings import BotSettings
from bot.setup.choices import KINDS, Values, build_overrides, load_settings
from bot.slack.client.required_secrets import require_beginning, reveal_secret
from ingest.cron import parse_schedule
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.state.database import has_state_database
from rag_core.addresses import check_port, parse_http_address
from rag_core.errors import DocentError, SettingsError
from rag_core.factory import open_each_embedder, open_remote_reranker
from rag_core.generation.instructions import read_instructions
from rag_core.generation.llm.role import ANSWERS, REWRITES, parse_options
from rag_core.index.milvus_lite import check_name
from rag_core.query.glossary import Glossary
from rag_core.settings import RagSettings, Settings

Check = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that docent can't use.

    Attributes:
        variable: the setting; '' if `.env` as a whole can't be read.
        says: a sentence about it.
    """

    variable: str
    says: str


def find_faults(values: Values | None = None) -> list[Fault]:
    """Find every setting that is not valid; nothing is asked or downloaded.

    Args:
        values: new values, which take the place of those in the environment and `.env`.

    Returns:
        The faults, one for each setting.
    """
    new = values or {}
    try:
        faults = {
            name: says
            for kind in KINDS
            for name, says in kind.find_faults(**build_overrides(kind, new)).items()
        }
        for name, check in _list_checks(new, frozenset(faults)):
            try:
                check()
            except DocentError as error:
                if str(error) not in faults.values():  # the check of a key reads the address, too
                    faults[name] = str(error)
    except DocentError as error:
        return [Fault("", str(error))]
    return [Fault(name, says) for name, says in faults.items()]


def require_valid(values: Values) -> None:
    """Check that every setting will be valid with some new values.

    Raises:
        SettingsError: some are not; it has a sentence for each.
    """
    if faults := find_faults(values):
        raise SettingsError(" ".join(dict.fromkeys(fault.says for fault in faults)))


def _list_checks(values: Values, unreadable: frozenset[str]) -> Iterator[tuple[str, Check]]:
    """Yield a check for each setting with a form of its own.

    The settings of a kind are left out where one of them can't even be read.
    """
    if _can_load(RagSettings, unreadable):
        yield from _check_rag(load_settings(RagSettings, values))
    if _can_load(IngestSettings, unreadable):
        yield from _check_ingest(load_settings(IngestSettings, values))
    if _can_load(BotSettings, unreadable):
        yield from _check_bot(load_settings(BotSettings, values))


def _can_load(kind: type[Settings], unreadable: frozenset[str]) -> bool:
    names = {kind.get_variable_name(field) for field in kind.model_fields}
    return not names & unreadable


def _check_rag(rag: RagSettings) -> Iterator[tuple[str, Check]]:
    yield "DOCENT_INSTRUCTIONS", lambda: read_instructions(rag.instructions)
    if path := rag.glossary:
        yield "DOCENT_GLOSSARY", lambda: Glossary.read(path)
    yield ANSWERS, lambda: parse_options(ANSWERS, rag.llm_options)
    yield REWRITES, lambda: parse_options(REWRITES, rag.rewrite_options)
    if base_url := rag.openai_base_url:
        yield "OPENAI_BASE_URL", lambda: parse_http_address("OPENAI_BASE_URL", base_url)
    keyless = rag.model_copy(update={"embedding_api_key": None, "rerank_api_key": None})
    yield "DOCENT_EMBEDDING_URL", lambda: open_each_embedder(keyless)
    yield "DOCENT_EMBEDDING_API_KEY", lambda: open_each_embedder(rag)
    if rag.rerank_url:
        yield "DOCENT_RERANK_URL", lambda: open_remote_reranker(keyless)
        yield "DOCENT_RERANK_API_KEY", lambda: open_remote_reranker(rag)
    yield "DOCENT_MILVUS_URI", lambda: _check_milvus_uri(rag)


def _check_milvus_uri(rag: RagSettings) -> None:
    if rag.milvus_path:
        check_name(rag.milvus_path)
        return
    check_port("DOCENT_MILVUS_URI", rag.milvus_uri)
    if not rag.milvus_uri.startswith("tcp://"):  # pymilvus takes it, too
        parse_http_address("DOCENT_MILVUS_URI", rag.milvus_uri)


def _check_ingest(settings: IngestSettings) -> Iterator[tuple[str, Check]]:
    yield "DOCENT_SOURCES", lambda: parse_sources(settings.sources)
    yield "DOCENT_TIMEZONE", lambda: parse_schedule("off", settings.timezone)
    yield "DOCENT_SYNC_SCHEDULE", lambda: parse_schedule(settings.sync_schedule, "UTC")
    yield "DOCENT_STATE_URL", lambda: has_state_database(settings.resolved_state_url)


def _check_bot(settings: BotSettings) -> Iterator[tuple[str, Check]]:
    yield "SLACK_API_URL", lambda: parse_http_address("SLACK_API_URL", settings.slack_api_url)
    if token := reveal_secret(settings.slack_bot_token):
        yield "SLACK_BOT_TOKEN", lambda: require_beginning("SLACK_BOT_TOKEN", token)
    if app_token := reveal_secret(settings.slack_app_token):
        yield "SLACK_APP_TOKEN", lambda: require_beginning("SLACK_APP_TOKEN", app_token)
