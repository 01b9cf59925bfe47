from __future__ import annotations

import re
import sys
import tomllib
from typing import Any

import pytest

from rag_core.errors import ExtraMissingError
from rag_core.extras import EXTRAS, check_extra, check_index_extras, check_model_extras
from rag_core.settings import RagSettings
from tests.conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SERVERS = {"embedding_url": "http://127.0.0.1:1", "rerank_url": "http://127.0.0.1:2"}
EACH_MODULE = [(extra, module) for extra, modules in EXTRAS.items() for module in modules]


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in {module for modules in EXTRAS.values() for module in modules}:
        monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_installed_is_enough(extra: str):
    check_extra(extra, "A test")


@pytest.mark.parametrize(("extra", "module"), EACH_MODULE)
def test_each_module_that_is_missing_is_one_sentence_with_the_line_to_type(
    extra: str, module: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExtraMissingError) as raised:
        check_extra(extra, "A test")
    assert str(raised.value) == (
        f"A test needs the Python module {module}, which is not installed: "
        f"run `pip install 'docent-bot[{extra}]'`."
    )


def test_a_package_whose_parent_is_missing_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(EXTRAS, "otel", ("nowhere.inside",))
    with pytest.raises(ExtraMissingError, match=r"nowhere\.inside"):
        check_extra("otel", "A test")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, r"^The profile qwen3 needs .*\[local\]"),
        ({"profile": "starter"}, r"^The profile starter needs .*\[starter\]"),
        ({"embedding_url": SERVERS["embedding_url"]}, r"^The profile qwen3 needs .*\[local\]"),
        ({"rerank_url": SERVERS["rerank_url"], "profile": "starter"}, r"\[starter\]"),
    ],
)
@pytest.mark.usefixtures("nothing_installed")
def test_a_profile_needs_its_extra(settings: dict[str, Any], says: str):
    with pytest.raises(ExtraMissingError, match=says):
        check_model_extras(RagSettings(**settings))


@pytest.mark.usefixtures("nothing_installed")
def test_servers_need_no_extra():
    check_model_extras(RagSettings(**SERVERS))
    check_index_extras(RagSettings(milvus_uri="http://127.0.0.1:19530"))


@pytest.mark.usefixtures("nothing_installed")
def test_an_index_in_a_folder_needs_milvus_lite():
    with pytest.raises(ExtraMissingError, match=r"^The index data/x\.db needs .*\[lite\]"):
        check_index_extras(RagSettings(milvus_uri="data/x.db"))


def test_pyproject_has_every_extra_and_all_of_them_in_all():
    extras = PYPROJECT["optional-dependencies"]
    assert EXTRAS.keys() <= extras.keys()
    assert extras["all"] == [f"docent-bot[{','.join(sorted({*EXTRAS, 'postgres'}))}]"]
    assert "docent-bot[all]" in extras["dev"]


def test_the_core_has_no_package_of_an_extra():
    def name(requirement: str) -> str:
        return re.split(r"[\[<>=]", requirement, maxsplit=1)[0]

    of_extras = {
        name(each) for extra in EXTRAS for each in PYPROJECT["optional-dependencies"][extra]
    }
    assert not of_extras & {name(each) for each in PYPROJECT["dependencies"]}
