"""The wheel has every file of the packages, and says who made it and what it needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rag_core import __version__
from rag_core.extras import EXTRAS
from tests.release import (
    PACKAGES,
    ROOT,
    TRIALS,
    ReleaseError,
    Trial,
    find_file,
    list_missing_files,
    main,
    read_metadata,
    render_next_steps,
    run_trial,
)

DOCENT = (sys.executable, "-c", "import sys; from bot.cli import main; main()")
MODULES = {**EXTRAS, "postgres": ("psycopg",)}
# Python runs this file at its start.
BLOCKER = """\
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, because a build leaves files beside the sources."""
    folder = tmp_path_factory.mktemp("release")
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, folder)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    code = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)
    return find_file(folder / "dist", "*.whl")


def test_the_wheel_has_every_file(wheel: Path):
    assert list_missing_files(wheel) == []


def test_the_wheel_says_what_an_index_shows(wheel: Path):
    metadata = read_metadata(wheel)
    assert (metadata["Name"], metadata["Version"]) == ("docent-bot", __version__)
    assert metadata["Author"] == "the docent authors"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["Requires-Python"] == ">=3.11"
    assert {"all", "discord", "eval", "lite", "local", "otel", "postgres", "ray", "starter"} <= {
        *metadata.get_all("Provides-Extra")
    }
    with zipfile.ZipFile(wheel) as archive:
        name = f"docent_bot-{__version__}.dist-info/entry_points.txt"
        commands = archive.read(name).decode().split("\n")
    assert {"docent = bot.cli:main", "docent-bot = bot.cli:main"} <= {*commands}


def test_a_file_that_is_missing_is_named(wheel: Path, tmp_path: Path):
    lacking = tmp_path / "docent_bot-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as full, zipfile.ZipFile(lacking, "w") as archive:
        for name in full.namelist():
            if name != "bot/texts/en.toml":
                archive.writestr(name, full.read(name))
    assert list_missing_files(lacking) == ["bot/texts/en.toml"]
    (tmp_path / "docent_bot-1.tar.gz").touch()
    with pytest.raises(ReleaseError, match=re.escape("lacks bot/texts/en.toml")):
        main(tmp_path)


def test_a_folder_with_two_wheels_is_no_release(tmp_path: Path):
    for number in (1, 2):
        (tmp_path / f"docent_bot-{number}-py3-none-any.whl").touch()
    with pytest.raises(ReleaseError, match="2 files"):
        main(tmp_path)


def test_the_next_steps_name_the_version_and_what_is_missing(wheel: Path):
    metadata = read_metadata(wheel)
    assert f"git tag --annotate v{__version__}" in render_next_steps(metadata)
    assert "[project.urls]" in render_next_steps(metadata)
    metadata["Project-URL"] = "Source, https://example.com/docent"
    assert "[project.urls]" not in render_next_steps(metadata)


def block_modules(folder: Path, *kept: str) -> dict[str, str]:
    """Variables for a process that finds no module of an extra but of those that are kept."""
    names = [name for extra in MODULES.keys() - {*kept} for name in MODULES[extra]]
    (folder / "sitecustomize.py").write_text(BLOCKER.format(names=names))
    return {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.extra)
def test_each_extra_is_enough_by_itself_and_named_without_it(trial: Trial, tmp_path: Path):
    found = tmp_path / "found"
    found.mkdir()
    run_trial(trial, DOCENT, found, is_installed=True, settings=block_modules(found, trial.extra))
    missing = tmp_path / "missing"
    missing.mkdir()
    run_trial(trial, DOCENT, missing, is_installed=False, settings=block_modules(missing))


def test_a_trial_that_ends_otherwise_is_no_release(tmp_path: Path):
    with pytest.raises(ReleaseError, match="ended with 1"):
        run_trial(TRIALS[1], DOCENT, tmp_path, is_installed=True, settings=block_modules(tmp_path))


def test_each_extra_is_tried_but_the_large_ones(wheel: Path):
    extras = {*read_metadata(wheel).get_all("Provides-Extra", [])}
    of_developers = {"all", "dev", "mutate", "starter-light", "test-server"}
    assert {trial.extra for trial in TRIALS} == extras - of_developers - {"local", "ray"}
