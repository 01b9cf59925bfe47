"""Without what Windows lacks, docent indexes and answers: simulated on this system."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

PROGRAM = """
from tests.bot import windows_stand_in
windows_stand_in.install()
from tests.bot.command import run
print(run("--help"))
print(run("index", "docs"))
print(run("ask", "Where do logs go?"))
"""


def test_docent_indexes_and_answers(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "logs.md").write_text("# Logs\n\nLogs go to a message broker for seven days.\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "DOCENT_PROFILE": "starter", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Answer questions from your documentation" in done.stdout
    assert "holds 1 page and 1 chunk" in " ".join(done.stdout.split())
    assert "> Logs go to a message broker for seven days." in done.stdout
    assert "logs.md#logs" in done.stdout


def test_the_stand_in_lacks_what_windows_lacks():
    program = """
from tests.bot import windows_stand_in
windows_stand_in.install()
import bot.control.endpoint, bot.private_files, ingest.spool
assert not bot.control.endpoint.HAS_UNIX_SOCKETS
assert not bot.private_files._HAS_MODES
assert not hasattr(ingest.spool.os, "pread")
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
