"""The wheel has every file of the packages, and says who made it and what it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rag_core import __version__
from tests.release import (
    PACKAGES,
    ROOT,
    ReleaseError,
    find_file,
    list_missing_files,
    main,
    read_metadata,
    render_next_steps,
)


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
