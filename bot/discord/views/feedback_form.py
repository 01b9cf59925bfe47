"""The form that follows a thumb down: what was wrong, and the words of the person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.discord.views.buttons import build_custom_id
from bot.texts import button_labels as words

COMMENT_LIMIT = 3_000

_TEXT_INPUT, _LABEL, _RADIO_GROUP = 4, 18, 21
_PARAGRAPH = 2
_REASON, _COMMENT = "reason", "comment"


def build_feedback_form(answer_id: str) -> Mapping[str, Any]:
    """Build the form for an answer; its fields are optional."""
    options = [{"value": value, "label": label} for value, label in words.REASONS.items()]
    reason = {"type": _RADIO_GROUP, "custom_id": _REASON, "options": options, "required": False}
    comment = {
        "type": _TEXT_INPUT,
        "custom_id": _COMMENT,
        "style": _PARAGRAPH,
        "max_length": COMMENT_LIMIT,
        "required": False,
    }
    return {
        "custom_id": build_custom_id("why_bad", answer_id),
        "title": words.WHY_BAD,
        "components": [
            {"type": _LABEL, "label": words.WHY_BAD_REASON, "component": reason},
            {"type": _LABEL, "label": words.WHY_BAD_COMMENT, "component": comment},
        ],
    }


def parse_feedback(components: object) -> tuple[str, str]:
    """Return reason and comment of a sent form, or empty texts."""
    values = dict(_list_values(components))
    reason, comment = values.get(_REASON, ""), values.get(_COMMENT, "").strip()
    return reason if reason in words.REASONS else "", comment[:COMMENT_LIMIT]


def _list_values(components: object) -> Iterator[tuple[str, str]]:
    """Yield id and value of each field; anyone may have sent them."""
    for part in components if isinstance(components, list) else []:
        field = part.get("component") if isinstance(part, Mapping) else None
        if isinstance(field, Mapping) and isinstance(field.get("value"), str):
            yield str(field.get("custom_id")), field["value"]
