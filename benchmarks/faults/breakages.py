"""Breakages: what is broken during a block, and mended at its end."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import Any

from benchmarks.faults.bench import Bench
from tests.servers.openai import Gate
from tests.servers.slack.switches import Fault as SlackFault

Broken = AsyncIterator[None]
MANY = 1_000
"""Calls that fail: more than a fault lasts."""


# The state database


@contextlib.asynccontextmanager
async def lock_state(bench: Bench) -> Broken:
    """Hold the lock for writing, as a backup or a hung process does."""
    connection = sqlite3.connect(bench.state, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.close()


@contextlib.asynccontextmanager
async def fill_disk(bench: Bench) -> Broken:
    """Leave no room on the disk of the state database."""
    filler = bench.state.with_name("filler")
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()


@contextlib.asynccontextmanager
async def protect_state(bench: Bench) -> Broken:
    """Take docent's right to write into the file and its folder away."""
    files = [*bench.state.parent.iterdir(), bench.state.parent]
    for path in files:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path in files:
            path.chmod(0o755 if path.is_dir() else 0o644)


@contextlib.asynccontextmanager
async def delete_state(bench: Bench) -> Broken:
    """Delete the file of the state database under docent."""
    for path in bench.state.parent.glob("state.sqlite*"):
        path.unlink()
    yield


@contextlib.asynccontextmanager
async def stop_postgres(bench: Bench) -> Broken:
    """Stop PostgreSQL at once, and start it again at the end."""
    assert bench.postgres is not None
    await asyncio.to_thread(bench.postgres.stop, "immediate")
    try:
        yield
    finally:
        await asyncio.to_thread(bench.postgres.start)


# The search


@contextlib.asynccontextmanager
async def freeze_milvus(bench: Bench) -> Broken:
    """Freeze the server: it takes calls and never answers."""
    assert bench.milvus is not None
    bench.milvus.send(signal.SIGSTOP)
    try:
        yield
    finally:
        bench.milvus.send(signal.SIGCONT)


@contextlib.asynccontextmanager
async def kill_milvus(bench: Bench) -> Broken:
    """Kill the server, and start it again at the end."""
    assert bench.milvus is not None
    await bench.milvus.kill()
    try:
        yield
    finally:
        await bench.milvus.start()


@contextlib.asynccontextmanager
async def return_milvus(bench: Bench) -> Broken:
    """Kill the server and start it again: all is well by then."""
    async with kill_milvus(bench):
        pass
    yield


@contextlib.asynccontextmanager
async def delete_index(bench: Bench) -> Broken:
    """Delete the files of Milvus Lite under docent."""
    shutil.rmtree(bench.index)
    yield


@contextlib.asynccontextmanager
async def damage_index(bench: Bench) -> Broken:
    """Overwrite the beginning of every file of Milvus Lite."""
    for path in bench.index.rglob("*"):
        if path.is_file() and path.stat().st_size:
            with path.open("r+b") as file:
                file.write(b"\xff" * min(64, path.stat().st_size))
    yield


@contextlib.asynccontextmanager
async def freeze_models(bench: Bench, *, path: str) -> Broken:
    """Freeze one path of the model server: it takes requests and never answers."""
    gate = bench.place.models.freeze(path)
    try:
        yield
    finally:
        gate.open()


@contextlib.asynccontextmanager
async def fail_models(bench: Bench, *, path: str) -> Broken:
    """Let one path of the model server answer with 500."""
    models = bench.place.models
    models.failing = path
    try:
        yield
    finally:
        models.failing = ""


# The LLM


@contextlib.asynccontextmanager
async def freeze_llm(bench: Bench) -> Broken:
    """Let the LLM take requests and never write."""
    gates: list[Gate] = [bench.place.llm.hold() for _ in range(MANY)]
    try:
        yield
    finally:
        for gate in gates:
            gate.open()


@contextlib.asynccontextmanager
async def freeze_llm_midway(bench: Bench) -> Broken:
    """Let the LLM stop in the middle of its text."""
    gates: list[Gate] = [bench.place.llm.hold(after=20) for _ in range(MANY)]
    try:
        yield
    finally:
        for gate in gates:
            gate.open()


@contextlib.asynccontextmanager
async def answer_by(bench: Bench, *, reply: Callable[[Any], list[str]]) -> Broken:
    """Let the LLM write something else."""
    llm = bench.place.llm
    usual = llm.reply
    llm.reply = reply
    try:
        yield
    finally:
        llm.reply = usual


def write_nothing(messages: Any) -> list[str]:
    """Write no text at all."""
    del messages
    return []


def write_endlessly(messages: Any) -> list[str]:
    """Write the same words for as long as anyone can read."""
    del messages
    return ["Answer 0 goes on and on. "] * 20_000


@contextlib.asynccontextmanager
async def fail_llm(bench: Bench, *, status: int) -> Broken:
    """Let the LLM answer every request with a status."""
    llm = bench.place.llm
    llm.fail(status, times=MANY)
    try:
        yield
    finally:
        llm.go_well()


@contextlib.asynccontextmanager
async def lose_model(bench: Bench) -> Broken:
    """Take the model away that the settings name."""
    llm = bench.place.llm
    models, llm.models = llm.models, {"another"}
    try:
        yield
    finally:
        llm.models = models


# Slack


@contextlib.asynccontextmanager
async def refuse_calls(
    bench: Bench, *, wanted: Callable[[str, dict[str, Any]], bool], fault: SlackFault
) -> Broken:
    """Let Slack refuse the calls that are wanted."""
    slack = bench.place.slack
    slack.refuse_calls(wanted, fault)
    try:
        yield
    finally:
        slack.accept_calls()


def is_writing(method: str, _: dict[str, Any]) -> bool:
    """Return whether a method writes into a conversation."""
    return method.startswith(("chat.", "reactions.add", "agents."))


def is_in_thread(method: str, arguments: dict[str, Any]) -> bool:
    """Return whether a call writes into a thread of a channel."""
    return is_in_channel(method, arguments) and bool(
        arguments.get("thread_ts") or arguments.get("ts")
    )


def is_in_channel(method: str, arguments: dict[str, Any]) -> bool:
    """Return whether a call writes into a channel, not into a direct message."""
    where = str(arguments.get("channel") or arguments.get("channel_id") or "")
    return is_writing(method, arguments) and where.startswith("C")


def has_blocks(method: str, arguments: dict[str, Any]) -> bool:
    """Return whether a call sends blocks."""
    return is_writing(method, arguments) and bool(arguments.get("blocks"))


def is_closing(method: str, arguments: dict[str, Any]) -> bool:
    """Return whether a call ends an answer, with its sources."""
    return is_writing(method, arguments) and "Sources" in str(arguments)


def is_status(method: str, _: dict[str, Any]) -> bool:
    """Return whether a call sets a status."""
    return method.endswith("setStatus")


def is_stream(method: str, _: dict[str, Any]) -> bool:
    """Return whether a call streams."""
    return method.endswith("Stream")


def is_any(method: str, _: dict[str, Any]) -> bool:
    """Return True: every call is meant."""
    return bool(method)
