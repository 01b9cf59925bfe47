"""Render why an answer comes another way than it was asked for."""

from __future__ import annotations

from bot.texts.catalog import say

_REASONS = {
    "cannot_reply_to_message": "locked",
    "channel_not_found": "not_member",
    "expired_url": "expired",
    "is_archived": "archived",
    "not_in_channel": "not_member",
    "restricted_action_thread_locked": "locked",
    "thread_locked": "locked",
    "thread_not_found": "gone",
    "used_url": "expired",
}


def render_ephemeral_note(code: str) -> str:
    """Return why only the asker sees the answer, in Markdown."""
    return f"_{say('only_you_see')} {_render_reason(code)}_"


def render_direct_note(channel: str, code: str) -> str:
    """Return where the question was asked, and why it is answered here."""
    place = f"<#{channel}>" if channel[:1] in {"C", "G"} else ""
    asked = say("asked_in", place=place) if place else say("asked_elsewhere")
    return f"_{asked} {_render_reason(code)}_"


def _render_reason(code: str) -> str:
    default = "restricted" if code.startswith("restricted_action") else "refused"
    reason = _REASONS.get(code, default)
    return say(f"closed.{reason}")
