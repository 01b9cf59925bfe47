"""`docent serve` with both models on servers: seconds until it is connected, and its memory.

    python -m benchmarks.remote --json

Runs the installed command in processes of its own against local stand-ins of Slack and of the model
servers, once with Milvus Lite inside and once with Milvus as a server (Milvus Lite's own, in a
process apart). The baseline is `import torch` alone, in turns with them in the same run. Needs
Linux, which tells the memory of a process in `/proc`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tests.servers.inference import InferenceServer
from tests.servers.slack.server import SlackServer

ROOT = Path(__file__).parent.parent
CORPUS = ROOT.parent / "shared" / "corpus" / "milvus_docs_2.4.x_en.zip"
QUESTION = "How is data stored in milvus?"
DIMENSION = 1024
BIN = Path(sys.executable).parent
START_SECONDS = 60


@dataclass(frozen=True)
class Start:
    """Cost of one start.

    Attributes:
        seconds: until Slack is connected.
        cpu_seconds: of these, what the process computed: a busy machine changes it less.
        connected_mb: the highest memory until then.
        answered_mb: the highest memory after a first question.
    """

    seconds: float
    cpu_seconds: float
    connected_mb: float
    answered_mb: float


FIELDS = fields(Start)


def main(words: list[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--source", type=Path, default=CORPUS, help="What to index.")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder, _model_servers() as settings:
        settings["DOCENT_SOURCES"] = str(arguments.source.resolve())
        found = asyncio.run(measure(settings, Path(folder), arguments.repeats))
    print(json.dumps(found, indent=2))


async def measure(settings: dict[str, str], folder: Path, repeats: int) -> dict[str, Any]:
    """Index into both kinds of Milvus, then start in turns with the baseline."""
    lite, server = folder / "lite", folder / "server"
    lite.mkdir()
    server.mkdir()
    starts: dict[str, list[Start]] = {"import_torch": [], "milvus_lite": [], "milvus_server": []}
    with _milvus_server(server) as uri:
        served = settings | {"DOCENT_MILVUS_URI": uri}
        chunks = _index(settings, lite)
        _index(served, server)
        for _ in range(repeats):
            starts["import_torch"].append(_import_torch())
            starts["milvus_lite"].append(await _serve(settings, lite))
            starts["milvus_server"].append(await _serve(served, server))
    return {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "chunks": chunks,
        "dimension": DIMENSION,
        **{name: _median(found) for name, found in starts.items()},
    }


def _median(starts: list[Start]) -> dict[str, float]:
    columns = {field.name: [getattr(start, field.name) for start in starts] for field in FIELDS}
    medians = {name: round(statistics.median(found), 2) for name, found in columns.items()}
    return medians | {"fastest_seconds": round(min(columns["seconds"]), 2)}


def _index(settings: dict[str, str], folder: Path) -> int:
    command = [str(BIN / "docent"), "index", "--json"]
    ran = subprocess.run(command, cwd=folder, env=settings, stdout=subprocess.PIPE, check=True)
    chunks: int = json.loads(ran.stdout)["chunks"]
    return chunks


def _import_torch() -> Start:
    code = "import torch; print(open('/proc/self/status').read(), open('/proc/self/stat').read())"
    started = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds = time.perf_counter() - started
    peak = _peak_mb(ran.stdout)
    return Start(seconds, _cpu(ran.stdout), peak, peak)


async def _serve(settings: dict[str, str], folder: Path) -> Start:
    """Start, wait for the connection, ask one question, end."""
    async with SlackServer() as slack:
        env = settings | {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.base_url,
        }
        started = time.perf_counter()
        async with _running(env, folder) as pid:
            await slack.wait_connected(timeout=START_SECONDS)
            seconds = time.perf_counter() - started
            cpu, connected = _cpu(_proc(pid, "stat")), _peak_mb(_proc(pid, "status"))
            asked = await slack.mention(QUESTION)
            await slack.wait_for_reply(asked, containing="Sources", timeout=START_SECONDS)
            return Start(seconds, cpu, connected, _peak_mb(_proc(pid, "status")))


@contextlib.asynccontextmanager
async def _running(env: dict[str, str], folder: Path) -> AsyncIterator[int]:
    docent = await asyncio.create_subprocess_exec(
        BIN / "docent", "serve", cwd=folder, env=env, stdout=DEVNULL, stderr=PIPE
    )
    try:
        yield docent.pid
    except TimeoutError as error:
        docent.send_signal(signal.SIGTERM)
        _, log = await docent.communicate()
        raise SystemExit(f"{error}\n{log.decode()}") from error
    docent.send_signal(signal.SIGTERM)
    await docent.communicate()


@contextlib.contextmanager
def _model_servers() -> Iterator[dict[str, str]]:
    """TEI and vLLM as the tests have them; the settings that lead to them and to nothing else."""
    with InferenceServer("tei") as embeddings, InferenceServer("vllm") as rerank:
        embeddings.dimension = DIMENSION
        yield {
            "PATH": os.environ["PATH"],
            "DOCENT_EMBEDDING_URL": embeddings.url,
            "DOCENT_RERANK_URL": rerank.url,
            "DOCENT_SYNC_SCHEDULE": "off",
        }


@contextlib.contextmanager
def _milvus_server(folder: Path) -> Iterator[str]:
    port = _free_port()
    command = [BIN / "milvus-lite", "server", "--data-dir", folder / "milvus", "--port", str(port)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit("The Milvus server did not start.")


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def _cpu(stat: str) -> float:
    """Seconds computed so far: the 14th and 15th field, counted behind the name in brackets."""
    numbers = stat.rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(status: str) -> float:
    """The highest resident memory so far."""
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
