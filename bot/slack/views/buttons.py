"""Buttons below an answer: what each is called, and what it carries."""

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

UP, DOWN = "up", "down"


def build_answer_buttons(answer_id: str, *, passages: bool, people: bool) -> list[Block]:
    """The buttons of a kept answer; `people` offers to ask them, `passages` to show them."""
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
    others: list[InteractiveElement] = []
    if passages:
        evidence = ButtonElement(text=words.EVIDENCE, action_id=EVIDENCE, value=answer_id)
        others.append(evidence)
    if people:
        others.append(_build_escalation_button(answer_id))
    if others:
        rows.append(ActionsBlock(elements=others))
    return rows


def build_escalation_block(answer_id: str) -> Block:
    """The button that passes a question on, alone."""
    return ActionsBlock(elements=[_build_escalation_button(answer_id)])


def build_stop_block() -> Block:
    """The button that ends an answer while it is written, where Slack shows none of its own."""
    return ActionsBlock(elements=[ButtonElement(text=asking.STOP, action_id=STOP)])


def build_share_block(answer_id: str, thread_ts: str) -> Block:
    """The button that shares a private answer in a thread, or in the channel for none."""
    button = ButtonElement(
        text=asking.SHARE, action_id=SHARE, value=f"{answer_id} {thread_ts}".strip()
    )
    return ActionsBlock(elements=[button])


def parse_share_value(value: str) -> tuple[str, str]:
    """Answer and thread of such a button's value; the thread is empty for none."""
    answer_id, _, thread_ts = value.partition(" ")
    return answer_id, thread_ts


def parse_rating_value(value: str) -> tuple[str, str]:
    """Thumb and answer of a feedback button's value."""
    thumb, _, answer_id = value.partition(" ")
    return thumb, answer_id


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


REINDEX = "docent_reindex"
