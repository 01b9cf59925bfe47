"""Turns: the rounds of the line, in which people ask one question each."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, case, func, select, union_all

from bot.storage.inbox_entry import OPEN
from bot.storage.tables import inbox

_TAKEN = ("answering", "answered", "told", "given_up")
"""The statuses of questions that have left the line."""


def compute_turn(person: ColumnElement[bool], here: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the turn of a person's next question.

    Each turn holds one question of each person who waits, so no second question comes before
    another's first. A new person joins at the turn that is being served.

    Args:
        person: selects the questions of the person.
        here: selects the questions to this docent.
    """
    mine = and_(here, person, inbox.c.status.in_(OPEN))
    last = select(func.coalesce(func.max(inbox.c.turn), -1)).where(mine).scalar_subquery()
    latest = union_all(
        *(
            _select_latest_turn(and_(here, inbox.c.status == each, inbox.c.attempts > 0))
            for each in _TAKEN
        )
    )
    turns = latest.subquery().c.turn
    served = select(func.coalesce(func.max(turns), 0)).scalar_subquery()
    return case((last >= served, last + 1), else_=served)


def _select_latest_turn(where: ColumnElement[bool]) -> Select[tuple[int]]:
    """Select the highest turn, which the index has first."""
    latest = select(inbox.c.turn).where(where).order_by(inbox.c.turn.desc()).limit(1).subquery()
    return select(latest.c.turn)
