"""`.env` takes new values and keeps everything else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.setup.env_file import parse_env, read_env_file, update_env, write_env_file
from rag_core.errors import SettingsError
from rag_core.settings import RagSettings

TEXT = """\
# What to index
DOCENT_SOURCES=old
export DOCENT_PROFILE='qwen3'  # for now
OTHER="two
lines"
DOCENT_SOURCES=docs"""


def test_values_are_set_where_they_stand_and_the_rest_stays():
    assert (
        update_env(TEXT, {"DOCENT_SOURCES": "a b", "OPENAI_API_KEY": "sk-1"})
        == """\
# What to index
export DOCENT_PROFILE='qwen3'  # for now
OTHER="two
lines"
DOCENT_SOURCES='a b'
OPENAI_API_KEY=sk-1
"""
    )
    assert update_env(TEXT, {}) == TEXT + "\n"
    assert update_env("", {}) == ""


def test_an_empty_value_counts_as_none():
    assert parse_env(TEXT + "\nEMPTY=\n") == {
        "DOCENT_PROFILE": "qwen3",
        "OTHER": "two\nlines",
        "DOCENT_SOURCES": "docs",
    }


@given(st.text(), st.text(max_size=60))
def test_each_value_is_read_as_it_was_written(value: str, text: str):
    try:
        written = update_env("", {"NAME": value})
    except SettingsError:
        assert not value.isprintable() or "${" in value
        return
    assert written.count("\n") == 1
    assert parse_env(written).get("NAME", "") == value
    try:
        before = parse_env(text)
    except ValueError:  # what python-dotenv can't parse
        assume(False)
    assume("\0" not in text)
    assert parse_env(update_env(text, {"NAME": "x"})).items() >= {"NAME": "x"}.items()
    assert before is not None


def test_the_settings_read_what_was_written(tmp_path: Path):
    key = """it's "quoted" \\ # not a comment $HOME"""
    write_env_file(tmp_path / ".env", update_env("", {"OPENAI_API_KEY": key}))
    secret = RagSettings.load().openai_api_key
    assert secret is not None
    assert secret.get_secret_value() == key


@pytest.mark.parametrize("value", ["two\nlines", "a\x1b[0m", "${HOME}"])
def test_what_no_line_can_hold_is_refused_without_quoting_it(value: str):
    with pytest.raises(
        SettingsError, match=r"^SLACK_BOT_TOKEN can't be written into .env"
    ) as refused:
        update_env("", {"SLACK_BOT_TOKEN": value})
    assert value not in str(refused.value).replace("`${`", "")


def test_a_file_is_private_and_replaced_at_once(tmp_path: Path):
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    write_env_file(path, "A=2\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert dotenv_values(path) == {"A": "2"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path):
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to("real")
    write_env_file(tmp_path / ".env", "A=2\n")
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bot.setup.env_file.os.fsync", fail)
    with pytest.raises(SettingsError, match="No space left"):
        write_env_file(tmp_path / ".env", "A=2\n")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_empty_and_a_broken_one_is_told(tmp_path: Path):
    assert read_env_file(tmp_path / ".env") == ""
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(SettingsError, match="can't be read"):
        read_env_file(tmp_path / ".env")
