"""What each asker saw in Slack, and when: the first sign, and the answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.chaos.questions import Asked, Result, judge
from tests.servers.slack.server import Call
from tests.servers.slack.store import Message

Place = tuple[str, str]
"""A channel, and the time stamp of a message or a thread."""

SIGNS = {
    "chat.postMessage": ("channel", "thread_ts"),
    "chat.startStream": ("channel", "thread_ts"),
    "agents.sessions.setStatus": ("channel_id", "thread_ts"),
    "assistant.threads.setStatus": ("channel_id", "thread_ts"),
    "reactions.add": ("channel", "timestamp"),
    "chat.postEphemeral": ("channel", "thread_ts"),
}
"""Methods that show something, and the arguments that say where."""


def find_first_signs(calls: Iterable[Call]) -> dict[Place, tuple[float, str]]:
    """Return for each place when the first sign came, and by which method."""
    signs: dict[Place, tuple[float, str]] = {}
    for call in calls:
        if call.error is None and call.method in SIGNS:
            channel, ts = (str(call.arguments.get(name, "")) for name in SIGNS[call.method])
            signs.setdefault((channel, ts), (call.at, call.method))
            # One without a thread is for a person, in the channel.
            if not ts and call.method == "chat.postEphemeral":
                signs.setdefault((channel, call.arguments["user"]), (call.at, call.method))
    return signs


def judge_all(
    asked: Sequence[Asked], messages: Iterable[Message], *, source: str = ""
) -> dict[int, Result]:
    """Return the result of each question by number, in one pass over the messages.

    A private sentence outside of every thread counts for one silent question of its reader there.
    """
    replies: Mapping[Place, list[Message]] = defaultdict(list)
    private: Counter[Place] = Counter()
    for message in messages:
        if message.by_bot and message.visible_to and not message.thread_ts:
            private[message.channel, message.visible_to] += 1
        elif message.by_bot:
            replies[message.channel, message.thread_ts or ""].append(message)
    results: dict[int, Result] = {}
    for each in asked:
        place = (each.message.channel, each.message.user)
        result = judge(each, replies[each.message.channel, each.message.ts], source=source)
        if result == "silent" and private[place]:
            private[place] -= 1
            result = "told"
        results[each.number] = result
    return results
