"""What is shown to people who did not call docent."""

from bot.conversation.silent_reply import SilentReply
from bot.texts import answers
from bot.types import AnswerContext
from tests.bot.fakes import TEXT, Notebook, answer


async def lines(work) -> list[str]:
    notebook = Notebook()
    await work(SilentReply(notebook))
    return notebook.lines


async def test_nothing_is_shown_before_the_answer():
    async def work(reply: SilentReply) -> None:
        reply.begin()
        reply.show_progress(answers.SEARCHING)
        reply.append("Milvus")

    assert await lines(work) == []


async def test_a_documented_answer_is_shown_whole():
    assert await lines(lambda reply: reply.finish(answer())) == ["begin", f"finish: {TEXT}"]


async def test_anything_else_is_kept():
    assert await lines(lambda reply: reply.finish(answer(status="not_found"))) == []
    assert await lines(lambda reply: reply.finish(answer(degraded=("unsupported",)))) == []
    assert await lines(lambda reply: reply.fail(answers.UNEXPECTED)) == []
    assert await lines(lambda reply: reply.mark_stopped()) == []


def test_it_is_stopped_with_the_reply_behind_it():
    notebook = Notebook()
    assert SilentReply(notebook).stopped is notebook.stopped


def test_its_context_and_its_messages_are_those_of_the_reply_behind_it():
    notebook = Notebook()
    reply = SilentReply(notebook)
    reply.context = AnswerContext(answer_id="1")
    notebook.message_timestamps = ("1.1",)
    assert notebook.context == reply.context == AnswerContext(answer_id="1")
    assert reply.message_timestamps == ("1.1",)
