"""The limits of the line: how many questions wait, and how many one person may ask."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, select

from bot.storage.inbox_entry import OPEN, QUICK_TURN, Refusal
from bot.storage.tables import inbox
from bot.types import IncomingMessage
from ingest.state.database_clock import DatabaseMoment


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the line.

    Attributes:
        waiting: most questions that wait.
        open_per_person: most questions of one person that wait or are being answered.
        daily_per_person: most questions of one person within 24 hours; 0 for no limit.
    """

    waiting: int = 200
    open_per_person: int = 20
    daily_per_person: int = 0


def find_refusal(
    connection: Connection,
    limits: Limits,
    message: IncomingMessage,
    *,
    here: ColumnElement[bool],
) -> Refusal:
    """Return the limit that refuses a new question; empty for none.

    Args:
        connection: to the state database.
        limits: of the line.
        message: the question.
        here: selects the questions to this docent.

    Returns:
        The limit. Messages that did not call docent, and edits, are never refused.
    """
    if message.audience != "mention" or message.kind != "question" or message.edited_ts:
        return ""
    count = select(func.count()).select_from(inbox).where(here)
    lined_up = and_(inbox.c.status == "waiting", inbox.c.turn != QUICK_TURN)
    if (connection.scalar(count.where(lined_up)) or 0) >= limits.waiting:
        return "line_full"
    by_user = count.where(select_person(message), inbox.c.turn != QUICK_TURN)
    if (connection.scalar(by_user.where(inbox.c.status.in_(OPEN))) or 0) >= (
        limits.open_per_person
    ):
        return "too_many_open"
    lately = inbox.c.received_at > DatabaseMoment(-86_400)
    if limits.daily_per_person and (
        (connection.scalar(by_user.where(lately)) or 0) >= limits.daily_per_person
    ):
        return "daily_limit"
    return ""


def select_person(message: IncomingMessage) -> ColumnElement[bool]:
    """Select the questions of a message's author, whom user and team name."""
    return and_(inbox.c.user == message.user, inbox.c.user_team == message.user_team)
