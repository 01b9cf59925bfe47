"""Names of settings that are nearly right."""

from pathlib import Path

import pytest

from bot.cli.unknown_settings import find_misspelt_settings


def test_names_that_are_nearly_right(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DOCENT_PROFIL", "starter")
    monkeypatch.setenv("docent_max_question", "3")
    monkeypatch.setenv("DOCENT_WIKI_TOKEN", "mine, for a source")
    monkeypatch.setenv("DOCENT_TIMEZONE", "UTC")
    file = tmp_path / ".env"
    file.write_text(
        "DOCENT_SOURCE=docs\nDOCENT_COLLECTION=docs\nPATHS=1\n"
        "SLACK_BOT_TOKN=xoxb-1\nOPENAI_ORG_ID=mine\n"
    )
    assert find_misspelt_settings(file) == {
        "DOCENT_PROFIL": "DOCENT_PROFILE",
        "DOCENT_MAX_QUESTION": "DOCENT_MAX_QUESTIONS",
        "DOCENT_SOURCE": "DOCENT_SOURCES",
        "SLACK_BOT_TOKN": "SLACK_BOT_TOKEN",
    }


def test_a_file_that_is_not_there_names_nothing(tmp_path: Path):
    assert find_misspelt_settings(tmp_path / ".env") == {}
