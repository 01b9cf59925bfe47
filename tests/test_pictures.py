"""The handbook's pictures are of blocks as docent makes them now."""

import pytest

from tests.block_kit import mrkdwn
from tests.conftest import ROOT
from tests.pictures import IMAGES, html, pictures


@pytest.mark.parametrize("name", list(pictures()))
def test_each_picture_is_there_and_in_the_handbook(name: str):
    assert (IMAGES / f"{name}.png").stat().st_size < 200_000
    assert f"(images/{name}.png)" in (ROOT / "docs" / "slack.md").read_text()
    assert "docent" in html(name) or name == "home"


def test_slacks_markup_becomes_html():
    text = "*docs* `a < b` <https://a.b|here> <@U1> &lt;!here&gt; <!date^1^{ago}|2026-03-02>"
    shown = mrkdwn(text)
    assert "<b>docs</b>" in shown
    assert "<a>here</a>" in shown
    assert "<a>@U1</a>" in shown
    assert "&lt;!here&gt;" in shown
    assert "2 hours ago" in shown
