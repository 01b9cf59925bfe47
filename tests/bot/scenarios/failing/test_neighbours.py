"""Two questions in one thread: a lost post of one never takes the message of the other."""

from collections.abc import Iterator

import pytest

from bot.slack.client import calls
from bot.texts import answers
from rag_core.types import AnswerDone, AnswerEvent, Question, SearchStarted, TextDelta
from tests.bot.conftest import Docent
from tests.bot.fakes import FakePipeline, Gate, answer
from tests.bot.scenarios.failing.test_delivery import WAYS, end, shown
from tests.servers.slack.store import ALICE, BOB, Message

FIRST_CALLS = {"stream": "chat.startStream", "edit": "chat.postMessage"}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAUSES", (0.01,))


class Pipeline(FakePipeline):
    """Searches until the gate of a question is opened, then answers with its words."""

    def __init__(self, *, repeats_itself: bool = False) -> None:
        super().__init__()
        self.gates = {text: Gate() for text in ("first?", "second?")}
        self._repeats_itself = repeats_itself

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Answer a question once its gate is open."""
        self.questions.append(question)
        yield SearchStarted()
        self.gates[question.text].wait()
        text = "Data" if self._repeats_itself else question.text.removesuffix("?").capitalize()
        yield TextDelta(f"{text} goes to object storage [1].")
        yield AnswerDone(answer(f"{text} goes to object storage [1]."))


async def ask_both(docent: Docent, pipeline: Pipeline, way: str) -> Message:
    """A thread in which the first question is being searched; then the second is asked."""
    docent.pipeline = pipeline
    if way == "edit":
        docent.slack.lack_streaming()
    await docent.start()
    root = docent.slack.said("Has anyone seen this?", user=BOB)
    await docent.slack.mention("first?", thread_ts=root.ts, user=ALICE)
    await docent.slack.wait_for(lambda: docent.slack.replies(root))
    return root


async def wait_for_answers(docent: Docent, root: Message, count: int) -> None:
    await docent.slack.wait_for(
        lambda: shown(docent.slack.replies(root)).count(answers.SOURCES) == count
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("order", [("first?", "second?"), ("second?", "first?")])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_failed_post_leaves_the_neighbours_message_alone(
    docent: Docent, way: str, order: tuple[str, str], times: int
) -> None:
    pipeline = Pipeline()
    root = await ask_both(docent, pipeline, way)
    [first] = docent.slack.replies(root)
    before = len(docent.slack.calls(FIRST_CALLS[way]))
    docent.slack.fail(FIRST_CALLS[way], "internal_error", times=times)
    await docent.slack.mention("second?", thread_ts=root.ts, user=BOB)
    await docent.slack.wait_for_calls(FIRST_CALLS[way], before + 1)
    for count, text in enumerate(order, start=1):
        pipeline.gates[text].open()
        await wait_for_answers(docent, root, count)
    await end(docent)
    replies = docent.slack.replies(root)
    assert len(replies) == 2
    assert "First goes to" in first.shown
    assert shown(replies).count("Second goes to") == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_post_without_a_word_is_found_beside_a_neighbours(docent: Docent, way: str) -> None:
    """It says the same as the neighbour's; the mark tells them apart."""
    pipeline = Pipeline()
    root = await ask_both(docent, pipeline, way)
    docent.slack.lose_reply(FIRST_CALLS[way])
    await docent.slack.mention("second?", thread_ts=root.ts, user=BOB)
    await docent.slack.wait_for(lambda: len(docent.slack.replies(root)) == 2)
    first, second = docent.slack.replies(root)
    for gate in pipeline.gates.values():
        gate.open()
    await wait_for_answers(docent, root, 2)
    await end(docent)
    assert docent.slack.replies(root) == [first, second]
    assert ("First goes to" in first.shown, "Second goes to" in second.shown) == (True, True)


async def test_a_finished_answer_with_the_same_words_stays(docent: Docent) -> None:
    pipeline = Pipeline(repeats_itself=True)
    root = await ask_both(docent, pipeline, "edit")
    pipeline.gates["first?"].open()
    await wait_for_answers(docent, root, 1)
    [first] = docent.slack.replies(root)
    docent.slack.fail("chat.postMessage", "internal_error", times=3)
    docent.slack.lack("chat.update", error="missing_scope")  # only the whole answer is posted
    pipeline.gates["second?"].open()
    await docent.slack.mention("second?", thread_ts=root.ts, user=BOB)
    await wait_for_answers(docent, root, 2)
    await end(docent)
    assert len(docent.slack.replies(root)) == 2
    assert docent.slack.replies(root)[0] == first
