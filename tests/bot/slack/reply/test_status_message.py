"""A notice where docent is no member of the channel."""

from types import SimpleNamespace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.slack.reply.status_message import StatusMessage
from bot.slack.views.answer_blocks import build_text_block


class Workspace:
    """A client that posts only where the id begins so, in direct messages."""

    def __init__(self, open_to: str = "UD") -> None:
        self.open_to = open_to
        self.posted: list[dict[str, Any]] = []
        self.slack: Any = SimpleNamespace(client=self)

    async def chat_postMessage(self, **content: Any) -> dict[str, Any]:  # noqa: N802
        if content["channel"][0] not in self.open_to:
            refused = {"ok": False, "error": "not_in_channel"}
            raise SlackApiError("no", SimpleNamespace(data=refused, status_code=200))
        self.posted.append(content)
        return {"channel": "D1", "ts": "1.0"}

    async def chat_update(self, **content: Any) -> None:
        self.posted.append(content)

    async def chat_getPermalink(self, **_: Any) -> dict[str, str]:  # noqa: N802
        return {"permalink": "link"}


async def test_a_report_reaches_whoever_a_notice_stands_for():
    """The caller is told by another notice, as from the Home tab."""
    workspace = Workspace()
    direct = StatusMessage(workspace.slack, "U1", respond=_nobody)
    await StatusMessage(workspace.slack, "C1", respond=direct.post).post(
        "Done.", [build_text_block("Done.")]
    )
    (posted,) = workspace.posted
    assert (posted["channel"], posted["text"]) == ("U1", "Done.")
    assert posted["blocks"]


async def test_where_docent_is_no_member_the_caller_is_written_to_and_told_where():
    workspace, said = Workspace(), []

    async def respond(**content: Any) -> None:
        said.append(content["text"])

    notice = StatusMessage(workspace.slack, "C1", respond, user="U1")
    await notice.post("Begun.")
    assert await notice.edit("Done.")
    assert [one["channel"] for one in workspace.posted] == ["U1", "D1"]
    assert (notice.is_visible_to("U1"), notice.is_visible_to("U2")) == (True, False)
    assert said == ["I can't write in this channel, so I sent you <link|a direct message>."]


async def test_a_post_whose_answer_is_lost_does_not_mean_that_docent_is_no_member():
    class Silent(Workspace):
        async def chat_postMessage(self, **_: Any) -> dict[str, Any]:  # noqa: N802
            raise TimeoutError

    workspace, said = Silent(), []

    async def respond(**content: Any) -> None:
        said.append(content["text"])

    await StatusMessage(workspace.slack, "C1", respond, user="U1").post("Begun.")
    assert said == ["Begun."]


@pytest.mark.parametrize("status", [200, 404])
async def test_what_reaches_nobody_is_logged(caplog: pytest.LogCaptureFixture, status: int):
    async def respond(**_: Any) -> object:
        return SimpleNamespace(status_code=status)

    workspace = Workspace(open_to="")
    await StatusMessage(workspace.slack, "C1", respond, user="U1").post("Done.")
    assert ("A message could not be posted anywhere: Done." in caplog.text) == (status == 404)


async def _nobody(*_: object, **__: object) -> None:
    raise AssertionError
