"""Runs the conformance suite of MCP's makers against `docent serve`: `make test-mcp`.

The suite is a package of npm. Newer versions of it need a newer Node than this one; scenarios that
want the suite's own test tools are left out.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

SUITE = "@modelcontextprotocol/conformance@0.1.13"
SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "dns-rebinding-protection",
)
START_SECONDS = 120
SCENARIO_SECONDS = 60
START = "from bot.cli import main; main()"


def say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def main() -> int:
    npm = shutil.which("npm")
    if npm is None:
        say("test-mcp: skipped, because npm is not installed.")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        suite = install_suite(npm, folder)
        if suite is None:
            say(f"test-mcp: skipped, because {SUITE} can't be installed here.")
            return 0
        with serve(folder) as url:
            failed = [scenario for scenario in SCENARIOS if not passes(suite, url, scenario)]
    say(f"{len(SCENARIOS) - len(failed)} of {len(SCENARIOS)} scenarios passed.")
    return 1 if failed else 0


def install_suite(npm: str, folder: Path) -> Path | None:
    """Install the suite in a folder; its command, or None without npm's registry."""
    words = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), SUITE]
    ran = subprocess.run(words, cwd=folder, capture_output=True, check=False)
    suite = folder / "node_modules" / ".bin" / "conformance"
    return suite if ran.returncode == 0 and suite.exists() else None


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve programs, without Slack and without an index; yield the address of MCP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / ".env"
    settings.write_text(f"DOCENT_PROFILE=starter\nDOCENT_MCP_PORT={port}\n")
    settings.chmod(0o600)
    process = subprocess.Popen([sys.executable, "-c", START, "serve"], cwd=folder)
    try:
        wait_until_served(process, f"http://127.0.0.1:{port}/v1/openapi.json")
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait()


def wait_until_served(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit("test-mcp: docent serve did not start.")
        time.sleep(0.2)


def passes(suite: Path, url: str, scenario: str) -> bool:
    words = [str(suite), "server", "--url", url, "--scenario", scenario]
    ran = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=SCENARIO_SECONDS
    )
    say(f"{'ok  ' if ran.returncode == 0 else 'FAIL'} {scenario}")
    if ran.returncode:
        say(ran.stdout, ran.stderr)
    return ran.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
