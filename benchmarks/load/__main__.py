"""Fifty people who ask 500 questions in a minute, in a workspace that keeps Slack's limits.

    python -m benchmarks.load --json

`docent serve` in a process of its own with the starter profile and the handbook as its index, the
tests' local Slack with the rates of Slack's tiers in another, and an LLM that writes without delay.
Each mention comes as `app_mention` and as `message`, as in Slack. The first sign counts from the
event being sent to the first call that shows something: a status, a reaction, a message. A task in
docent's loop measures how late the loop is; the same task in an idle process is the baseline.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.chaos.processes import ROOT, Docent, index_folder
from benchmarks.chaos.questions import RESULTS, Asked, write_short_answer
from benchmarks.load.people import Plan, move_in, plan_questions, read_questions
from benchmarks.load.probed_service import Samples
from benchmarks.load.sightings import find_first_signs, judge_all
from tests.servers.openai import OpenAIServer
from tests.servers.slack.server import SlackServer

START_SECONDS = 120.0
LOOK_SECONDS = 1.0
_STATM, _PAGE_MB = "/proc/{}/statm", 4096 / 2**20


@dataclass
class Course:
    """How the answers and the memory went, looked at once a second.

    Attributes:
        began: when the first question could be asked, by `time.monotonic()`.
        sent: when each question was sent, by its number.
        asked: the questions.
        answered: how many were answered, at each look.
        memory: of docent's process in MB, at each look.
        ended: when the last answer was there, or the patience was at its end.
    """

    began: float
    sent: dict[int, float] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    ended: float = 0.0


async def measure(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Index, start docent, let the people ask, and wait for all answers."""
    plans = plan_questions(
        read_questions(ROOT / "docs"),
        count=chosen.questions,
        seconds=chosen.seconds,
        people=chosen.people,
        channels=chosen.channels,
    )
    with OpenAIServer(write_short_answer) as llm:
        async with SlackServer() as slack:
            slack.latency, slack.double_mentions = chosen.latency, "after"
            slack.ack_seconds = START_SECONDS
            move_in(slack.store, plans)
            docent, idle = _build_processes(folder, slack, llm)
            if chosen.max_waiting is not None:
                docent.settings = {
                    **docent.settings,
                    "DOCENT_MAX_WAITING": str(chosen.max_waiting),
                }
            await index_folder(ROOT / "docs", folder, docent.settings)
            await asyncio.gather(docent.start(), idle.start())
            await slack.wait_connected(timeout=START_SECONDS)
            slack.limit_rates()
            try:
                course = await _ask_all(slack, docent, plans, patience=chosen.patience)
            finally:
                await asyncio.gather(docent.terminate(), idle.terminate())
            found = _report(slack, course, chosen.seconds)
    for name, process in (("loop_lag", docent), ("idle_loop_lag", idle)):
        samples = json.loads((process.folder / f"{process.name}.json").read_text())
        found[name] = _report_lag(samples, course)
    found["tracebacks"] = docent.log.count("Traceback")
    if chosen.log:
        chosen.log.write_text(docent.log)
    return found


def _build_processes(folder: Path, slack: SlackServer, llm: OpenAIServer) -> list[Docent]:
    """Build the service and the idle loop, each of which writes its samples into the folder."""
    settings = {
        "DOCENT_PROFILE": "starter",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.base_url,
        "OPENAI_API_KEY": llm.api_key,
        "OPENAI_BASE_URL": llm.base_url,
    }
    probed = (sys.executable, "-m", "benchmarks.load.probed_service")
    return [
        Docent("service", folder, settings, command=(*probed, "service.json")),
        Docent("idle", folder, settings, command=(*probed, "idle.json", "--idle")),
    ]


