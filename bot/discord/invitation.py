"""The invitation of docent's bot: the permissions it needs, and the link that asks for them."""

from __future__ import annotations

from collections.abc import Mapping

PERMISSIONS: Mapping[str, int] = {
    "Add Reactions": 1 << 6,
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}
"""The bit of each permission, by its name in Discord's settings."""

_ADMINISTRATOR = 1 << 3


def build_invitation(app_id: str) -> str:
    """Build the link by which people add the bot to their server."""
    return (
        f"https://discord.com/oauth2/authorize?client_id={app_id}"
        f"&scope=bot+applications.commands&permissions={sum(PERMISSIONS.values())}"
    )


def list_missing_permissions(granted: int) -> list[str]:
    """Return the names of the permissions that are not granted."""
    if granted & _ADMINISTRATOR:
        return []
    return [name for name, bit in PERMISSIONS.items() if not granted & bit]
