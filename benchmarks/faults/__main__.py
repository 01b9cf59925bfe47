"""What askers see while something that docent depends on is broken.

    python -m benchmarks.faults --json
    python -m benchmarks.faults --only llm-frozen slack-5xx --rows

A real `docent serve` for each fault, with Milvus Lite or its server, SQLite or PostgreSQL, the
tests' local Slack, LLM and model server. Questions are asked of a healthy docent first, then at
once while the fault lasts. Right is what the catalogue says: an answer, a quotation with a note, or
one sentence that says why there is neither, with nothing left in Slack that looks unfinished.
`--rows` prints the table of `docs/reliability.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.faults.bench import Bench, Kind, open_bench
from benchmarks.faults.catalogue import FAULTS, Fault
from benchmarks.faults.tries import Watch, collect_tries, summarise_tries
from tests.servers import postgres

KINDS: tuple[Kind, ...] = ("lite", "milvus", "postgres")


async def measure(kind: Kind, names: Sequence[str], chosen: argparse.Namespace) -> dict[str, Any]:
    """Try the faults of one bench, each with docent started anew."""
    settings = {"DOCENT_ANSWER_SECONDS": str(chosen.answer_seconds)}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with open_bench(kind, Path(folder), settings) as bench:
            for name in names:
                found[name] = await try_fault(bench, FAULTS[name], chosen)
                print(name, json.dumps(found[name], ensure_ascii=False), file=sys.stderr)
                if chosen.logs:
                    (chosen.logs / f"{name}.log").write_text(bench.docent.log)
    return found


async def try_fault(bench: Bench, fault: Fault, chosen: argparse.Namespace) -> dict[str, Any]:
    """Ask while a fault lasts, and count what the askers got."""
    await bench.restart()
    slack = bench.place.slack
    violations = len(slack.violations)
    healthy = Watch(slack)
    await _ask(bench, healthy, 1)
    await healthy.wait(chosen.patience)
    watch = Watch(slack)
    await _break_and_ask(bench, fault, watch, chosen.tries)
    await watch.wait(chosen.patience)
    await asyncio.sleep(chosen.settle)  # for a second answer that comes late
    await watch.wait(0)
    summary = summarise_tries(
        collect_tries(slack, watch.sent, watch.ended), fault.right, fault.words
    )
    refused = [f"{each.where}: {each.why}" for each in slack.violations[violations:]]
    return {"title": fault.title, **summary, "refused_by_slack": refused[:3]}


async def _break_and_ask(bench: Bench, fault: Fault, watch: Watch, tries: int) -> None:
    async with fault.breaks(bench):
        sending = await _ask(bench, watch, tries)
        if fault.lasts:
            await asyncio.sleep(fault.seconds)
        else:
            await watch.wait(fault.seconds)
    await asyncio.gather(*sending)


async def _ask(bench: Bench, watch: Watch, count: int) -> list[asyncio.Task[None]]:
    """Send questions at once; return the tasks that wait for acknowledgements."""
    sending = []
    for _ in range(count):
        asked = bench.place.say("fault", direct=False)
        watch.add(asked)
        sending.append(asyncio.create_task(bench.place.send(asked)))
    return sending


def render_row(name: str, row: dict[str, Any]) -> str:
    """Return a row of the table of the handbook."""
    sign = "none" if row["first_sign_seconds"] is None else f"{row['first_sign_seconds']} s"
    end = "none" if row["end_seconds"] is None else f"{row['end_seconds']} s"
    saw = row["saw"].replace("|", "\\|")
    counts = " | ".join(str(row[key]) for key in ("tries", "right", "lost", "doubled"))
    return f"| {row['title']} | {counts} | {sign} | {end} | {saw} | `--only {name}` |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object, or the rows of the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--rows", action="store_true", help="print rows of Markdown")
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--tries", type=int, default=5, help="questions under each fault")
    parser.add_argument("--answer-seconds", type=float, default=30, help="for a whole question")
    parser.add_argument("--patience", type=float, default=60, help="seconds after the fault")
    parser.add_argument("--settle", type=float, default=2, help="seconds before counting")
    parser.add_argument("--logs", type=Path, help="folder for docent's logs")
    chosen = parser.parse_args(arguments)
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # of connections that were cut
    found: dict[str, Any] = {}
    for kind in KINDS:
        names = [name for name in chosen.only if FAULTS[name].kind == kind]
        if names and (kind != "postgres" or postgres.install()):
            found |= asyncio.run(measure(kind, names, chosen))
    if chosen.rows:
        print("\n".join(render_row(name, found[name]) for name in chosen.only if name in found))
    else:
        print(json.dumps(found, indent=None if chosen.json else 2, ensure_ascii=False))


if __name__ == "__main__":
    main()
