"""The `Dockerfile` and its bake file: layers, user, health check, and the extras they install."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from tests.conftest import ROOT
from tests.handbook import newest_version, sections

DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
BAKE = (ROOT / "docker-bake.hcl").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENTS = ("slim-environment", "full-environment")


def stages() -> dict[str, list[str]]:
    """The instructions of each stage, by its name, that with `FROM` first."""
    found: dict[str, list[str]] = {}
    for line in DOCKERFILE.splitlines():
        if match := re.match(r"FROM \S+ AS (\S+)", line):
            found[match[1]] = []
        if line and not line.startswith("#") and found:
            found[list(found)[-1]].append(line)
    return found


STAGES = stages()


def find(stage: str, start: str) -> int:
    """The place of the instruction in a stage that begins so."""
    return next(n for n, line in enumerate(STAGES[stage]) if line.startswith(start))


def test_every_stage_stands_on_one_that_is_there():
    bases = {name: lines[0].split()[1] for name, lines in STAGES.items()}
    assert bases.pop("base") == "python:${PYTHON_VERSION}-slim"
    assert set(bases.values()) <= set(STAGES)
    copied = set(re.findall(r"--from=(\S+)", DOCKERFILE))
    assert copied == set(ENVIRONMENTS)
    assert list(STAGES)[-1] == "full", "what is made without a target"


@pytest.mark.parametrize("stage", ENVIRONMENTS)
def test_a_change_in_the_sources_installs_no_package_again(stage: str):
    lines = STAGES[stage]
    packages = next(n for n, line in enumerate(lines) if ".[${EXTRAS}]" in line)
    sources = [n for n, line in enumerate(lines) if line.startswith("COPY")]
    assert packages < min(sources)
    assert "pip install --no-deps ." in lines[-1]
    assert "--constraint constraints.txt" in lines[packages]


def test_the_images_have_every_package_of_docent_and_nothing_is_held_back():
    rooms = {"bot", "ingest", "rag_core"}
    for stage in ENVIRONMENTS:
        assert {line.split()[1] for line in STAGES[stage] if line.startswith("COPY")} == rooms
    needed = rooms | set(STAGES["environment"][find("environment", "COPY")].split()[1:-1])
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert sent == needed
    assert all((ROOT / name).exists() for name in sent)


def extras(stage: str) -> set[str]:
    return set(STAGES[stage][find(stage, "ARG EXTRAS")].partition("=")[2].split(","))


def test_the_slim_image_has_all_extras_of_the_full_one_but_models_and_evaluation():
    slim, full = map(extras, ENVIRONMENTS)
    assert full - slim == {"eval", "local", "starter"}
    assert slim - full == {"starter-light"}  # which is a part of starter
    assert not any("torch" in line for line in STAGES["slim-environment"])


@pytest.mark.parametrize("stage", ENVIRONMENTS)
def test_the_extras_are_those_of_the_project(stage: str):
    defined = set(PROJECT["optional-dependencies"])
    assert extras(stage) <= defined


def test_torch_comes_from_the_index_for_cpus_and_without_an_index_from_that_of_pip():
    lines = STAGES["full-environment"]
    index = lines[find("full-environment", "ARG TORCH_INDEX")].partition("=")[2]
    assert re.search(rf'"TORCH_INDEX" {{\s+default = "{re.escape(index)}"', BAKE)
    (torch,) = [line for line in lines if line.endswith(" torch")]
    assert '${TORCH_INDEX:+--index-url "${TORCH_INDEX}"}' in torch
    assert any(line.startswith("torch==") for line in (ROOT / "constraints.txt").open())


def test_docent_is_not_root_and_owns_what_it_writes():
    lines = STAGES["runtime"]
    assert re.fullmatch(r"USER [1-9]\d*:[1-9]\d*", lines[find("runtime", "USER")])
    assert json.loads(lines[find("runtime", "VOLUME")].removeprefix("VOLUME ")) == [
        "/app/data",
        "/app/models",
    ]
    assert "chown docent:docent data models" in lines[find("runtime", "RUN mkdir")]
    later = STAGES["runtime"][find("runtime", "USER") :] + STAGES["slim"] + STAGES["full"]
    assert not any(line.startswith(("RUN", "USER 0", "USER root")) for line in later)


def test_the_health_check_asks_the_port_that_is_served():
    lines = STAGES["runtime"]
    check = lines[find("runtime", "HEALTHCHECK")]
    python, flag, script = json.loads(check.partition("CMD ")[2])
    assert (python, flag) == ("python", "-c")
    compile(script, "healthcheck", "exec")
    assert "/healthz" in script
    assert "DOCENT_HEALTH_PORT" in script
    assert re.search(r"DOCENT_HEALTH_PORT=\d+", lines[find("runtime", "ENV")])


def test_the_images_say_what_they_are():
    label = STAGES["runtime"][find("runtime", "LABEL")]
    values = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', label))
    assert values["licenses"] == PROJECT["license"]
    assert values["version"] == "${VERSION}"
    assert values["revision"] == "${REVISION}"
    arguments = {line.split()[1].partition("=")[0] for line in STAGES["runtime"] if "ARG" in line}
    assert arguments == {"VERSION", "REVISION"}


def test_bake_makes_both_images_for_two_kinds_of_processors():
    targets = dict(re.findall(r'^target "(\w+)" {\n(.*?)^}', BAKE, re.MULTILINE | re.DOTALL))
    assert set(targets) == {"common", "full", "slim"}
    assert 'platforms = ["linux/amd64", "linux/arm64"]' in targets["common"]
    for name in ("full", "slim"):
        assert re.search(rf'target\s+= "{name}"', targets[name])
        assert 'inherits = ["common"]' in targets[name]
    assert re.search(r'group "default" {\s+targets = \["full", "slim"\]', BAKE)
    named = set(re.findall(r"(\w+) += \1$", BAKE, re.MULTILINE))
    asked = {
        line.split()[1].partition("=")[0]
        for lines in STAGES.values()
        for line in lines[1:]
        if line.startswith("ARG")
    }
    assert named <= asked
    used = set(re.findall(r"\$\{(\w+)\}", BAKE)) | named
    assert used == set(re.findall(r'^variable "(\w+)"', BAKE, re.MULTILINE))


def test_the_version_is_that_of_the_changelog():
    version = newest_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert re.search(rf'variable "VERSION" {{\s+default = "{re.escape(version)}"', BAKE)
    assert PROJECT.get("version", version) == version, "unless it comes from the tag"


def test_each_version_begins_with_what_to_do():
    for version, text in sections(ROOT / "CHANGELOG.md").items():
        assert re.search(r"^### (.+)", text, re.MULTILINE)[1].startswith("What to do"), version
