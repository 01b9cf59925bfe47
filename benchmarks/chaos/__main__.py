"""Questions that are answered once and whole, though docent is killed at every point.

    python -m benchmarks.chaos --json --questions 200

Real `docent serve` processes with the starter profile's settings, Milvus Lite and the real state
database, the tests' strict local Slack, a scripted LLM and a model server. Each kill is a `kill -9`
at one point of an answer, which the servers reach by holding what docent waits for. Settings: one
process that is started again; two on PostgreSQL; two on SQLite. In each, questions are also asked
while docent is down or disconnected, and a process gets SIGTERM while the LLM is silent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.chaos import rounds
from benchmarks.chaos.kill_points import POINTS
from benchmarks.chaos.questions import RESULTS, Asked, list_replies
from benchmarks.chaos.targets import list_misses
from benchmarks.chaos.workplace import Workplace, open_workplace
from tests.servers import postgres

SETTINGS = ("one", "postgres", "sqlite")
CATCH_UP_SECONDS = 180.0
"""For what was missed: docent reads its conversations no faster than Slack's tiers allow."""


async def measure_all(names: Sequence[str], chosen: argparse.Namespace) -> dict[str, Any]:
    """Run all settings, one after the other or beside each other."""
    if chosen.beside:
        reports = await asyncio.gather(*(measure(name, chosen) for name in names))
        return dict(zip(names, reports, strict=True))
    return {name: await measure(name, chosen) for name in names}


async def measure(name: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Run everything in one setting, in a folder of its own."""
    names = ("a",) if name == "one" else ("a", "b")
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        url = opened.enter_context(_create_postgres()) if name == "postgres" else ""
        async with open_workplace(folder, names, state_url=url, apart=chosen.apart) as place:
            for docent in place.docents:
                await place.start(docent)
            try:
                return await _measure_in(place, chosen)
            finally:
                if chosen.logs:
                    for docent in place.docents:
                        (chosen.logs / f"{name}-{docent.name}.log").write_text(docent.log)


@contextlib.contextmanager
def _create_postgres() -> Iterator[str]:
    """Start a PostgreSQL server for the block, and give the URL of an empty database."""
    with postgres.PostgresServer.run() as server, postgres.create_database(server.url) as url:
        yield url


async def _measure_in(place: Workplace, chosen: argparse.Namespace) -> dict[str, Any]:
    kills = await rounds.kill_at_all_points(
        place,
        chosen.points,
        questions=chosen.questions,
        batch=chosen.batch,
        patience=chosen.patience,
    )
    few = {"count": chosen.few, "patience": chosen.patience}
    missed = {"count": chosen.few, "patience": max(chosen.patience, CATCH_UP_SECONDS)}
    down = await rounds.ask_while_down(place, **missed)
    disconnected = await rounds.ask_while_disconnected(place, **missed)
    terminated, seconds = await rounds.terminate_in_the_middle(place, **few)
    await asyncio.sleep(chosen.settle)  # for a second answer that comes late
    by_point = {
        point: report_results(place, [each for each in kills.asked if each.point == point])
        for point in chosen.points
    }
    return {
        "kills": len(kills.seconds) + len(kills.unanswered),
        "questions": len(kills.asked),
        **report_results(place, kills.asked),
        "by_point": by_point,
        "beside": report_results(place, kills.beside),
        "seconds_after_kill": spread(kills.seconds),
        "unanswered_rounds": kills.unanswered,
        "unreached": kills.unreached,
        "down": report_results(place, down),
        "disconnected": report_results(place, disconnected),
        "terminated": report_results(place, terminated),
        "sigterm_seconds": round(seconds, 1),
        "examples": describe_failures(place, place.asked)[:5],
        "refused_by_slack": [f"{each.where}: {each.why}" for each in place.slack.violations][:5],
        "tracebacks": sum(docent.log.count("Traceback") for docent in place.docents),
    }


def report_results(place: Workplace, asked: Sequence[Asked]) -> dict[str, int]:
    """Count what became of questions; a question can also be shown as in work."""
    found = Counter(rounds.read_result(place, each) for each in asked)
    counts = {str(result): found[result] for result in RESULTS}
    return counts | {"processing": rounds.count_processing(place, asked)}


def describe_failures(place: Workplace, asked: Sequence[Asked]) -> list[str]:
    """Return what the askers see who have no single, whole answer."""
    return [
        f"{each.point}, {each.number}: {result}: "
        + " || ".join(f"{m.stream or ''} {m.shown}"[:160] for m in list_replies(place.slack, each))
        for each in asked
        if (result := rounds.read_result(place, each)) != "answered"
    ]


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Return median and maximum; nothing of nothing."""
    if not seconds:
        return {}
    return {"median": round(statistics.median(seconds), 1), "max": round(max(seconds), 1)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--questions", type=int, default=16, help="killed in each setting")
    parser.add_argument("--batch", type=int, default=4, help="questions at each kill")
    parser.add_argument("--few", type=int, default=4, help="questions while down, and the like")
    parser.add_argument("--points", nargs="+", choices=POINTS, default=list(POINTS))
    parser.add_argument("--patience", type=float, default=60, help="seconds for answers")
    parser.add_argument("--settle", type=float, default=5, help="seconds before counting")
    parser.add_argument("--beside", action="store_true", help="all settings at the same time")
    parser.add_argument("--apart", action="store_true", help="as in containers of their own")
    parser.add_argument("--logs", type=Path, help="folder for the logs of the processes")
    chosen = parser.parse_args(arguments)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # of connections that were cut
    found: dict[str, Any] = {}
    if "postgres" in chosen.settings and not postgres.install():
        found["postgres"] = "skipped: PostgreSQL can't be installed here"
    found |= asyncio.run(measure_all([n for n in chosen.settings if n not in found], chosen))
    print(json.dumps(found, indent=None if chosen.json else 2))
    misses = list_misses(found) if chosen.check else []
    if misses:
        raise SystemExit("\n".join(misses))


if __name__ == "__main__":
    main()
