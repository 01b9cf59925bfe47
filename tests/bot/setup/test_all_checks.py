"""What is wrong with the settings is found before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.setup.all_checks import find_setting_problems


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DOCENT_LLM_OPTIONS", "{bad", "DOCENT_LLM_OPTIONS is not JSON"),
        ("DOCENT_REWRITE_OPTIONS", "[1]", "DOCENT_REWRITE_OPTIONS is not a JSON object"),
        ("DOCENT_GLOSSARY", "nofile.txt", "DOCENT_GLOSSARY names the file"),
        ("DOCENT_HTTP_PORT", "xyz", "DOCENT_HTTP_PORT is not valid"),
        ("OPENAI_BASE_URL", "localhost:8000/v1", "OPENAI_BASE_URL is not an address"),
        ("SLACK_APP_TOKEN", "xoxb-1", "SLACK_APP_TOKEN is another token"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
):
    monkeypatch.chdir(tmp_path)
    assert list(find_setting_problems()) == []
    monkeypatch.setenv(name, value)
    (problem,) = find_setting_problems()
    assert problem.startswith(says)


def test_each_fault_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCENT_LLM_OPTIONS", "{bad")
    monkeypatch.setenv("DOCENT_REWRITE_OPTIONS", "[1]")
    assert len(list(find_setting_problems())) == 2
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    assert list(find_setting_problems()) == ["The file .env is not in UTF-8: save it as UTF-8."]
