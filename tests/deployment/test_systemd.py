"""`deploy/systemd/docent.service`: what the handbook says of it, and what systemd says of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict

import pytest

from bot.service import END_SECONDS
from tests.conftest import ROOT
from tests.handbook import DOCS, sections

UNIT = ROOT / "deploy" / "systemd" / "docent.service"
ANALYZE = shutil.which("systemd-analyze")
HANDBOOK = sections(DOCS / "deployment.md")["How do I run docent under systemd?"]


def read_unit() -> dict[str, list[str]]:
    """The values of each key, in their order."""
    found = defaultdict(list)
    for key, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found[key].append(value)
    return found


VALUES = read_unit()


def test_the_commands_of_the_handbook_make_what_the_unit_uses():
    (user,) = VALUES["User"]
    (folder,) = VALUES["WorkingDirectory"]
    (command,) = VALUES["ExecStart"]
    program, *arguments = command.split()
    assert arguments == ["serve"]
    assert f"python3 -m venv {program.removesuffix('/bin/docent')}" in HANDBOOK
    assert f"--home-dir {folder} " in HANDBOOK
    assert HANDBOOK.count(f"--owner {user} ") == 2
    assert f"{folder}/.env" in HANDBOOK
    assert str(UNIT.relative_to(ROOT)) in HANDBOOK
    assert folder == f"/var/lib/{VALUES['StateDirectory'][0]}"


def test_docent_writes_to_its_own_folders_alone():
    assert VALUES["ProtectSystem"] == ["strict"]
    assert "ReadWritePaths" not in VALUES
    assert VALUES["StateDirectoryMode"] == VALUES["CacheDirectoryMode"] == ["0700"]
    assert VALUES["UMask"] == ["0077"]
    weights = f"/var/cache/{VALUES['CacheDirectory'][0]}"
    assert f"HF_HOME={weights}" in VALUES["Environment"][0].split()
    assert f"`{weights}`" in HANDBOOK


def test_docent_gets_the_time_that_it_needs_to_end():
    (limit,) = VALUES["TimeoutStopSec"]
    assert int(limit.removesuffix("s")) > END_SECONDS


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")
def test_systemd_finds_no_fault(tmp_path):
    unit = tmp_path / UNIT.name
    # The program must be there.
    unit.write_text(UNIT.read_text().replace(VALUES["ExecStart"][0], "/bin/sh"))
    command = [str(ANALYZE), "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    about_it = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert about_it == []
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")
def test_the_rating_of_the_handbook_is_not_better_than_that_of_systemd():
    command = [str(ANALYZE), "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rating = re.search(r"exposure level for docent\.service: ([\d.]+)", done.stdout)
    told = re.search(r"rates it ([\d.]+) of 10", HANDBOOK)
    assert rating, done.stderr
    assert told
    assert float(rating[1]) <= float(told[1])