async def _ask_all(
    slack: SlackServer, docent: Docent, plans: Sequence[Plan], *, patience: float
) -> Course:
    """Send each question at its moment, and return once all are answered."""
    course = Course(began=time.monotonic())

    async def send(number: int, plan: Plan) -> None:
        await asyncio.sleep(max(0.0, course.began + plan.at - time.monotonic()))
        course.sent[number] = time.monotonic()
        message = slack.said(plan.text, channel=plan.channel, user=plan.user)
        course.asked.append(Asked(number, message))
        await slack.mention(plan.text, channel=plan.channel, user=plan.user, ts=message.ts)

    sending = [asyncio.create_task(send(number, plan)) for number, plan in enumerate(plans, 1)]
    while True:
        results = judge_all(course.asked, slack.store.all.values())
        ended = sum(result in {"answered", "doubled", "told"} for result in results.values())
        course.answered.append(ended)
        course.memory.append(_read_memory(docent))
        course.ended = time.monotonic()
        if ended == len(plans) or course.ended - course.began > patience:
            break
        await asyncio.sleep(LOOK_SECONDS)
    for each in sending:
        each.cancel()
    return course


def _read_memory(docent: Docent) -> float:
    """Return the resident memory of the process in MB."""
    assert docent.process is not None
    pages = Path(_STATM.format(docent.process.pid)).read_text().split()[1]
    return round(int(pages) * _PAGE_MB, 1)


def _report(slack: SlackServer, course: Course, seconds: float) -> dict[str, Any]:
    results = Counter(judge_all(course.asked, slack.store.all.values()).values())
    signs = find_first_signs(slack.calls())
    waits: list[float] = []
    by_method: Counter[str] = Counter()
    for asked in course.asked:
        seen = [
            signs[place]
            for place in (
                (asked.message.channel, asked.message.ts),
                (asked.message.channel, asked.message.user),
            )
            if place in signs
        ]
        if seen:
            at, method = min(seen)
            waits.append(at - course.sent[asked.number])
            by_method[method] += 1
    limited = Counter(call.method for call in slack.calls() if call.error == "ratelimited")
    minute = min(round(seconds / LOOK_SECONDS), len(course.answered) - 1)
    return {
        "questions": len(course.asked),
        **{result: results[result] for result in RESULTS},
        "first_sign_ms": spread_ms(waits),
        "first_sign_by": dict(by_method.most_common()),
        "without_sign": len(course.asked) - len(waits),
        "answered_when_all_were_asked": course.answered[minute],
        "seconds_until_last_answer": round(course.ended - course.began, 1),
        "memory_mb": {
            "start": course.memory[0],
            "all_asked": course.memory[minute],
            "end": course.memory[-1],
            "max": max(course.memory),
        },
        "slack_calls": dict(Counter(call.method for call in slack.calls()).most_common()),
        "rate_limited": dict(limited.most_common()),
        "refused_by_slack": [f"{each.where}: {each.why}" for each in slack.violations][:5],
    }


def _report_lag(samples: Samples, course: Course) -> dict[str, float]:
    """Return how late the loop was from the first question to the last answer."""
    return spread_ms([lag for at, lag in samples if course.began <= at <= course.ended])


def spread_ms(seconds: Sequence[float]) -> dict[str, float]:
    """Return median, 95th and 99th percentile and maximum in milliseconds; nothing of nothing."""
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    named = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}
    return {name: round(value * 1000, 1) for name, value in named.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--questions", type=int, default=500, help="of all people")
    parser.add_argument("--seconds", type=float, default=60, help="in which they are asked")
    parser.add_argument("--people", type=int, default=50, help="who ask in turns")
    parser.add_argument("--channels", type=int, default=10, help="of these people")
    parser.add_argument("--latency", type=float, default=0, help="seconds of a call of Slack")
    parser.add_argument("--patience", type=float, default=900, help="seconds for all answers")
    parser.add_argument("--max-waiting", type=int, help="DOCENT_MAX_WAITING; its default if unset")
    parser.add_argument("--log", type=Path, help="file for docent's log")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder), chosen))
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
