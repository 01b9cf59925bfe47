"""Misspelt settings: names that docent ignores but that nearly match a known one."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from dotenv import dotenv_values

from bot.settings import BotSettings, LogSettings
from ingest.settings import IngestSettings
from rag_core.settings import RagSettings

_PREFIXES = ("DOCENT_", "OPENAI_", "SLACK_")
_LIKENESS = 0.9  # high, because variables of others may begin so, too


def find_misspelt_settings(env_file: Path = Path(".env")) -> dict[str, str]:
    """Return each misspelt setting with the name that it resembles.

    Both the environment and the `.env` file are searched.
    """
    rooms = (RagSettings, IngestSettings, BotSettings, LogSettings)
    known_names = {room.get_variable_name(field) for room in rooms for field in room.model_fields}
    used_names = {name.upper() for name in (*os.environ, *dotenv_values(env_file))}
    unknown = sorted(name for name in used_names - known_names if name.startswith(_PREFIXES))
    matches = {name: difflib.get_close_matches(name, known_names, 1, _LIKENESS) for name in unknown}
    return {name: likeliest[0] for name, likeliest in matches.items() if likeliest}
