"""Forgetting: deletes what the state database holds of one person."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, delete, or_, select, update

from bot.storage import tables
from bot.storage.inbox_entry import OPEN
from ingest.state.database_clock import DatabaseMoment
from ingest.state.sqlite_file import clear_journal

RECENT_SECONDS = 86_400.0
"""An emptied row stays so long, or docent would answer a message again that it reads again."""

_KEPT_SECONDS = 30 * 86_400.0  # of ended questions, before they are purged

inbox, answers, ratings, audit = tables.inbox, tables.answers, tables.ratings, tables.audit
claims = tables.claims


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The numbers of rows that held something of a person, by kind.

    Attributes:
        questions: of the person, in the inbox.
        answers: to the person's questions.
        ratings: by the person, and of answers to the person.
        audit: actions of the person, and texts of others that name the person.
        settings: of channels that the person has set; they stay, without the person's id.
        claims: of messages and clicks that hold the person's id.
        quotations: answers to others, of which the texts may hold words of the person; they stay,
            without their texts.
    """

    questions: int = 0
    answers: int = 0
    ratings: int = 0
    audit: int = 0
    settings: int = 0
    claims: int = 0
    quotations: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the numbers by kind."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def forget_person(
    engine: Engine, user: str, *, team: str = "", is_dry_run: bool = False
) -> Forgotten:
    """Delete what the state database holds of a person.

    It may be done beside a docent at work.
    A question that is open is ended, so that its answer is not stored.

    Args:
        engine: of the state database.
        user: id of the user.
        team: id of the user's workspace; empty for all. Rows that name no workspace count too.
        is_dry_run: only count.

    Returns:
        The numbers; of a person who is not known, zeros.

    Raises:
        StateError: the state database can't be used.
    """
    tables.ensure_bot_tables(engine)
    if not user:
        return Forgotten()
    with engine.connect() as connection, connection.begin() as transaction:
        forgotten = _forget(connection, user, team)
        if is_dry_run:
            transaction.rollback()
    if not is_dry_run:
        clear_journal(engine)
    return forgotten


def _forget(connection: Connection, user: str, team: str) -> Forgotten:
    mine = _select_rows(answers, user, team)
    theirs = select(answers.c.id).where(mine).scalar_subquery()
    of_answers = or_(_select_rows(ratings, user, team), ratings.c.answer.in_(theirs))
    return Forgotten(
        questions=_forget_questions(connection, user, team),
        ratings=_delete(connection, ratings, of_answers),
        answers=_delete(connection, answers, mine),
        audit=_delete(connection, audit, _select_rows(audit, user, team))
        + _clear_audit_texts(connection, user),
        settings=sum(
            _remove_setter(connection, table, user, team)
            for table in (tables.scopes, tables.instructions)
        ),
        claims=_delete(connection, claims, _select_keys(claims, user, team)),
        quotations=_clear_texts(connection, user),
    )


def _forget_questions(connection: Connection, user: str, team: str) -> int:
    """Empty rows of open and recent questions; delete the others."""
    mine = or_(
        _select_rows(inbox, user, team),
        _select_keys(inbox, user, team),
        # Open questions of others that hold the person's words.
        and_(inbox.c.user != user, inbox.c.message.contains(f'"{user}"', autoescape=True)),
    )
    recent = or_(inbox.c.status.in_(OPEN), inbox.c.ended_at > DatabaseMoment(-RECENT_SECONDS))
    deleted = _delete(connection, inbox, and_(mine, ~recent))
    rows = connection.execute(
        select(inbox.c.id, inbox.c.ts, inbox.c.status).where(mine).order_by(inbox.c.id)
    ).all()
    for row in rows:
        # Without an owner, the process that answers has lost the question and shows no more of it.
        values = dict.fromkeys(("user", "user_team", "owner", "message", "response_url"), "")
        connection.execute(
            update(inbox)
            .where(inbox.c.id == row.id)
            .values(
                **values,
                ts=_remove_name(row.ts, row.id),
                status="given_up" if row.status in OPEN else row.status,
                ended_at=DatabaseMoment(RECENT_SECONDS - _KEPT_SECONDS),
            )
        )
    return deleted + len(rows)


def _remove_name(ts: str, entry_id: str) -> str:
    """Return a message's key without the person who was refused."""
    message, at, _ = ts.partition("@")
    return f"{message}@{entry_id}" if at else ts


def _select_rows(table: Table, user: str, team: str) -> ColumnElement[bool]:
    """Select a person's rows; those without a team count too."""
    mine = table.c.user == user
    return and_(mine, table.c.user_team.in_([team, ""])) if team else mine


def _select_keys(table: Table, user: str, team: str) -> ColumnElement[bool]:
    """Select the rows whose key holds the id of a person."""
    ts = table.c.ts
    ways = [ts.endswith(f"@{user}", autoescape=True), ts.startswith(f"{user} ", autoescape=True)]
    if team:
        ways += [
            ts.endswith(f"@{team}/{user}", autoescape=True),
            ts.startswith(f"{team} {user} ", autoescape=True),
        ]
    else:
        ways += [
            ts.endswith(f"/{user}", autoescape=True),
            ts.contains(f" {user} ", autoescape=True),
        ]
    return or_(*ways)


def _delete(connection: Connection, table: Table, where: ColumnElement[bool]) -> int:
    """Delete rows, and return their number, which not every driver tells."""
    first = next(iter(table.primary_key))
    return len(connection.execute(delete(table).where(where).returning(first)).all())


def _clear_texts(connection: Connection, user: str) -> int:
    """Empty answers to others that may hold a person's words.

    No row says of which workspace these are.
    """
    held = answers.c.authors.contains(f" {user} ", autoescape=True)
    texts = {"question": "", "answer": None, "authors": ""}
    statement = update(answers).where(held).values(texts).returning(answers.c.id)
    return len(connection.execute(statement).all())


def _clear_audit_texts(connection: Connection, user: str) -> int:
    """Empty the texts of other people's actions that name a person."""
    names = or_(
        *(
            column.contains(f"{before}{user}{after}", autoescape=True)
            for column in (audit.c.command, audit.c.result)
            for before, after in (("@", ">"), ("@", "|"))
        )
    )
    texts = {"command": "", "result": ""}
    statement = update(audit).where(names).values(texts).returning(audit.c.id)
    return len(connection.execute(statement).all())


def _remove_setter(connection: Connection, table: Table, user: str, team: str) -> int:
    """Remove a person's id from the settings of channels; the settings stay."""
    where = and_(table.c.user == user, *([table.c.team == team] if team else []))
    statement = update(table).where(where).values(user="").returning(table.c.channel)
    return len(connection.execute(statement).all())
