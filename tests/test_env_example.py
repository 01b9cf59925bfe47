"""`.env.example` names every setting, with its description and its default, and can be used."""

from __future__ import annotations

import re

import pytest
from dotenv import dotenv_values

from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from rag_core.settings import Settings
from tests.conftest import ROOT
from tests.handbook import SETTINGS_CLASSES, default, settings

EXAMPLE = ROOT / ".env.example"
SHOWN_WITH_AN_EXAMPLE = "DOCENT_SOURCES"

_LINE = re.compile(r"#?([A-Z][A-Z_]+)=(.*)")


def named() -> list[str]:
    return [m[1] for line in EXAMPLE.read_text().splitlines() if (m := _LINE.fullmatch(line))]


def everything_set(tmp_path) -> str:
    """A `.env` in which no line is commented out."""
    lines = (re.sub(r"^#(?=[A-Z])", "", line) for line in EXAMPLE.read_text().splitlines())
    path = tmp_path / "all.env"
    path.write_text("\n".join(lines))
    return str(path)


def test_it_names_every_setting_once_and_no_other():
    assert sorted(named()) == sorted(settings())


@pytest.mark.parametrize("variable", sorted(settings()))
def test_each_setting_stands_below_its_description(variable):
    lines = EXAMPLE.read_text().splitlines()
    place = next(n for n, line in enumerate(lines) if re.match(f"#?{variable}=", line))
    comment = []
    while lines[place - 1].startswith("# "):
        place -= 1
        comment.insert(0, lines[place].removeprefix("# "))
    assert comment[0] == settings()[variable].description


@pytest.mark.parametrize("room", SETTINGS_CLASSES)
def test_its_values_are_the_defaults(room: type[Settings], tmp_path):
    loaded = room.load(_env_file=everything_set(tmp_path))
    for name, info in room.model_fields.items():
        if room.get_variable_name(name) != SHOWN_WITH_AN_EXAMPLE:
            assert getattr(loaded, name) == info.default, room.get_variable_name(name)


def test_each_default_is_written_out(tmp_path):
    values = dotenv_values(everything_set(tmp_path))
    for variable, info in settings().items():
        if variable != SHOWN_WITH_AN_EXAMPLE:
            assert values[variable] == default(info), variable


def test_a_setting_that_has_no_default_is_commented_out_or_may_be_empty():
    """A library that reads the environment too must not find an empty address there."""
    active = dotenv_values(EXAMPLE)
    assert set(active) == {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "OPENAI_API_KEY",
        SHOWN_WITH_AN_EXAMPLE,
    }


def test_the_sources_it_shows_are_the_tutorials_with_links_to_the_website():
    shown = IngestSettings.load(_env_file=str(EXAMPLE)).sources
    (source,) = parse_sources(shown)
    assert source.uri == (
        "https://github.com/milvus-io/milvus-docs/releases/download/"
        "v2.4.6-preview/milvus_docs_2.4.x_en.zip"
    )
    assert (
        source.build_page_url("en/faq/product_faq.md", "")
        == "https://milvus.io/docs/product_faq.md"
    )
