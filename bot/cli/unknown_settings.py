"""Settings whose names are nearly right: nobody reads them, and somebody should be told."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from dotenv import dotenv_values

from bot.settings import BotSettings
from ingest.settings import IngestSettings
from rag_core.settings import RagSettings

_LIKENESS = 0.9  # a variable for a token of one's own may begin with DOCENT_, too


def find_misspelt_settings(env_file: Path = Path(".env")) -> dict[str, str]:
    """Names in the environment and in `.env` that docent does not know, and which it may be."""
    rooms = (RagSettings, IngestSettings, BotSettings)
    known = {room.get_variable_name(field) for room in rooms for field in room.model_fields}
    given = {name.upper() for name in (*os.environ, *dotenv_values(env_file))}
    unknown = sorted(name for name in given - known if name.startswith("DOCENT_"))
    likeliest = {name: difflib.get_close_matches(name, known, 1, _LIKENESS) for name in unknown}
    return {name: found[0] for name, found in likeliest.items() if found}
