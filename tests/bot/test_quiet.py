"""What is shown to people who did not call docent."""

from bot import messages
from bot.quiet import QuietReply
from tests.bot.fakes import TEXT, answer
from tests.bot.test_conversation import Notebook


async def lines(work) -> list[str]:
    notebook = Notebook()
    await work(QuietReply(notebook))
    return notebook.lines


async def test_nothing_is_shown_before_the_answer():
    async def work(reply: QuietReply) -> None:
        reply.begin()
        reply.progress(messages.SEARCHING)
        reply.append("Milvus")

    assert await lines(work) == []


async def test_a_documented_answer_is_shown_whole():
    assert await lines(lambda reply: reply.finish(answer())) == ["begin", f"finish: {TEXT}"]


async def test_anything_else_is_kept():
    assert await lines(lambda reply: reply.finish(answer(status="not_found"))) == []
    assert await lines(lambda reply: reply.finish(answer(degraded=("unsupported",)))) == []
    assert await lines(lambda reply: reply.fail(messages.UNEXPECTED)) == []
    assert await lines(lambda reply: reply.leave()) == []


def test_it_is_stopped_with_the_reply_behind_it():
    notebook = Notebook()
    assert QuietReply(notebook).stopped is notebook.stopped
