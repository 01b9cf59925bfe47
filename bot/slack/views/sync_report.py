"""The report of a sync, with the button that rolls it back."""

from __future__ import annotations

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    MarkdownTextObject,
    SectionBlock,
)

from bot.texts import sync
from bot.texts.catalog import say
from ingest.report import IngestReport

ROLL_BACK = "docent_roll_back"


def build_report_blocks(report: IngestReport, *, can_roll_back: bool) -> list[Block]:
    """Build the report, with a rollback button if `can_roll_back`."""
    blocks: list[Block] = [SectionBlock(text=MarkdownTextObject(text=sync.render_report(report)))]
    if can_roll_back:
        blocks.append(ActionsBlock(elements=[_build_rollback_button(report.revision)]))
    return blocks


def _build_rollback_button(revision: str) -> ButtonElement:
    return ButtonElement(
        text=say("rollback_button"),
        action_id=ROLL_BACK,
        value=revision,
        style="danger",
        confirm=ConfirmObject(
            title=say("rollback_button"),
            text=say("rollback_confirm"),
            confirm=say("rollback_button"),
            deny=say("cancel"),
        ),
    )
