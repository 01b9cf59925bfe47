"""The handbook's pictures of Slack, from docent's real blocks: `python -m tests.pictures`.

Needs Chromium (on Debian `apt-get install chromium`).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.slack.views import answer_blocks, home, sync_report
from bot.slack.views.home import AdminContent, HomeContent
from bot.storage.activity import ActivityCounts, RecentQuestion
from bot.types import AnswerContext
from ingest.overview.history import PastSync, SourceState
from ingest.overview.status import IndexStatus
from ingest.report import GoldenResult, IngestReport
from ingest.types import IndexVersion
from rag_core.types import Answer, Chunk, Citation, Passage, Scope, Timings
from tests.block_kit import page
from tests.conftest import ROOT

IMAGES = ROOT / "docs" / "images"
WIDTH = 680
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REVISION = "a1b2c3d4e5f60718"


def pictures() -> Mapping[str, tuple[Sequence[Mapping[str, Any]], int]]:
    """Blocks and height of each picture, by its name."""
    return {
        "answer": (_answer(), 345),
        "report": (_report(), 275),
        "home": (_home(), 735),
    }


def html(name: str) -> str:
    """The page that is photographed."""
    return page(pictures()[name][0], message=name != "home")


def _answer() -> list[Mapping[str, Any]]:
    text = (
        "Milvus keeps its data in **object storage**, such as MinIO or S3 [1]. What is "
        "written goes to the log broker first [2]:\n\n- metadata: etcd\n"
        "- data and indexes: object storage\n"
        "- the write-ahead log: `Pulsar`, `Kafka` or `RocksMQ`"
    )
    cited = (_citation(1, "Storage > Object storage"), _citation(2, "Storage > Log broker"))
    answer = Answer(
        text=text,
        citations=cited,
        passages=tuple(one.passage for one in cited),
        status="answered",
        degraded=(),
        revision=REVISION,
        usage=None,
        timings=Timings(),
    )
    tail = answer_blocks.build_answer_tail(answer, AnswerContext("id", NOW, Scope(version="2.6")))
    return [block.to_dict() for block in [answer_blocks.build_text_block(text), *tail]]


def _citation(number: int, headings: str) -> Citation:
    title, *rest = headings.split(" > ")
    url = f"https://milvus.io/docs/storage.md#{number}"
    chunk = Chunk(str(number), "milvus", "storage.md", url, title, tuple(rest), number, "Text.")
    return Citation(number, Passage(chunk, 0.9, 0.8))


def _report() -> list[Mapping[str, Any]]:
    done = IngestReport(
        documents=451,
        chunks=3_912,
        added=12,
        changed=30,
        removed=2,
        embedded=204,
        reused=3_708,
        seconds=38.2,
        revision=REVISION,
        golden=(GoldenResult("milvus", 40, 0.925, 0.95),),
        failures=("milvus: broken.ipynb: not a notebook",),
    )
    return [block.to_dict() for block in sync_report.build_report_blocks(done, can_roll_back=True)]


def _home() -> list[Mapping[str, Any]]:
    status = IndexStatus(
        "docent", REVISION, "Qwen3-Embedding-0.6B", 3_912, 451, ("milvus",), NOW, None, NOW
    )
    sources = [SourceState("milvus", "", 438, NOW), SourceState("handbook", "", 13, NOW)]
    asked = [
        RecentQuestion("How do I drop a partition?", "C0", NOW),
        RecentQuestion("What is a shard?", "C0", NOW),
    ]
    version = IndexVersion("docent_v2", 2, REVISION, "", NOW, 451, 3_912, True, False, False)
    syncs = [PastSync(NOW, 12, 30, 2), PastSync(NOW, error="milvus: the server answered 503")]
    managed = AdminContent([version], syncs, ActivityCounts(128, 9, 41, 5))
    view = home.build_home_view(HomeContent(status, sources, asked, NOW), managed).to_dict()
    return list(view["blocks"])


def shoot(chromium: str, name: str, height: int) -> None:
    """Photograph a page without a window."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.html"
        file.write_text(html(name))
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--window-size={WIDTH},{height}",
            f"--screenshot={IMAGES / f'{name}.png'}",
            file.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> None:
    """Take all of them."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed: on Debian, apt-get install chromium.")
    IMAGES.mkdir(exist_ok=True)
    for name, (_, height) in pictures().items():
        shoot(chromium, name, height)


if __name__ == "__main__":
    main()
