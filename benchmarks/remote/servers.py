"""Embedding by 1, 2, 4 and 8 servers with a fixed delay: chunks a second, against what they give.

    python -m benchmarks.remote.servers --json

Each server is a process of its own on the loopback interface: it answers a request after the
delay, whatever it holds, so it gives as many requests in a delay as docent has under way at it. The
baseline of the same run is that bound for one server: chunks of its requests under way, divided by
the delay. Nothing is written; the vectors are read in order, as an index build reads them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web

from ingest.publishing.vectors import VectorMaker, split_into_batches
from rag_core.factory import open_models
from rag_core.models.remote.request_batches import BATCH_TEXTS
from rag_core.models.remote.server_pool import IN_FLIGHT
from rag_core.settings import RagSettings
from rag_core.types import Chunk
from tests.ingest.fakes import MemoryStore

COUNTS = (1, 2, 4, 8)


def serve(delay: float, dimension: int, ready: Connection) -> None:
    """Serve embeddings, each request after the delay; send the port."""
    import asyncio

    row = [round(0.001 * (place + 1), 6) for place in range(dimension)]
    bodies: dict[int, bytes] = {}

    async def embed(request: web.Request) -> web.Response:
        count = len((await request.json())["input"])
        await asyncio.sleep(delay if count > 1 else 0)
        if count not in bodies:
            rows = [{"index": index, "embedding": row} for index in range(count)]
            bodies[count] = json.dumps({"data": rows}).encode()
        return web.Response(body=bodies[count], content_type="application/json")

    async def run() -> None:
        app = web.Application(client_max_size=10**7)
        app.router.add_post("/v1/embeddings", embed)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def running_server(delay: float, dimension: int) -> Iterator[str]:
    """Run a server; yield its address."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(delay, dimension, there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def measure(addresses: Sequence[str], rounds: int, delay: float) -> dict[str, Any]:
    """Embed as many chunks as the servers give in some rounds of the delay."""
    settings = RagSettings(
        _env_file=None,
        profile="starter",
        embedding_url=",".join(addresses),
        openai_api_key=None,
        openai_base_url=None,
    )
    models = open_models(settings)
    try:
        lane = models.inference.indexing
        lane.warm_up()
        chunks = make_chunks(len(addresses) * IN_FLIGHT * BATCH_TEXTS * rounds)
        maker = VectorMaker(MemoryStore(), lane, None, {}, len(chunks), lambda _: None)
        began, processor = time.perf_counter(), time.process_time()
        embedded = sum(
            len(batch) for batch, _ in maker.stream(split_into_batches(chunks, maker.batch))
        )
        seconds = time.perf_counter() - began
        used = time.process_time() - processor
    finally:
        models.close()
    bound = len(addresses) * IN_FLIGHT * BATCH_TEXTS / delay
    return {
        "servers": len(addresses),
        "chunks": embedded,
        "seconds": round(seconds, 2),
        "processor_seconds": round(used, 2),
        "chunks_a_second": round(embedded / seconds, 1),
        "bound": round(bound, 1),
        "share_of_bound": round(embedded / seconds / bound, 3),
    }


def make_chunks(count: int) -> list[Chunk]:
    """Make chunks of about the usual length, all different."""
    text = "How a segment of this collection is kept, moved and found again. " * 8
    return [
        Chunk(
            id=f"{number:08}",
            source="docs",
            path="a.md",
            url="",
            title="",
            headings=(),
            text=f"{text} {number}",
            position=number,
        )
        for number in range(count)
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds of each request")
    parser.add_argument("--rounds", type=int, default=20, help="delays that a run lasts")
    parser.add_argument("--dimension", type=int, default=384)
    chosen = parser.parse_args(words)
    with ExitStack() as opened:
        addresses = [
            opened.enter_context(running_server(chosen.delay, chosen.dimension))
            for _ in range(max(COUNTS))
        ]
        rows = [measure(addresses[:count], chosen.rounds, chosen.delay) for count in COUNTS]
    found = {
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "delay": chosen.delay,
        "in_flight": IN_FLIGHT,
        "texts_a_request": BATCH_TEXTS,
        "runs": rows,
    }
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
