"""The keys of servers: a new server gets no old key in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag_core.errors import SettingsError

if TYPE_CHECKING:
    from bot.setup.choices import Values

KEYS = {
    "OPENAI_BASE_URL": "OPENAI_API_KEY",
    "DOCENT_EMBEDDING_URL": "DOCENT_EMBEDDING_API_KEY",
    "DOCENT_RERANK_URL": "DOCENT_RERANK_API_KEY",
    "DOCENT_MILVUS_URI": "DOCENT_MILVUS_TOKEN",
    "SLACK_API_URL": "SLACK_BOT_TOKEN",
}
"""The setting of each server's key, by the setting of its address."""

_HAVE_DEFAULTS = ("OPENAI_BASE_URL", "SLACK_API_URL")
"""Addresses that lead to the service's own server if they are empty."""


def find_strange_keys(values: Values, written: Values) -> list[str]:
    """List the keys of `.env` that would go to another server.

    Args:
        values: the new values.
        written: the values of `.env`.

    Returns:
        The names of the keys that have no new value while their server has one.
    """
    return [
        key
        for address, key in KEYS.items()
        if written.get(key) and key not in values and _is_moved(address, values, written)
    ]


def require_own_keys(values: Values, written: Values) -> None:
    """Check that no key of `.env` goes to another server.

    Raises:
        SettingsError: one would; the sentence names it.
    """
    if keys := find_strange_keys(values, written):
        raise SettingsError(
            f".env has the {' and the '.join(keys)} of another server: write the key of the new "
            f"one behind --set {keys[0]}=, or nothing if it needs none."
        )


def _is_moved(address: str, values: Values, written: Values) -> bool:
    if address not in values or not (values[address] or address in _HAVE_DEFAULTS):
        return False
    return values[address].rstrip("/") != written.get(address, "").rstrip("/")
