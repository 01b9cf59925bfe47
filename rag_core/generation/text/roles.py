"""Roles: signs of chat templates that the prompt breaks become whole again in the answer."""

from __future__ import annotations

from collections.abc import Iterable

from rag_core.query.inert_text import escape_roles, list_roles
from rag_core.types import Passage


class RoleRestorer:
    """Passes text through as it streams, with roles as passages and the question hold them.

    Args:
        passages: those that the LLM has read, in which a blank breaks each role.
        question: the question as it was typed; the LLM reads its roles broken as well.
    """

    def __init__(self, passages: Iterable[Passage], question: str = "") -> None:
        texts = [f"{each.chunk.heading_path}\n{each.chunk.text}" for each in passages]
        texts.append(question)
        roles = sorted({role for text in texts for role in list_roles(text)})
        self._roles = {escape_roles(role): role for role in roles}
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        text = self._held + text
        for broken, role in self._roles.items():
            text = text.replace(broken, role)
        held = max((_count_begun(text, broken) for broken in self._roles), default=0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def flush(self) -> str:
        """Return the text that was held back."""
        text, self._held = self._held, ""
        return text


def _count_begun(text: str, broken: str) -> int:
    """Return the length of a role's beginning at the text's end."""
    lengths = range(min(len(broken) - 1, len(text)), 0, -1)
    return next((length for length in lengths if text.endswith(broken[:length])), 0)
