"""The real command line beside a real `docent serve`, and on its own without a model."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bot.scenarios.test_serve import serving, settings, start
from tests.conftest import ROOT
from tests.servers.slack.server import SlackServer

__all__ = ["settings"]  # a fixture

NO_MODELS = """
import sys
from bot import cli
sys.argv = ["docent", *sys.argv[1:]]
try:
    cli.main()
finally:
    loaded = {"torch", "transformers", "openai", "slack_bolt"} & set(sys.modules)
    assert not loaded, loaded
"""


async def run(settings: dict[str, str], folder: Path, *args: str) -> Any:
    """The JSON of a command that must work."""
    docent = await start(settings, folder, *args, "--json")
    out, log = await docent.communicate()
    assert docent.returncode == 0, log.decode()
    return json.loads(out)


async def test_every_command_works_while_the_service_holds_the_index(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    page = tmp_path / "docs" / "storage.md"
    first = await run(settings, tmp_path, "index")
    async with serving(slack_server, settings, tmp_path):
        assert (await run(settings, tmp_path, "index"))["unchanged"]
        page.write_text(page.read_text() + "\n## Where are logs?\n\nLogs are kept in Pulsar.\n")
        assert (await run(settings, tmp_path, "index", "--dry-run"))["changed"] == 1
        second = await run(settings, tmp_path, "index")
        assert (second["changed"], second["embedded"]) == (1, 1)
        answer = await run(settings, tmp_path, "ask", "Where are the logs kept?")
        assert "Pulsar" in answer["answer"]
        assert answer["revision"] == second["revision"]
        found = await run(settings, tmp_path, "search", "logs", "--limit", "1")
        assert "Pulsar" in found["passages"][0]["text"]
        elsewhere = await start(settings, tmp_path, "ask", "Where?", "--source", "nope")
        _, said = await elsewhere.communicate()
        assert (elsewhere.returncode, b"source nope: there is docs." in said) == (1, True)
        assert all(check["passed"] for check in await run(settings, tmp_path, "doctor", "--index"))
        assert (await run(settings, tmp_path, "rollback"))["revision"] == first["revision"]
        versions = await run(settings, tmp_path, "versions")
        assert [one["pinned"] for one in versions] == [False, True]
        refused = await start(settings, tmp_path, "index")
        _, said = await refused.communicate()
        assert refused.returncode == 1
        assert "--resume" in said.decode().splitlines()[-1]
        assert (await run(settings, tmp_path, "index", "--resume"))["revision"] == (
            second["revision"]
        )
    assert not (tmp_path / "data" / "milvus.sock").exists()


async def test_no_model_is_loaded_without_need(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    assert slack_server
    await run(settings, tmp_path, "index")
    (tmp_path / "docs" / "more.md").write_text("# More\n\nText.")
    await run(settings, tmp_path, "index")
    for command in ("index", "versions", "status", "rollback"):
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", NO_MODELS, command, "--json"],
            cwd=tmp_path,
            env={**settings, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)
