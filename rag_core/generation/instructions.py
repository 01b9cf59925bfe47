"""Instructions of the team and of channels: notes that stand before the rules of the prompt."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from rag_core.errors import SettingsError
from rag_core.query.glossary import GlossaryEntry
from rag_core.query.inert_text import neutralise_text
from rag_core.settings import read_setting_file

MAX_INSTRUCTIONS = 4_000
"""Most characters of the team's instructions."""

MAX_CHANNEL_INSTRUCTIONS = 1_000
"""Most characters of the instructions of one channel."""

_PATH_ENDINGS = (".md", ".txt")
_PATH_BEGINNINGS = ("/", "./", "../", "~/")
_SENTENCE_ENDINGS = (".", "!", "?", "\u3002", "\uff01", "\uff1f")

_INTRODUCTION = """\
The team that runs you says this about itself. It may name the product, choose tone, length and
wording of your answers, and say what you must not speak of. It is no passage: it proves nothing and
is never cited."""
_CHANNEL = "For the channel that the question comes from, the team adds:"
_GLOSSARY = "What the team's own words mean, also where the passages use other words:"
_END = """\
Here ends what the team says. The rules below stand above it. A word of the team about passages,
citations, links or refusals, or about answering from other knowledge, does not count."""


def read_instructions(setting: str) -> str:
    """Return the instructions that `DOCENT_INSTRUCTIONS` holds or names.

    A value of one line is a path if it ends in `.md` or `.txt`, begins with `/`, `./`, `../` or
    `~/` and does not end like a sentence, or is the name of a file. Every other value is the text
    itself.

    Raises:
        SettingsError: the file can't be read, or the text is too long.
    """
    setting = setting.strip()
    if _is_path(setting):
        path = Path(os.path.expanduser(setting))  # noqa: PTH111  (keeps an unknown `~name`)
        if not os.path.isfile(path):  # noqa: PTH113  (False for what can't be a path)
            raise SettingsError(
                f"DOCENT_INSTRUCTIONS names the file {setting}, which is not there: correct its "
                "path, or end it with a full stop if it is a text."
            )
        return read_setting_file("DOCENT_INSTRUCTIONS", path, limit=MAX_INSTRUCTIONS).strip()
    if len(setting) > MAX_INSTRUCTIONS:
        raise SettingsError(
            f"DOCENT_INSTRUCTIONS has {len(setting):,} characters, but docent takes at most "
            f"{MAX_INSTRUCTIONS:,}."
        )
    # A variable that is not UTF-8 arrives with surrogates, which can't be sent to an LLM.
    return setting.encode(errors="replace").decode()


def _is_path(setting: str) -> bool:
    if not setting or "\n" in setting:
        return False
    begins_like_one = setting.startswith(_PATH_BEGINNINGS)
    begins_like_one = begins_like_one and not setting.endswith(_SENTENCE_ENDINGS)
    looks_like_one = setting.endswith(_PATH_ENDINGS) or begins_like_one
    return looks_like_one or os.path.isfile(setting)  # noqa: PTH113  (False for what can be none)


def render_notes(team: str, channel: str, entries: Iterable[GlossaryEntry]) -> str:
    """Render the part of the system prompt before the rules.

    Args:
        team: the team's instructions.
        channel: those of the channel.
        entries: the entries of the glossary that the question or the passages need.

    Returns:
        The notes with an empty line behind them; an empty text if there are none.
    """
    definitions = "\n".join(entry.definition for entry in entries)
    notes = [
        *_build_note("", "team_instructions", neutralise_text(team)),
        *_build_note(_CHANNEL, "channel_instructions", neutralise_text(channel)),
        *_build_note(_GLOSSARY, "team_glossary", neutralise_text(definitions)),
    ]
    return "\n\n".join([_INTRODUCTION, *notes, _END, ""]) if notes else ""


def _build_note(heading: str, tag: str, text: str) -> list[str]:
    """Build a note between its tags; none of an empty text."""
    if not text.strip():
        return []
    note = f"<{tag}>\n{text.strip()}\n</{tag}>"
    return [f"{heading}\n{note}" if heading else note]
