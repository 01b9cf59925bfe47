"""A notice where docent is no member of the channel."""

from types import SimpleNamespace
from typing import Any

from bot.blocks import text_block
from bot.notice import Notice


class Workspace:
    """A client that posts in direct messages only."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []

    async def chat_postMessage(self, **content: Any) -> dict[str, Any]:  # noqa: N802
        if content["channel"].startswith("C"):
            raise TimeoutError
        self.posted.append(content)
        return {"channel": "D1", "ts": "1.0"}


async def test_a_report_reaches_whoever_a_notice_stands_for():
    """The caller is told by another notice, as from the Home tab."""
    workspace = Workspace()
    slack: Any = SimpleNamespace(client=workspace)
    direct = Notice(slack, "U1", tell=_nobody)
    await Notice(slack, "C1", tell=direct.post).post("Done.", [text_block("Done.")])
    (posted,) = workspace.posted
    assert (posted["channel"], posted["text"]) == ("U1", "Done.")
    assert posted["blocks"]


async def _nobody(*_: object, **__: object) -> None:
    raise AssertionError
