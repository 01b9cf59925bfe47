"""The bot's tables, opened together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select

from bot.storage import tables
from bot.storage.answers import Answers
from bot.storage.claims import Claims
from bot.storage.database import CLAIM_RETENTION, BotDatabase
from bot.storage.ratings import Ratings
from bot.types import MessageKey
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.bot.storage.test_answers import KEPT, KEY
from tests.bot.storage.test_claims import age
from tests.servers.slack.store import ALICE, GENERAL, TEAM

LONG_AGO = datetime.now(UTC) - timedelta(days=365)


def open_database(engine: Engine) -> BotDatabase:
    return BotDatabase.open(engine, keep_days=90, read_last_success_time=lambda *_: None)


def test_what_is_too_old_is_forgotten(engine: Engine):
    claims = Claims(engine)
    claims.take(KEY)
    claims.take(replace(KEY, ts="2.0"))
    age(engine, timedelta(days=2))
    claims.take(replace(KEY, ts="3.0"))
    age(engine, CLAIM_RETENTION - timedelta(days=1))
    Answers(engine, days=90, clock=lambda: LONG_AGO).add(KEPT)
    database = open_database(engine)
    assert database.answers.find(KEPT.id) is None
    with engine.connect() as connection:
        assert list(connection.scalars(select(tables.claims.c.ts))) == ["3.0"]


def test_what_grows_old_is_forgotten_later(engine: Engine):
    database = open_database(engine)
    Claims(engine).take(KEY)
    age(engine, timedelta(days=365))
    Answers(engine, days=90, clock=lambda: LONG_AGO).add(KEPT)
    Ratings(engine).rate(KEPT.id, "U1", "up")
    database.purge()
    with engine.connect() as connection:
        for table in (tables.claims, tables.answers, tables.ratings):
            assert connection.execute(select(table)).all() == []


async def test_a_question_in_slack_is_answered_once_by_two_docents(engine: Engine, docent: Docent):
    docent.engine.dispose()
    docent.engine = engine
    await docent.start()
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question)
    assert reply.markdown == TEXT
    assert [each.ts for each in docent.slack.replies(question)] == [reply.ts]
    key = MessageKey(TEAM, GENERAL, question.ts)
    stored = Answers(engine, days=1).find_by_message(key)
    assert stored is not None
    assert stored.user == ALICE
