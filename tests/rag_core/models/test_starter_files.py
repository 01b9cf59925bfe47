from __future__ import annotations

import re
from importlib.metadata import distribution

import pytest

from rag_core.errors import ModelError
from rag_core.models import starter_files
from rag_core.models.starter_files import PACKAGE, PINNED, VERSION, read_starter_file
from tests.conftest import ROOT


def test_the_weights_are_those_that_public_repositories_pin():
    expected = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert PINNED["model.safetensors"][1] == expected


@pytest.mark.parametrize("name", PINNED)
def test_each_pinned_file_is_in_the_package(name):
    assert len(read_starter_file(name)) == PINNED[name][0]


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_the_package_is_pinned_exactly(file):
    text = (ROOT / file).read_text()
    assert re.findall(rf"{PACKAGE}([^\",\n]*)", text) == [f"=={VERSION}"]
    assert distribution(PACKAGE).version == VERSION


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(starter_files, "PACKAGE", "docent-has-no-such-package")
    with pytest.raises(ModelError, match="with the starter model is not installed: run `pip ins"):
        read_starter_file("config.json")
