"""All checks of `docent doctor`, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.private_files import check_env_file
from bot.settings import BotSettings
from bot.setup.door_checks import check_door
from bot.setup.index_checks import check_milvus, check_sources, check_state
from bot.setup.llm_checks import check_llm
from bot.setup.machine_checks import check_disk, check_memory, check_python
from bot.setup.model_checks import check_model_files
from bot.setup.packages import check_packages
from bot.setup.service_checks import check_discord_app, check_health, check_slack_app
from bot.setup.setting_faults import find_faults
from ingest.settings import IngestSettings
from rag_core.errors import DocentError
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings


def run_all_checks() -> Iterator[CheckResult]:
    """Check all that docent needs; yield each result at once.

    Nothing is downloaded or posted. Settings that are not valid end the checks, because all others
    follow from them.
    """
    yield check_python()
    problems = find_setting_problems()
    for problem in problems:
        yield CheckResult("settings", passed=False, says=problem)
    if problems:
        return
    yield _describe_env_file()
    rag, index_settings = RagSettings.load(), IngestSettings.load()
    bot_settings = BotSettings.load()
    packages = check_packages(rag, index_settings)
    yield packages
    yield check_disk(index_settings)
    yield check_memory(rag)
    yield from check_sources(index_settings)
    if packages.passed:
        yield check_milvus(rag, index_settings)
        yield check_state(index_settings)
        yield from _report_errors("models", check_model_files(rag))
    yield from check_llm(rag)
    yield from check_slack_app(bot_settings)
    yield from check_discord_app(bot_settings)
    yield check_door(bot_settings)
    yield check_health(bot_settings, index_settings)


def _report_errors(name: str, checks: Iterator[CheckResult]) -> Iterator[CheckResult]:
    """Yield the results, and an error as one that failed."""
    try:
        yield from checks
    except DocentError as error:
        yield CheckResult(name, passed=False, says=str(error))


def find_setting_problems() -> list[str]:
    """List a sentence for each fault of the settings, each once."""
    problems = [fault.says for fault in find_faults()]
    try:
        check_env_file()
    except DocentError as error:
        problems.append(str(error))
    return list(dict.fromkeys(problems))  # several settings may come from the same broken file


def _describe_env_file(path: Path = Path(".env")) -> CheckResult:
    if not path.exists():
        says = "valid; there is no .env in this folder, so all come from the environment"
        return CheckResult("settings", passed=True, says=says)
    if warning := check_env_file(path):
        return CheckResult("settings", passed=False, says=warning)
    return CheckResult("settings", passed=True, says="valid; .env in this folder is read")
