"""Buttons below an answer: their labels, action ids and values."""

from __future__ import annotations

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextActionsBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    InteractiveElement,
)

from bot.texts import asking
from bot.texts import button_labels as words

RATE = "docent_rate"
EVIDENCE = "docent_evidence"
ASK_PEOPLE = "docent_ask_people"
STOP = "docent_stop"
SHARE = "docent_share"
REINDEX = "docent_reindex"

UP, DOWN = "up", "down"


def build_answer_buttons(answer_id: str, *, has_passages: bool, can_escalate: bool) -> list[Block]:
    """Build the buttons of a stored answer.

    Args:
        answer_id: id of the answer.
        has_passages: whether to add the button that shows the evidence.
        can_escalate: whether to add the button that asks people.

    Returns:
        One or two rows of buttons.
    """
    thumbs = FeedbackButtonsElement(
        action_id=RATE,
        positive_button=FeedbackButtonObject(
            text=words.GOOD, accessibility_label=words.GOOD_LABEL, value=f"{UP} {answer_id}"
        ),
        negative_button=FeedbackButtonObject(
            text=words.BAD, accessibility_label=words.BAD_LABEL, value=f"{DOWN} {answer_id}"
        ),
    )
    rows: list[Block] = [ContextActionsBlock(elements=[thumbs])]
    elements: list[InteractiveElement] = []
    if has_passages:
        evidence = ButtonElement(text=words.EVIDENCE, action_id=EVIDENCE, value=answer_id)
        elements.append(evidence)
    if can_escalate:
        elements.append(_build_escalation_button(answer_id))
    if elements:
        rows.append(ActionsBlock(elements=elements))
    return rows


def build_escalation_block(answer_id: str) -> Block:
    """Build the button that passes a question on, alone in a row."""
    return ActionsBlock(elements=[_build_escalation_button(answer_id)])


def build_stop_block() -> Block:
    """Build the button that stops an answer.

    A streamed answer has a button of Slack's own.
    """
    return ActionsBlock(elements=[ButtonElement(text=asking.STOP, action_id=STOP)])


def build_share_block(answer_id: str, thread_ts: str) -> Block:
    """Build the button that shares a private answer.

    It shares in the thread, or in the channel if `thread_ts` is empty.
    """
    button = ButtonElement(
        text=asking.SHARE, action_id=SHARE, value=f"{answer_id} {thread_ts}".strip()
    )
    return ActionsBlock(elements=[button])


def parse_share_value(value: str) -> tuple[str, str]:
    """Return the answer id and thread of a Share button's value.

    The thread is empty if there is none.
    """
    answer_id, _, thread_ts = value.partition(" ")
    return answer_id, thread_ts


def _build_escalation_button(answer_id: str) -> ButtonElement:
    return ButtonElement(
        text=words.ASK_PEOPLE,
        action_id=ASK_PEOPLE,
        value=answer_id,
        confirm=ConfirmObject(
            title=words.ASK_PEOPLE,
            text=words.ASK_PEOPLE_CONFIRM,
            confirm=words.ASK_PEOPLE_YES,
            deny=words.CANCEL,
        ),
    )
