"""How an answer appears: streamed, edited or posted, and what happens when Slack says no."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select

from bot.markup.splitting import MARKDOWN_LIMIT
from bot.slack.client import calls
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.streaming import STREAM_SECONDS, StreamedMessage, StreamEnded
from bot.slack.reply.thread_reply import ThreadReply
from bot.slack.reply.thread_status import ThreadStatus
from bot.storage.tables import claims
from bot.texts import answers
from rag_core.types import AnswerDone, RerankStarted, SearchStarted, TextDelta
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, Gate, answer, citation, script
from tests.servers.slack.store import Message

LONG = "\n\n".join(f"Paragraph {n}: " + "words and " * 60 for n in range(60)).strip()


def gated(text: str = TEXT, *, shown: str) -> tuple[Gate, list]:
    """A script that waits once `shown` has been written."""
    gate = Gate()
    steps = [
        SearchStarted(),
        RerankStarted(30),
        TextDelta(shown),
        gate,
        TextDelta(text[len(shown) :]),
    ]
    return gate, [*steps, AnswerDone(answer(text))]


async def streaming(docent: Docent, text: str) -> Message:
    """The live message, once it shows the text."""
    return await docent.slack.wait_for_message(lambda m: m.live and text in m.markdown)


async def test_text_appears_while_the_answer_is_written(docent: Docent):
    gate, docent.pipeline.script = gated(shown="Milvus stores")
    await docent.start()
    question = await docent.slack.mention("how?")
    live = await streaming(docent, "Milvus stores")
    assert live.markdown == "Milvus stores"
    gate.open()
    reply = await docent.slack.wait_for_reply(question)
    assert reply.ts == live.ts
    assert reply.markdown == TEXT
    assert reply.task["status"] == "complete"
    assert not docent.slack.calls("chat.postMessage")


async def test_sources_come_with_the_end_of_the_stream(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question)
    [stop] = docent.slack.calls("chat.stopStream")
    assert [block["type"] for block in stop.arguments["blocks"]] == [
        "section",
        "context",
        "context_actions",
        "actions",
    ]
    assert not docent.slack.calls("chat.update")


@pytest.mark.parametrize("error", ["unknown_method", "method_deprecated", "feature_not_enabled"])
async def test_without_streaming_a_post_is_edited_and_it_is_remembered(docent: Docent, error: str):
    docent.slack.lack_streaming(error)
    gate, docent.pipeline.script = gated(shown="Milvus stores")
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_message(lambda m: "Milvus stores" in m.shown)
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert TEXT in reply.shown
    assert len(docent.slack.replies(question)) == 1
    again = await docent.slack.mention("again?")
    await docent.slack.wait_for_reply(again, containing=TEXT)
    assert len(docent.slack.calls("chat.startStream")) == 1


async def test_posts_unfurl_nothing(docent: Docent):
    docent.slack.lack_streaming()
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    for call in docent.slack.calls("chat.postMessage"):
        assert (call.arguments["unfurl_links"], call.arguments["unfurl_media"]) == (False, False)


async def test_a_429_at_the_start_goes_down_a_rung_without_waiting(docent: Docent):
    docent.slack.rate_limit("chat.startStream", retry_after=3600)
    await docent.start()
    for text in ("how?", "and then?"):
        question = await docent.slack.mention(text)
        await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert len(docent.slack.calls("chat.startStream")) == 1


async def test_without_editing_the_answer_is_one_post(docent: Docent):
    docent.slack.lack_streaming()
    docent.slack.lack("chat.update")
    await docent.start()
    first = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(first, containing=answers.SOURCES)
    await docent.slack.wait_for(lambda: len(docent.slack.replies(first)) == 1)
    posts = len(docent.slack.calls("chat.postMessage"))
    second = await docent.slack.mention("again?")
    await docent.slack.wait_for_reply(second, containing=answers.SOURCES)
    assert len(docent.slack.calls("chat.postMessage")) == posts + 1


@pytest.mark.parametrize("error", ["internal_error", "fatal_error"])
async def test_a_stream_that_breaks_is_gone_on_with_in_place(docent: Docent, error: str):
    gate, docent.pipeline.script = gated(shown="Milvus stores")
    await docent.start()
    question = await docent.slack.mention("how?")
    live = await streaming(docent, "Milvus stores")
    docent.slack.fail("chat.appendStream", error)
    docent.slack.fail("chat.appendStream", error)
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert reply.ts == live.ts
    assert TEXT in reply.shown
    assert len(docent.slack.replies(question)) == 1


async def test_a_stream_that_expired_is_gone_on_with_in_place(docent: Docent):
    gate, docent.pipeline.script = gated(shown="Milvus stores")
    await docent.start()
    question = await docent.slack.mention("how?")
    live = await streaming(docent, "Milvus stores")
    docent.slack.end_streams("expired")
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert reply.ts == live.ts
    assert TEXT in reply.shown


async def test_a_message_that_can_not_be_edited_either_is_posted_anew(docent: Docent):
    gate, docent.pipeline.script = gated(shown="Milvus stores")
    await docent.start()
    question = await docent.slack.mention("how?")
    await streaming(docent, "Milvus stores")
    docent.slack.end_streams("expired")
    docent.slack.lack("chat.update", error="edit_window_closed")
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert TEXT in reply.shown
    await docent.slack.wait_for(lambda: docent.slack.replies(question) == [reply])


async def test_stop_ends_the_answer_and_the_pipeline(docent: Docent):
    first, second = Gate(), Gate()
    steps = [TextDelta("Milvus"), first, TextDelta(" stores"), second]
    docent.pipeline.script = [*steps, *script()]
    await docent.start()
    question = await docent.slack.mention("how?")
    await streaming(docent, "Milvus")
    docent.slack.end_streams("stopped_by_user")
    first.open()
    await docent.reached(second.reached)
    await docent.slack.wait_for(
        lambda: any(c.error == "stopped_by_user" for c in docent.slack.calls())
    )
    second.open()
    await docent.reached(docent.pipeline.closed)
    await docent.slack.wait_for(lambda: idle(docent, question))
    [reply] = docent.slack.replies(question)
    assert reply.markdown == "Milvus"


def idle(docent: Docent, question: Message) -> bool:
    """Whether docent's last word about the thread's session is that it listens."""
    sessions = docent.slack.store.sessions
    return sessions.get((question.channel, question.ts), [])[-1:] == ["active"]


async def test_the_stop_button_ends_a_pipeline_that_writes_nothing(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [SearchStarted(), gate, *script()]
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.reached(gate.reached)
    await docent.slack.wait_for_message(lambda m: m.live)
    await docent.slack.stop(question)
    await docent.slack.wait_for(lambda: idle(docent, question))
    gate.open()
    await docent.reached(docent.pipeline.closed)
    [reply] = docent.slack.replies(question)
    assert (reply.stream, reply.markdown) == ("stopped_by_user", "")


async def test_an_answer_that_is_edited_says_that_it_was_stopped(docent: Docent):
    docent.slack.lack_streaming()
    gate, docent.pipeline.script = gated(shown="Milvus stores")
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_message(lambda m: "Milvus stores" in m.shown)
    await docent.slack.stop(question)
    reply = await docent.slack.wait_for_reply(question, containing=answers.STOPPED)
    gate.open()
    assert reply.shown.startswith("Milvus stores")


async def test_stop_where_nothing_is_under_way_settles_the_session(docent: Docent):
    await docent.start()
    question = docent.slack.said("how?")
    await docent.slack.stop(question)
    await docent.slack.wait_for(lambda: idle(docent, question))


async def test_a_final_text_that_differs_replaces_what_was_streamed(docent: Docent):
    docent.pipeline.script = [
        SearchStarted(),
        TextDelta("A draft [9]."),
        AnswerDone(answer("The text [1].")),
    ]
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert "The text [1]." in reply.shown
    assert "draft" not in reply.shown
    assert len(docent.slack.replies(question)) == 1


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_long_answer_goes_on_in_further_messages(docent: Docent, streaming: bool):
    if not streaming:
        docent.slack.lack_streaming()
    docent.pipeline.script = script(LONG, pieces=40)
    await docent.start()
    question = await docent.slack.mention("tell me everything")
    last = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    replies = docent.slack.replies(question)
    assert len(replies) > 1
    assert replies[-1].ts == last.ts
    texts = [block["text"] for m in replies for block in m.blocks if block["type"] == "markdown"]
    assert all(len(text) <= MARKDOWN_LIMIT for text in texts)
    assert "\n\n".join(texts).split() == LONG.split()


async def test_a_shorter_final_text_leaves_no_parts_behind(docent: Docent):
    docent.slack.lack_streaming()
    gate, steps = gated(LONG, shown=LONG)
    docent.pipeline.script = [*steps[:4], AnswerDone(answer("In short: no [1]."))]
    await docent.start()
    question = await docent.slack.mention("tell me everything")
    await docent.slack.wait_for(lambda: len(docent.slack.replies(question)) > 1)
    gate.open()
    await docent.slack.wait_for_reply(question, containing="In short")
    await docent.slack.wait_for(lambda: len(docent.slack.replies(question)) == 1)


async def test_nobody_is_called_by_an_answer(docent: Docent):
    text = "Ask <!channel> or <@U0BOB> [1]."
    cited = citation(1)
    docent.pipeline.script = [*script(text)[:-1], AnswerDone(answer(text, citations=(cited,)))]
    await docent.start()
    question = await docent.slack.mention("who?")
    reply = await docent.slack.wait_for_reply(question)
    assert "<!channel>" not in reply.shown
    assert "<@U0BOB>" not in reply.shown
    assert reply.shown.replace("\u200b", "").startswith(text)
    assert not docent.slack.calls("chat.update")


async def test_blocks_that_slack_refuses_do_not_cost_the_answer(docent: Docent):
    docent.slack.lack_streaming()
    docent.slack.lack("chat.update")
    docent.slack.fail("chat.postMessage", "invalid_blocks", times=2)
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing="object storage")
    assert reply.blocks or reply.text


async def test_an_unusable_slack_does_not_mark_the_question_answered(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(calls, "PAUSES", (0.0,))
    docent.slack.lack_streaming()
    docent.slack.lack("chat.postMessage", error="internal_error")
    await docent.start()
    question = await docent.slack.mention("how?")
    thread = (question.channel, question.ts)
    await docent.slack.wait_for(
        lambda: docent.slack.store.sessions.get(thread) == ["processing", "active"]
    )
    await docent.starts.aclose()
    with docent.engine.connect() as connection:
        assert connection.execute(select(claims)).all() == []


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_stream_is_left_before_slack_ends_it(docent: Docent):
    clock, question = Clock(), docent.slack.said("how?")
    thread = ThreadRef(question.channel, question.ts, question.user, "T0DOCENT")
    slack = slack_of(docent, clock)
    message = StreamedMessage(slack, thread, ThreadStatus(slack, thread))
    await message.show(ReplyDraft("Searching", "So"))
    clock.now += STREAM_SECONDS + 1
    with pytest.raises(StreamEnded) as lost:
        await message.show(ReplyDraft("Searching", "So it is"))
    [reply] = docent.slack.replies(question)
    assert lost.value.ts == reply.ts
    assert reply.stream == "stopped"


async def test_a_rate_limited_stream_waits_and_loses_nothing(docent: Docent):
    clock, question = Clock(), docent.slack.said("how?")
    thread = ThreadRef(question.channel, question.ts, question.user, "T0DOCENT")
    slack = slack_of(docent, clock)
    message = StreamedMessage(slack, thread, ThreadStatus(slack, thread))
    await message.show(ReplyDraft("Searching", "So"))
    docent.slack.rate_limit("chat.appendStream", retry_after=7)
    await message.show(ReplyDraft("Searching", "So it"))
    await message.show(ReplyDraft("Searching", "So it is"))
    assert len(docent.slack.calls("chat.appendStream")) == 1
    assert message.compute_pause() == 7
    clock.now += 8
    await message.show(ReplyDraft("Searching", "So it is."))
    assert docent.slack.replies(question)[0].markdown == "So it is."


async def test_text_that_comes_while_a_call_is_under_way_goes_out_with_the_next(docent: Docent):
    question = docent.slack.said("how?")
    held = docent.slack.hold("chat.startStream")
    thread = ThreadRef(question.channel, question.ts, question.user, "T0DOCENT")
    reply = ThreadReply(slack_of(docent), thread, flush_seconds=0)
    reply.begin()
    await docent.slack.wait_for_calls("chat.startStream")
    for word in TEXT.split():
        reply.append(word + " ")
    held.set()
    await reply.finish(answer())
    appends = docent.slack.calls("chat.appendStream")
    assert len(appends) <= 1
    assert docent.slack.replies(question)[0].markdown == TEXT


def slack_of(docent: Docent, clock: Clock | None = None) -> SlackClients:
    client = AsyncWebClient(token=docent.slack.bot_token, base_url=docent.slack.base_url)
    return (
        SlackClients.of(client, client, clock=clock) if clock else SlackClients.of(client, client)
    )
