"""Abandoned questions: those whose process, or whose asker, is gone."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from bot.storage.inbox_entry import OPEN
from bot.storage.tables import inbox
from bot.types import Surface
from ingest.state.database_clock import DatabaseMoment
from ingest.state.process_identity import is_process_gone

CALLS: tuple[Surface, ...] = ("mcp", "http")
"""Surfaces whose askers wait at one process for the answer, which no other can give them."""

CALL_SECONDS = 600.0
"""No asker of these waits longer, so by then any process may end such a question."""


def select_abandoned(
    connection: Connection, here: ColumnElement[bool], keep: Collection[str]
) -> ColumnElement[bool]:
    """Select the open questions that any process may take.

    Args:
        connection: to the state database.
        here: selects the questions to this docent.
        keep: ids of questions that are left out.

    Returns:
        Those whose lease is over, and those whose process is gone.
    """
    is_open = and_(here, inbox.c.status.in_(OPEN), inbox.c.id.not_in(list(keep)))
    owners = connection.scalars(select(inbox.c.owner).where(is_open).distinct())
    is_gone = inbox.c.owner.in_([each for each in owners if each and is_process_gone(each)])
    lease_is_over = or_(inbox.c.leased_until < DatabaseMoment(), is_gone)
    asker_is_gone = or_(inbox.c.received_at < DatabaseMoment(-CALL_SECONDS), is_gone)
    answering = and_(inbox.c.status == "answering", lease_is_over)
    waiting = and_(inbox.c.status == "waiting", inbox.c.owner != "", asker_is_gone)
    return and_(is_open, or_(answering, waiting))
