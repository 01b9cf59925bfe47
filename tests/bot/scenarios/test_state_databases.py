"""One question from Slack to its stored answer, on each kind of state database."""

from sqlalchemy import Engine

from bot.storage.answers import Answers
from bot.storage.audit_log import AuditLog
from bot.types import MessageKey
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.servers.slack.store import ALICE, GENERAL, TEAM


async def test_a_question_is_answered_once_by_two_docents(engine: Engine, docent: Docent):
    docent.engine.dispose()
    docent.engine = engine
    await docent.start()
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question)
    assert reply.markdown == TEXT
    stored = Answers(engine, days=1).find_by_message(MessageKey(TEAM, GENERAL, question.ts))
    assert stored is not None
    assert stored.user == ALICE
    assert [each.ts for each in docent.slack.replies(question)] == [reply.ts]
    assert AuditLog(engine).list_entries() == ()
