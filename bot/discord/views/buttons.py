"""Buttons of an answer: rows as Discord takes them, whose ids say what they do to which answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from bot.texts import asking
from bot.texts import button_labels as words

Action = Literal["good", "bad", "evidence", "people", "people_yes", "stop", "share", "why_bad"]
"""The action of a button; `people` asks first, and `why_bad` is the form after a thumb down."""

Row = Mapping[str, Any]

_ROW, _BUTTON = 1, 2
_PRIMARY, _SECONDARY, _DANGER = 1, 2, 4
_CUSTOM_ID = re.compile(rf"docent:({'|'.join(get_args(Action))}):([A-Za-z0-9-]{{1,64}})")


def build_custom_id(action: Action, target: str) -> str:
    """Build the id of a component, which lives through restarts.

    The target is the id of an answer, or of the question that is being answered.
    """
    return f"docent:{action}:{target}"


def parse_custom_id(custom_id: str) -> tuple[str, str] | None:
    """Return action and target of an id, else None."""
    match = _CUSTOM_ID.fullmatch(custom_id)
    return (match[1], match[2]) if match else None


def build_answer_rows(answer_id: str, *, has_passages: bool, can_escalate: bool) -> tuple[Row, ...]:
    """Build the buttons of a stored answer.

    Args:
        answer_id: id of the answer.
        has_passages: whether to add the button that shows the evidence.
        can_escalate: whether to add the button that asks people.

    Returns:
        A row of buttons.
    """
    row = [
        _build_button("good", answer_id, emoji=words.GOOD),
        _build_button("bad", answer_id, emoji=words.BAD),
    ]
    if has_passages:
        row.append(_build_button("evidence", answer_id, words.EVIDENCE))
    if can_escalate:
        row.append(_build_button("people", answer_id, words.ASK_PEOPLE))
    return (_build_row(*row),)


def build_confirmation_rows(answer_id: str) -> tuple[Row, ...]:
    """Build the button that confirms that people are asked."""
    return (_build_row(_build_button("people_yes", answer_id, words.ASK_PEOPLE_YES, _PRIMARY)),)


def build_stop_rows(question_id: str) -> tuple[Row, ...]:
    """Build the button that stops an answer while it is written."""
    return (_build_row(_build_button("stop", question_id, asking.STOP, _DANGER)),)


def build_share_rows(answer_id: str) -> tuple[Row, ...]:
    """Build the button that shares a private answer."""
    return (_build_row(_build_button("share", answer_id, asking.SHARE, _PRIMARY)),)


def _build_row(*buttons: Row) -> Row:
    return {"type": _ROW, "components": list(buttons)}


def _build_button(
    action: Action, target: str, label: str = "", style: int = _SECONDARY, *, emoji: str = ""
) -> Row:
    shown: Row = {"emoji": {"name": emoji}} if emoji else {"label": label}
    return {
        "type": _BUTTON,
        "style": style,
        "custom_id": build_custom_id(action, target),
        **shown,
    }
