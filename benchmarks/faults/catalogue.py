"""The faults, each with what breaks, for how long, and what is right to see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from benchmarks.faults import breakages as broken
from benchmarks.faults.bench import Bench, Kind
from tests.servers.slack.switches import Fault as SlackFault

Break = Callable[[Bench], AbstractAsyncContextManager[None]]

ANSWERED = frozenset({"answered"})
QUOTED = frozenset({"quoted"})
TOLD = frozenset({"told"})
HELPED = ANSWERED | QUOTED
CUT = frozenset({"cut", "quoted"})
EMBEDDINGS, RERANK = "/v1/embeddings", "/rerank"


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        title: of its row.
        breaks: what breaks it, during a block.
        right: the outcomes that are right.
        words: a pattern that the asker must see; empty for none.
        kind: of the bench that it needs.
        seconds: how long it lasts, if the questions have not ended before.
        lasts: whether it lasts so long even if they have.
    """

    title: str
    breaks: Break
    right: frozenset[str] = ANSWERED
    words: str = ""
    kind: Kind = "lite"
    seconds: float = 60.0
    lasts: bool = False


def _refuse(
    wanted: Callable[..., bool], error: str, *, status: int = 200, retry_after: int | None = None
) -> Break:
    return partial(broken.refuse_calls, wanted=wanted, fault=SlackFault(error, status, retry_after))


LLM_DOWN = "language model"

FAULTS: dict[str, Fault] = {
    # The state database
    "state-locked": Fault(
        "State database locked for 40 s", broken.lock_state, seconds=40, lasts=True
    ),
    "state-full": Fault("Disk of the state database full", broken.fill_disk),
    "state-read-only": Fault("State database read-only", broken.protect_state),
    "state-deleted": Fault("State database deleted while docent runs", broken.delete_state),
    "postgres-restarted": Fault(
        "PostgreSQL stopped for 10 s",
        broken.stop_postgres,
        kind="postgres",
        seconds=10,
        lasts=True,
    ),
    # The search
    "milvus-frozen": Fault(
        "Milvus frozen", broken.freeze_milvus, right=TOLD, kind="milvus", words="search"
    ),
    "milvus-gone": Fault(
        "Milvus gone", broken.kill_milvus, right=TOLD, kind="milvus", words="search"
    ),
    "milvus-back": Fault("Milvus gone and back", broken.return_milvus, kind="milvus"),
    "index-deleted": Fault(
        "Files of Milvus Lite deleted", broken.delete_index, right=HELPED | TOLD
    ),
    "index-damaged": Fault(
        "Files of Milvus Lite damaged", broken.damage_index, right=HELPED | TOLD
    ),
    "embedder-frozen": Fault(
        "Embedding server frozen",
        partial(broken.freeze_models, path=EMBEDDINGS),
        right=HELPED | TOLD,
    ),
    "embedder-fails": Fault(
        "Embedding server answers 500",
        partial(broken.fail_models, path=EMBEDDINGS),
        right=HELPED | TOLD,
    ),
    "reranker-frozen": Fault(
        "Rerank server frozen", partial(broken.freeze_models, path=RERANK), words="search order"
    ),
    "reranker-fails": Fault(
        "Rerank server answers 500",
        partial(broken.fail_models, path=RERANK),
        words="search order",
    ),
    # The LLM
    "llm-frozen": Fault("LLM frozen", broken.freeze_llm, right=QUOTED, words=LLM_DOWN, seconds=150),
    "llm-frozen-midway": Fault(
        "LLM frozen in the middle of its text",
        broken.freeze_llm_midway,
        right=CUT,
        words=LLM_DOWN,
        seconds=150,
    ),
    "llm-empty": Fault(
        "LLM writes nothing",
        partial(broken.answer_by, reply=broken.write_nothing),
        right=QUOTED,
        words=LLM_DOWN,
    ),
    "llm-endless": Fault(
        "LLM never ends",
        partial(broken.answer_by, reply=broken.write_endlessly),
        right=frozenset({"told", "cut"}),
        words=LLM_DOWN + "|too long|cut",
        seconds=150,
    ),
    **{
        f"llm-{status}": Fault(
            f"LLM answers {status}",
            partial(broken.fail_llm, status=status),
            right=QUOTED,
            words=LLM_DOWN,
        )
        for status in (401, 403, 429, 500)
    },
    "llm-404": Fault(
        "LLM does not know the model", broken.lose_model, right=QUOTED, words=LLM_DOWN
    ),
    # Slack
    "slack-5xx": Fault(
        "Slack answers 503 for 12 s",
        _refuse(broken.is_any, "internal_error", status=503),
        seconds=12,
        lasts=True,
    ),
    "slack-internal-error": Fault(
        "Slack: internal_error for 12 s",
        _refuse(broken.is_any, "internal_error"),
        seconds=12,
        lasts=True,
    ),
    "slack-invalid-auth": Fault(
        "Slack: invalid_auth for 20 s",
        _refuse(broken.is_any, "invalid_auth"),
        seconds=20,
        lasts=True,
    ),
    "slack-removed": Fault(
        "docent removed from the channel", _refuse(broken.is_in_channel, "not_in_channel")
    ),
    "slack-thread-locked": Fault("Thread locked", _refuse(broken.is_in_thread, "thread_locked")),
    "slack-restricted": Fault(
        "Posting restricted in the channel", _refuse(broken.is_in_channel, "restricted_action")
    ),
    "slack-msg-too-long": Fault(
        "Slack: msg_too_long at the end of an answer", _refuse(broken.is_closing, "msg_too_long")
    ),
    "slack-blocks-too-long": Fault(
        "Slack: msg_blocks_too_long", _refuse(broken.has_blocks, "msg_blocks_too_long")
    ),
    "slack-invalid-blocks": Fault(
        "Slack: invalid_blocks", _refuse(broken.has_blocks, "invalid_blocks")
    ),
    "slack-status-limited": Fault(
        "Slack: setStatus rate-limited",
        _refuse(broken.is_status, "ratelimited", status=429, retry_after=30),
    ),
    "slack-stream-limited": Fault(
        "Slack: streams rate-limited",
        _refuse(broken.is_stream, "ratelimited", status=429, retry_after=30),
    ),
}
