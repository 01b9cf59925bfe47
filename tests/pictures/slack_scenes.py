"""What is shown in Slack: one question about a product, Aurora, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.slack.views import answer_blocks, explanation, home, modals, sync_report
from bot.slack.views.home import AdminContent, HomeContent
from bot.storage.activity import ActivityCounts, RecentQuestion
from bot.storage.answers import AnswerRecord
from bot.types import AnswerContext, MessageKey
from ingest.overview.history import PastSync, SourceState
from ingest.overview.status import IndexStatus
from ingest.report import GoldenResult, IngestReport
from ingest.types import IndexVersion
from rag_core.types import Answer, Chunk, Citation, Passage, Timings, Usage
from tests.pictures.block_kit import NOW, draw_blocks, draw_mrkdwn
from tests.pictures.slack_window import (
    draw_channel,
    draw_docent,
    draw_home,
    draw_modal,
    draw_person,
    draw_thread,
)

REVISION = "a1b2c3d4e5f60718"
NEW_REVISION = "7c2e9d041b3a8f65"
READ = NOW.replace(hour=3, minute=0)
ASKED = NOW.replace(minute=38)
QUESTION = "Can I rotate an API key without downtime?"
TEXT = (
    "Yes. A project can have **two active keys**, so nothing stops while you rotate [1]:\n\n"
    "1. Create the second key: `aurora keys create --project shop` [1]\n"
    "2. Deploy it, and check under **Usage** that requests use it [2]\n"
    "3. Revoke the first key; it stops working within a minute [1]"
)


def _build_passage(
    path: str, headings: tuple[str, ...], text: str, retrieval: float, rerank: float
) -> Passage:
    url = f"https://docs.aurora.example/{path}#{headings[-1].lower().replace(' ', '-')}"
    title, *rest = headings
    chunk = Chunk(f"{path}{retrieval}", "aurora", f"{path}.md", url, title, tuple(rest), 0, text)
    return Passage(chunk, retrieval, rerank)


KEYS = _build_passage(
    "api-keys",
    ("API keys", "Rotate a key"),
    "A project can have two active keys at a time. To rotate without downtime, create the second "
    "key with `aurora keys create --project NAME`, deploy it, and revoke the first one. A revoked "
    "key stops working within 60 seconds.",
    0.941,
    0.987,
)
USAGE = _build_passage(
    "usage",
    ("Usage", "Requests by key"),
    "**Usage** shows the requests of the last 30 days for each key. A key without requests for a "
    "day can be revoked safely.",
    0.803,
    0.914,
)
LIMITS = _build_passage(
    "limits",
    ("Limits", "Keys"),
    "Each project may have up to two active keys and ten revoked ones.",
    0.512,
    0.341,
)

ANSWER = Answer(
    text=TEXT,
    citations=(Citation(1, KEYS), Citation(2, USAGE)),
    passages=(KEYS, USAGE, LIMITS),
    status="answered",
    degraded=(),
    revision=REVISION,
    usage=Usage(1_184, 96),
    timings=Timings(0, 21, 9, 118, 640, 1_730, 1_885),
    query=QUESTION,
)
RECORD = AnswerRecord(
    "id", MessageKey("T0", "C0HELP", "1"), "1", "U0MARA", question=QUESTION, answer=ANSWER
)


def draw_answer() -> str:
    """An answer in a thread, below its question."""
    tail = answer_blocks.build_answer_tail(ANSWER, AnswerContext("id", READ))
    blocks = _to_dicts([answer_blocks.build_text_block(TEXT), *tail])
    question = draw_person("Mara", f"@docent {QUESTION[0].lower()}{QUESTION[1:]}", ASKED)
    return draw_thread("aurora-help", question, [draw_docent(draw_blocks(blocks), ASKED)])


def draw_evidence() -> str:
    """The passages behind the answer, in a window."""
    return _draw_view(modals.build_evidence_view(RECORD, ANSWER).to_dict())


def draw_why() -> str:
    """The reply to `/docent why`, which only the person who asked sees."""
    text = draw_mrkdwn(explanation.render_explanation(RECORD, ANSWER))
    message = draw_docent(f'<div class="section">{text}</div>', NOW, private=True)
    return draw_channel("aurora-help", [message])


def draw_form() -> str:
    """The form after a thumb down."""
    return _draw_view(modals.build_feedback_form("id").to_dict())


def draw_report() -> str:
    """The report of a sync that a person started."""
    report = IngestReport(
        documents=451,
        chunks=3_912,
        added=12,
        changed=30,
        removed=2,
        embedded=204,
        reused=3_708,
        seconds=38.2,
        revision=NEW_REVISION,
        golden=(GoldenResult("aurora", 40, 0.925, 0.95),),
        failures=("aurora: broken.ipynb: not a notebook",),
    )
    blocks = _to_dicts(sync_report.build_report_blocks(report, can_roll_back=True))
    return draw_channel("docs-admins", [draw_docent(draw_blocks(blocks), NOW)])


def draw_home_of_person() -> str:
    """The Home tab of a person who may ask."""
    return draw_home(_draw_home_blocks(None))


def draw_home_of_admin() -> str:
    """The Home tab of an admin."""
    version = IndexVersion("docent_v2", 2, REVISION, "", READ, 441, 3_820, True, False, False)
    syncs = [
        PastSync(READ, 3, 8, 0),
        PastSync(READ - timedelta(days=1), error="aurora: the server answered 503"),
        PastSync(READ - timedelta(days=2), 0, 4, 0),
    ]
    return draw_home(
        _draw_home_blocks(AdminContent([version], syncs, ActivityCounts(128, 9, 41, 5)))
    )


def _draw_home_blocks(managed: AdminContent | None) -> str:
    tomorrow = READ + timedelta(days=1)
    status = IndexStatus(
        "docent",
        REVISION,
        "Qwen/Qwen3-Embedding-0.6B",
        3_820,
        441,
        ("aurora", "handbook"),
        READ,
        None,
        tomorrow,
    )
    sources = [SourceState("aurora", "", 428, tomorrow), SourceState("handbook", "", 13, tomorrow)]
    asked = [
        RecentQuestion(QUESTION, "C0HELP", ASKED),
        RecentQuestion("How do I export my data?", "C0HELP", NOW - timedelta(hours=18)),
    ]
    content = HomeContent(status, sources, asked, READ)
    return draw_blocks(home.build_home_view(content, managed).to_dict()["blocks"])


def _draw_view(view: Mapping[str, Any]) -> str:
    submit = view.get("submit", {}).get("text", "")
    inner = draw_blocks(view["blocks"])
    return draw_modal(view["title"]["text"], inner, close=view["close"]["text"], submit=submit)


def _to_dicts(blocks: Sequence[Any]) -> list[dict[str, Any]]:
    return [block.to_dict() for block in blocks]
